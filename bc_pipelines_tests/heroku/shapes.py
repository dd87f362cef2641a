"""JSON as Heroku sends it, for tests to serve, and the shapes that the client makes of it."""

from __future__ import annotations

from typing import Any

from bc_pipelines.heroku.models import Database, DatabaseAddress, Transfer

Json = dict[str, Any]

PRODUCTION = Database(
    addon_id="11111111-0000-4000-8000-000000000000",
    addon_name="postgresql-round-12345",
    attachment="DATABASE",
    app="production",
    owner_app="production",
    plan="heroku-postgresql:standard-0",
    address=DatabaseAddress("db1.example", 5432, "production"),
    transfer_names=frozenset({"DATABASE", "NAVY"}),
)
STAGING = Database(
    addon_id="22222222-0000-4000-8000-000000000000",
    addon_name="postgresql-flat-54321",
    attachment="DATABASE",
    app="staging",
    owner_app="staging",
    plan="heroku-postgresql:standard-0",
    address=DatabaseAddress("db2.example", 5432, "staging"),
    transfer_names=frozenset({"DATABASE", "JADE"}),
)
STARTED = "2026-11-02 02:00:00 +0000"


def backup(num: int = 101, **changes: object) -> Json:
    """A backup of `PRODUCTION` that has just been accepted."""
    return {
        "uuid": f"00000000-0000-4000-8000-{num:012}",
        "num": num,
        "from_name": "NAVY",
        "from_type": "pg_dump",
        "from_url": "postgres://db1.example:5432/production",
        "to_name": "BACKUP",
        "to_type": "gof3r",
        "to_url": f"https://bucket.s3.example/backups/object-{num}",
        "options": {},
        "source_bytes": None,
        "processed_bytes": 0,
        "succeeded": None,
        "warnings": 0,
        "created_at": STARTED,
        "started_at": None,
        "canceled_at": None,
        "updated_at": None,
        "finished_at": None,
        "deleted_at": None,
        "purged_at": None,
        "num_keep": 25,
        **changes,
    }


def restore(num: int = 102, **changes: object) -> Json:
    """A restore to `STAGING` that has just been accepted."""
    places = {
        "from_name": "BACKUP",
        "from_type": "htcat",
        "from_url": "https://store.example/archive?signature=1",
        "to_name": "DATABASE",
        "to_type": "pg_restore",
        "to_url": "postgres://db2.example:5432/staging",
        "num_keep": 5,
    }
    return backup(num, **{**places, **changes})


def done(transfer: Json, **changes: object) -> Json:
    """The same transfer, ended well."""
    ended = {"started_at": STARTED, "finished_at": "2026-11-02 02:00:09 +0000", "succeeded": True}
    return {**transfer, **ended, "processed_bytes": 1000, "source_bytes": 9000, **changes}


def read(transfer: Json) -> Transfer:
    """The shape that the client makes of a transfer."""
    return Transfer.from_json(transfer)


def attachment(database: Database, name: str = "DATABASE", **changes: object) -> Json:
    """An attachment of a database, as the resolver of add-ons answers it."""
    addon = {
        "id": database.addon_id,
        "name": database.addon_name,
        "app": {"id": f"id-of-{database.owner_app}", "name": database.owner_app},
        "plan": {"id": "plan", "name": database.plan},
    }
    return {
        "id": f"attachment-{name}",
        "name": name,
        "namespace": None,
        "app": {"id": f"id-of-{database.app}", "name": database.app},
        "addon": addon,
        "config_vars": [f"{name}_URL"],
        **changes,
    }
