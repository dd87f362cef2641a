"""SQL over Wagtail's own tables, on a database that may be written to; every function takes an open connection."""
