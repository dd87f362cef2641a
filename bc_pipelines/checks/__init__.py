"""Verdicts on results: what the archive, the database and the pages turned out to be, never what a step reported."""
