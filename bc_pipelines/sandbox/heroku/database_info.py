"""What `heroku pg:info` reads of a database, in the shapes recorded of both tiers."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bc_pipelines.sandbox.heroku import database
from bc_pipelines.sandbox.heroku.apps import App
from bc_pipelines.sandbox.heroku.shapes import stable_id

Json = dict[str, Any]

_CREATED_AT = "2024-05-28T11:19:37.642+00:00"
_MIB = 1024 * 1024


async def database_info(app: App) -> Json:
    """`GET /client/v11/databases/:addon`: measured now in the database itself.

    Args:
        app: The app that owns the database.

    Returns:
        The essential plans' shape, or the standard plans' fuller one, where `plan` is an object. A database that
        cannot be reached is shown as unavailable, with no size.
    """
    try:
        facts, status = await database.facts(app.database_url), "Available"
    except psycopg.OperationalError:
        facts, status = database.Facts(0, "", 0, 0, 0), "Unavailable"
    small = not app.addon.plan.startswith(("standard", "premium", "private"))
    return _common(app, facts, status, small) | ({} if small else _standard(app, facts))


def _common(app: App, facts: database.Facts, status: str, small: bool) -> Json:
    parts = conninfo_to_dict(app.database_url)
    return {
        "addon_id": app.addon.id,
        "name": app.addon.name,
        "plan": app.addon.plan,
        "created_at": _CREATED_AT,
        "database_user": parts["user"],
        "database_name": parts["dbname"],
        "resource_url": app.database_url,
        "waiting?": False,
        "num_bytes": facts.num_bytes,
        "info": _rows(app, facts, status, small),
    }


def _rows(app: App, facts: database.Facts, status: str, small: bool) -> list[Json]:
    size = f"{facts.num_bytes / _MIB:.1f} MB"
    rows: dict[str, object] = {
        "Plan": app.addon.plan,
        "Status": status,
        "Connections": f"{facts.connections}/{facts.connection_limit}",
        "PG Version": facts.version,
        "Created": "2024-05-28 11:19 ",
        "Data Size": f"{size} / 10 GB (In compliance)" if small else size,
        "Tables": f"{facts.tables}/4000 (In compliance)" if small else facts.tables,
        "Fork/Follow": "Unsupported" if small else "Available",
        "Rollback": "Unsupported",
        "Continuous Protection": "Off" if small else "On",
    }
    if not small:
        rows |= {"Connection Pooling": "Available", "Credentials": 1, "Region": "eu", "Data Encryption": "In Use"}
    return [{"name": name, "values": [value]} for name, value in rows.items()]


def _standard(app: App, facts: database.Facts) -> Json:
    parts = conninfo_to_dict(app.database_url)
    limits = {"hard_connlimit": str(facts.connection_limit), "soft_connlimit": str(facts.connection_limit)}
    plan = {
        "id": stable_id("plan", app.addon.plan),
        "name": app.addon.plan,
        "tier": "production",
        "attrs_unparsed": limits,
    }
    return {
        "plan": plan,
        "following": None,
        "forked_from": None,
        "leader": None,
        "hot_standby?": False,
        "heroku_resource_id": app.addon.id,
        "formation": {"id": stable_id("formation", app.addon.id), "primary": None},
        "metaas_source": app.addon.name,
        "num_connections": facts.connections,
        "num_connections_waiting": 0,
        "num_tables": facts.tables,
        "current_transaction": None,
        "target_transaction": None,
        "postgres_version": facts.version,
        "port": int(parts.get("port") or 5432),
        "available_for_ingress": False,
        "credentials": 1,
    }
