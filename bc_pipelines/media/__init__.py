"""Media between buckets and folders: listed once, planned, guarded, moved, and deleted last.

Knows buckets, folders and keys. Does not belong here: databases, Heroku, and which environment has which bucket; who
calls gives clients, names and what must be there. Nor whether the result is right (see `checks.media`).
"""
