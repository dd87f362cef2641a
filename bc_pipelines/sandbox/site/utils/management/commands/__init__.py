"""One module a command; its name is what `manage.py` calls it."""
