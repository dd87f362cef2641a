"""The site's repository: what is merged where, trial merges, and pushing staging's new tip with a lease.

Everything is git's own command line, run without the user's configuration. Knows neither Dagster nor any other domain.
"""
