"""Taking personal data out of an archive while it streams by: the catalogue, its rules, the sanitiser, the manifest.

Knows archives through ``pgarchive`` and nothing of Heroku, of Dagster or of any network. It never looks for what it may
have left behind: that is ``proof``'s work, and the two share no code.
"""
