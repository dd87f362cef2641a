"""Which database a writable environment really has, asked anew before anything is opened or changed.

Heroku's answers can change while a reset runs: an add-on is promoted, attached elsewhere, or a config var is edited.
Belongs here: holding identities against each other. Does not belong here: what is done with the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from bc_pipelines.database import identity
from bc_pipelines.heroku.models import Database
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.pages import Page
from bc_pipelines.operations.record import ResetRecord
from bc_pipelines.operations.tools import Tools


def own_database(tools: Tools, environment: str, record: ResetRecord | None = None) -> Database:
    """The database of a writable environment, if it is the environment's own.

    Args:
        tools: the run's tools.
        environment: its name.
        record: of the reset under way; its fact `target` must still be true.

    Returns:
        The add-on as Heroku resolves it now.

    Raises:
        Refused: the environment is not writable; the add-on belongs to another app; it is production's, by id or by
            host, port and name; or it is not the one that the reset was planned for.
    """
    app = tools.settings.environments[environment].heroku_app
    if app not in tools.settings.writable_apps:
        raise Refused(f"{app} may not be changed (environments.toml), so its database is not opened.")
    database = tools.heroku.database(app)
    production = tools.heroku.database(tools.settings.production.heroku_app)
    if database.addon_id == production.addon_id or database.address == production.address:
        raise Refused(
            f"{app} is attached to production's database, which is never opened. Nothing was changed by this."
        )
    if database.owner_app != app:
        raise Refused(f"The database of {app} belongs to {database.owner_app}, so it is neither opened nor wiped.")
    if record is not None and record.facts.get("target") != facts_of(database):
        raise Refused(
            f"{app} has another database now ({database.addon_name}) than when reset {record.id} was planned. "
            "It was not touched by this step. Find out who moved it, then start again with a new plan. "
            f"{Page.ANOTHER_DATABASE}"
        )
    return database


def facts_of(database: Database) -> dict[str, str]:
    """What tells a database from every other one, for a reset's record."""
    return {"addon_id": database.addon_id, "owner_app": database.owner_app, "address": str(database.address)}


@contextmanager
def target_database(
    tools: Tools, environment: str, record: ResetRecord | None = None
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection to the environment's own database, and to no other that its DATABASE_URL might lead to.

    Args:
        tools: the run's tools.
        environment: its name.
        record: of the reset under way, if any.

    Raises:
        Refused: as `own_database`, or DATABASE_URL is missing or does not lead to that database.
        DatabaseError: it cannot be reached.
    """
    database = own_database(tools, environment, record)
    url = tools.heroku.config_vars(database.app).get("DATABASE_URL")
    if not url:
        raise Refused(f"{database.app} has no DATABASE_URL, so its database was not opened.")
    # As libpq reads it, which can differ from how Heroku's address is read (`?host=`), because libpq opens it.
    where = identity.Identity.from_url(url)
    if (where.host, where.port, where.database) != (
        database.address.host,
        database.address.port,
        database.address.name,
    ):
        raise Refused(
            f"DATABASE_URL of {database.app} does not lead to its add-on {database.addon_name}. It was not opened."
        )
    with identity.connect(url) as connection:
        yield connection
