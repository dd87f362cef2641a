"""What `makemigrations --check` says, asked from inside: this file's text runs in `manage.py shell` on a one-off dyno.

It goes there as it stands here, so it may import only the standard library and what every Django site has. Nothing in
this package imports it; `migrations.py` reads its text.
"""

import io
import json
import re
import sys
from typing import Any


def missing_migrations() -> dict[str, Any]:
    """Apps whose models changed without a migration, and apps with migrations that do not know each other."""
    from django.core.management import CommandError, call_command

    said = io.StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", "--noinput", stdout=said, stderr=said)
    except SystemExit as stopped:
        apps = re.findall(r"^Migrations for '([^']+)'", said.getvalue(), re.MULTILINE)
        return {"missing": apps or ["unknown"]} if stopped.code else {}
    except CommandError as refusal:
        # "…multiple leaf nodes in the migration graph: (0002_a, 0002_b in home; 0003_c, 0003_d in news)."
        conflicts = re.findall(r"([\w, ]+ in \w+)[;)]", str(refusal))
        return {"conflicts": conflicts} if conflicts else {"error": "CommandError"}
    except Exception as error:  # whatever it is, it is told: nothing may hang on this
        return {"error": type(error).__name__}
    return {}


def print_missing_migrations(mark: str) -> None:
    """Print the answer as one line of JSON behind a mark."""
    sys.stdout.write(f"{mark}{json.dumps(missing_migrations())}\n")
