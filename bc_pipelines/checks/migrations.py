"""Whether the code of a release has every migration that its models need: the runbook's `makemigrations --check`."""

from __future__ import annotations

import json
from importlib.resources import files

from bc_pipelines.checks.verdict import Verdict, listed

MARK = "bc-pipelines-migrations "
_DO = "on the branch that brought it, and merge that to staging."


def program() -> str:
    """Write the Python that asks the site; its output is for `none_is_missing`."""
    text = files(__package__).joinpath("missing_migrations.py").read_text(encoding="utf-8")
    return f"{text}\nprint_missing_migrations({MARK!r})\n"


def none_is_missing(output: str) -> Verdict:
    """Judge what the dyno printed; only ever a warning, since the site runs without.

    Args:
        output: what `program` printed, whatever else stands between.
    """
    found = _answer(output)
    if found == {}:
        return Verdict(True, "makemigrations --check finds nothing that is missing.", severity="warn")
    if found is None or "error" in found:
        why = f" ({found['error']})" if found else ""
        said = f"makemigrations --check gave no answer{why}. Run it by hand, in a checkout of staging's branch."
        return Verdict(False, said, severity="warn")
    if "conflicts" in found:
        clash = listed(f"{each}".strip() for each in found["conflicts"])
        said = f"Two branches brought a migration each: {clash}. Run ./manage.py makemigrations --merge {_DO}"
        return Verdict(False, said, {"conflicts": len(found["conflicts"])}, severity="warn")
    apps = listed(f"{each}" for each in found["missing"])
    said = f"Models were changed without a migration, in: {apps}. Run ./manage.py makemigrations {_DO}"
    return Verdict(False, said, {"apps": len(found["missing"])}, severity="warn")


def _answer(output: str) -> dict[str, list[str]] | None:
    for line in output.splitlines():
        if line.startswith(MARK):
            try:
                found = json.loads(line.removeprefix(MARK))
            except ValueError:
                return None
            return found if isinstance(found, dict) else None
    return None
