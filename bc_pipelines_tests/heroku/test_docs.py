"""What docs/heroku.md says is so: rights, words of errors, variables, jobs and guards are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bc_pipelines import heroku_access
from bc_pipelines.heroku import access, answers
from bc_pipelines.heroku.client import HerokuClient

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "heroku.md").read_text(encoding="utf-8")
FLOWING = " ".join(PAGE.split())


def test_the_rights_are_those_that_are_checked() -> None:
    """The table of rights lists what the access check asks about, on the app where a reset needs it."""
    rows = re.findall(r"^\| (both|staging) \| (.+?) \|", PAGE, re.MULTILINE)
    on_both = [right for app, rights in rows if app == "both" for right in rights.split(", ")]
    on_staging = [right for app, rights in rows if app == "staging" for right in rights.split(", ")]
    assert on_both == [*access.READS, access.CAPTURE]
    assert on_staging == [*access.CHANGES]


@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_the_errors_are_worded_as_the_page_has_them(status: int) -> None:
    """The first column of the second table is how the error for a status begins."""
    said = re.findall(r"^\| ((?:Heroku|The) .+?) \|", PAGE, re.MULTILINE)
    assert any(answers._MEANINGS[status].happened.startswith(words) for words in said)


def test_the_variables_are_read_by_the_settings() -> None:
    """Every variable that the page names is read by the settings."""
    named = set(re.findall(r"`([A-Z_]{6,})`", PAGE))
    assert named == {"HEROKU_API_KEY", "HEROKU_HOST", "HEROKU_DATA_HOST"}
    source = Path(heroku_access.__file__).read_text(encoding="utf-8")
    assert [name for name in named if f'"{name}"' not in source] == []


def test_the_job_and_the_apps_exist() -> None:
    """The job that checks a token, and the apps in the examples, are those of the definitions and the settings."""
    from bc_pipelines.definitions import defs

    assert "`preview_staging_reset`" in PAGE
    assert "preview_staging_reset" in {job.name for job in defs.jobs or ()}
    table = (CHECKOUT / "bc_pipelines" / "environments.toml").read_text(encoding="utf-8")
    apps = set(re.findall(r"buckinghamshire-[a-z]+", PAGE))
    assert apps == {"buckinghamshire-production", "buckinghamshire-staging"}
    assert [app for app in apps if f'"{app}"' not in table] == []


def test_what_never_happens_covers_every_call_that_changes_an_app() -> None:
    """A new call of the client that changes something must be added to the page: reads and the rest are listed here."""
    reads = {
        "account", "app", "apps", "beginning", "collaborators", "config_vars", "database", "database_info",
        "evicted_by_capture", "formation", "open_backup", "public_url", "recent_backup", "releases", "slug", "transfer",
        "transfers", "wait", "writable_apps", "close",
    }  # fmt: skip
    changes = {
        "set_maintenance": "no maintenance",
        "scale": "scaling",
        "run": "one-off dyno",
        "cancel": "cancelling",
        "reset_connections": "reset of connections",
        "restore": "restores no raw backup",
        "restore_way_back": "recorded as the way back before a wipe",
        "delete_backup": "deletes no backup of production",
        "capture": "the capture of a backup",
    }
    public = {name for name in vars(HerokuClient) if not name.startswith("_")}
    assert public == reads | changes.keys()
    never = FLOWING.partition("## What this product never does with it")[2]
    assert [words for words in changes.values() if words not in never] == []
