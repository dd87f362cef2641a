"""What the restored database still needs: staging-only accounts put back, and Site records on staging's hosts.

Belongs here: which of `wagtail_sql` is run on which database, and when. Does not belong here: the SQL itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

import psycopg

from bc_pipelines.database import identity
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.tools import Tools
from bc_pipelines.wagtail_sql import accounts, sites


@contextmanager
def target_database(tools: Tools, environment: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection to the database of a writable environment, for its app's own DATABASE_URL.

    Raises:
        Refused: the environment is not writable, or its database is production's.
        DatabaseError: its database cannot be reached.
    """
    app = tools.settings.environments[environment].heroku_app
    if app not in tools.settings.writable_apps:
        raise Refused(f"{app} may not be changed (environments.toml), so its database is not opened.")
    production = tools.heroku.database(tools.settings.production.heroku_app)
    if production.addon_id == tools.heroku.database(app).addon_id:
        raise Refused(f"{app} is attached to production's database, which is never opened. Nothing was changed.")
    with identity.connect(tools.heroku.config_vars(app)["DATABASE_URL"]) as connection:
        yield connection


def remember_extra_accounts(tools: Tools, record: ResetRecord) -> tuple[accounts.ExtraAccount, ...]:
    """Store the target's staff accounts privately before the wipe, hashes included, to put back the missing ones.

    A list that a broken-off reset left is kept: the target may be empty since.

    Returns:
        The accounts found on the target.
    """
    if "accounts_key" in record.facts:
        return _stored_accounts(tools, record)
    with target_database(tools, record.environment) as connection:
        found = accounts.read_extra_accounts(connection, tools.settings.privacy.staff_domains)
    key = f"archives/{record.id}.accounts.json"
    tools.archives.put_text(
        key, json.dumps([asdict(account) for account in found], default=datetime.isoformat), "application/json"
    )
    tools.records.note(record, accounts_key=key, accounts_on_target=len(found))
    return found


def put_back_accounts(tools: Tools, record: ResetRecord) -> accounts.PutBack:
    """Recreate the staff accounts that only the target had, and delete the private list of them."""
    with target_database(tools, record.environment) as connection:
        outcome = accounts.put_back(connection, _stored_accounts(tools, record))
    tools.archives.delete(record.facts["accounts_key"])
    tools.records.note(record, accounts_put_back=len(outcome.restored))
    return outcome


def update_site_records(tools: Tools, record: ResetRecord) -> tuple[sites.SiteChange, ...]:
    """Put every Site record on the target's own host, in place.

    Returns:
        What each record was and became.
    """
    mapping = tools.settings.environments[record.environment].sites
    with target_database(tools, record.environment) as connection:
        changes = sites.update_sites(connection, mapping)
    tools.records.note(record, State.MENDED)
    return changes


def _stored_accounts(tools: Tools, record: ResetRecord) -> tuple[accounts.ExtraAccount, ...]:
    stored = json.loads(tools.archives.get_text(record.facts["accounts_key"]))
    return tuple(_account(account) for account in stored)


def _account(stored: dict[str, Any]) -> accounts.ExtraAccount:
    moments = {name: stored[name] and datetime.fromisoformat(stored[name]) for name in ("date_joined", "last_login")}
    return accounts.ExtraAccount(**{**stored, **moments})
