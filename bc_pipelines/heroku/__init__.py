"""A typed client of Heroku's Platform and Data APIs, and the guards around everything it can destroy.

Import `HerokuClient` from `bc_pipelines.heroku.client`, shapes from `.models`, failures from `.errors`.
This package knows nothing of archives' contents, of Dagster or of settings.
"""
