"""Runs Django's commands for the sandbox's site, from this folder (`python manage.py …`) or as a module."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[2]


def main() -> None:
    """Hands the command line to Django, with the site imported by its full name.

    Python puts the script's folder first on the path, where `forms` or `search` would hide other packages' modules of
    the same name; the checkout takes its place.
    """
    sys.path[:] = [str(CHECKOUT), *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE)]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bc_pipelines.sandbox.site.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
