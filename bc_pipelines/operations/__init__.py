"""Work of several steps: the reset, its record, its lock.

Belongs here: what needs more than one domain (Heroku and the archive, the archive and the store), in plain functions.
Does not belong here: Dagster (see `defs`), and verdicts on results (see `checks`).
"""
