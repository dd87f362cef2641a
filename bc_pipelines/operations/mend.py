"""What the restored database still needs: staging-only accounts put back, and Site records on staging's hosts.

Belongs here: which of `wagtail_sql` is run on which database, and when. Does not belong here: the SQL itself.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.target import target_database
from bc_pipelines.operations.tools import Tools
from bc_pipelines.wagtail_sql import accounts, sites


def remember_extra_accounts(tools: Tools, record: ResetRecord) -> tuple[accounts.ExtraAccount, ...]:
    """Store the target's staff accounts privately before the wipe, hashes included, to put back the missing ones.

    A list that a broken-off reset left is kept: the target may be empty since.

    Returns:
        The accounts found on the target.
    """
    if "accounts_key" in record.facts:
        return _stored_accounts(tools, record)
    with target_database(tools, record.environment, record) as connection:
        found = accounts.read_extra_accounts(connection, tools.settings.privacy.staff_domains)
    key = f"archives/{record.id}.accounts.json"
    tools.archives.put_text(
        key, json.dumps([asdict(account) for account in found], default=datetime.isoformat), "application/json"
    )
    tools.records.note(record, accounts_key=key, accounts_on_target=len(found))
    return found


def put_back_accounts(tools: Tools, record: ResetRecord) -> accounts.PutBack:
    """Recreate the staff accounts that only the target had, and delete the private list of them.

    Done once: after that the list is gone, and a run that goes on with a broken-off reset finds nothing to do.
    """
    if "accounts_put_back" in record.facts:
        return accounts.PutBack((), (), (), ())
    with target_database(tools, record.environment, record) as connection:
        outcome = accounts.put_back(connection, _stored_accounts(tools, record))
    tools.records.note(record, accounts_put_back=len(outcome.restored))
    tools.archives.delete(record.facts["accounts_key"])
    return outcome


def update_site_records(tools: Tools, record: ResetRecord) -> tuple[sites.SiteChange, ...]:
    """Put every Site record on the target's own host, in place.

    Returns:
        What each record was and became.
    """
    mapping = tools.settings.environments[record.environment].sites
    with target_database(tools, record.environment, record) as connection:
        changes = sites.update_sites(connection, mapping)
    tools.records.note(record, State.MENDED)
    return changes


def _stored_accounts(tools: Tools, record: ResetRecord) -> tuple[accounts.ExtraAccount, ...]:
    stored = json.loads(tools.archives.get_text(record.facts["accounts_key"]))
    return tuple(_account(account) for account in stored)


def _account(stored: dict[str, Any]) -> accounts.ExtraAccount:
    moments = {name: stored[name] and datetime.fromisoformat(stored[name]) for name in ("date_joined", "last_login")}
    return accounts.ExtraAccount(**{**stored, **moments})
