"""Media between buckets and folders: listed once, planned, guarded, moved, deleted last, verified afresh.

Knows buckets, folders and keys. Does not belong here: databases, Heroku, and which environment has which bucket; who
calls gives clients, names and what must be there.
"""
