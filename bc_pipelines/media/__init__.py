"""Media from one bucket to another: listed once, planned, guarded, copied inside S3, deleted last, verified afresh.

Knows buckets and keys. Does not belong here: databases, Heroku, and which environment has which bucket; who calls gives
clients, names and what must be there.
"""
