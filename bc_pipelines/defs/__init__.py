"""Everything that Dagster sees: thin assets with their checks, jobs, schedules, sensors and resources.

The only wing that imports Dagster. Belongs here: names, lineage, words for the UI. Does not belong here: work (see
`operations`) and verdicts (see `checks`).
"""
