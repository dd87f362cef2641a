"""A stand-in for Heroku on loopback: Platform and Data API, backup downloads, one-off dynos and the router.

It is one process, started with `python -m bc_pipelines.sandbox.heroku CONFIG.json`. Its databases are real PostgreSQL
databases, its dynos real processes, its backups written by `pg_dump` and restored by `pg_restore`. From the product it
takes nothing but the shapes in `bc_pipelines.heroku.models`.
"""
