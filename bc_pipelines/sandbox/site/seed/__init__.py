"""Fills an empty, migrated database with a believable site; the same seed and scale give the same rows.

One module an area: people (who is planted, without Django), accounts, files, sites, sections (pages), history,
submissions, traces, indexes. `fill` puts them in order.
"""
