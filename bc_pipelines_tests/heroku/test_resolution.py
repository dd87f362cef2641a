"""Which database an attachment leads to, decided as the Heroku CLI does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import NotFound, RefusedByGuard, UnexpectedAnswer
from bc_pipelines.heroku.models import DatabaseAddress
from bc_pipelines_tests.heroku.scripted import Reply, ScriptedServer
from bc_pipelines_tests.heroku.shapes import STAGING, Json, attachment

RESOLVE = "/actions/addon-attachments/resolve"
URL = "postgres://user:SECRET@db2.example:5432/staging"
REDIS = {"name": "REDIS", "addon": {"id": "r", "name": "redis-1", "plan": {"name": "heroku-redis:mini"}}}


def serve(server: ScriptedServer, resolved: Reply, attachments: list[Json], config: dict[str, str]) -> None:
    """Serve what a resolution asks for."""
    server.on("POST", RESOLVE, resolved)
    server.on("GET", "/apps/staging/addon-attachments", Reply(body=attachments))
    server.on("GET", "/apps/staging/config-vars", Reply(body=config))


def test_an_attachment_is_resolved(server: ScriptedServer, client: HerokuClient) -> None:
    """Add-on, owner, plan, address and the names of its transfers come from three requests, without the password."""
    both = [attachment(STAGING), attachment(STAGING, "HEROKU_POSTGRESQL_JADE"), REDIS]
    serve(server, Reply(body=[attachment(STAGING)]), both, {"DATABASE_URL": URL})
    database = client.database("staging")
    assert database == STAGING
    assert server.seen[0].body == {"addon_attachment": "DATABASE_URL", "app": "staging"}
    assert "version=3.sdk" in server.seen[0].headers["accept"]
    assert "SECRET" not in repr(database)


def test_the_plain_credential_wins_over_the_others(server: ScriptedServer, client: HerokuClient) -> None:
    """Extra credentials and poolers of one database are passed over for the attachment without a namespace."""
    pooled = attachment(STAGING, "DATABASE_POOL", namespace="connection-pooling:default")
    serve(server, Reply(body=[pooled, attachment(STAGING)]), [attachment(STAGING)], {"DATABASE_URL": URL})
    assert client.database("staging").attachment == "DATABASE"


def test_a_config_var_of_another_name_is_found(server: ScriptedServer, client: HerokuClient) -> None:
    """Where Heroku knows no such attachment, the one that fills the config var is taken."""
    odd = attachment(STAGING, "ODD", config_vars=["REPORTS_URL"])
    missing = Reply(404, {"id": "not_found", "message": "Couldn't find that addon attachment."})
    serve(server, missing, [REDIS, odd], {"REPORTS_URL": URL})
    database = client.database("staging", "REPORTS_URL")
    assert (database.attachment, database.address) == ("ODD", DatabaseAddress("db2.example", 5432, "staging"))


@pytest.mark.parametrize(
    ("resolved", "words"),
    [
        ([], "no Heroku Postgres database"),
        ([attachment(replace(STAGING, plan="heroku-redis:mini"))], "no Heroku Postgres database"),
        ([attachment(STAGING), attachment(replace(STAGING, addon_id="other"), "OTHER")], "more than one database"),
    ],
)
def test_what_is_not_one_database_is_told(
    server: ScriptedServer, client: HerokuClient, resolved: list[Json], words: str
) -> None:
    """None and several are errors that say where to look."""
    serve(server, Reply(body=resolved), [], {})
    with pytest.raises(NotFound, match=f"{words}.*heroku addons -a staging"):
        client.database("staging")


def test_an_unknown_app_is_told_as_such(client: HerokuClient) -> None:
    """A 404 for the app itself stays one."""
    with pytest.raises(NotFound, match="Couldn't find that app"):
        client.database("staging")


def test_a_plan_with_another_api_is_refused(server: ScriptedServer, client: HerokuClient) -> None:
    """Advanced plans have no backups of this kind."""
    serve(server, Reply(body=[attachment(replace(STAGING, plan="heroku-postgresql:advanced-beta"))]), [], {})
    with pytest.raises(RefusedByGuard, match="advanced-beta"):
        client.database("staging")


@pytest.mark.parametrize("config", [{}, {"DATABASE_URL": "postgres://user:SECRET@/"}])
def test_a_database_without_an_address_is_told(
    server: ScriptedServer, client: HerokuClient, config: dict[str, str]
) -> None:
    """A config var that is missing or no connection string is an error that does not quote it."""
    serve(server, Reply(body=[attachment(STAGING)]), [attachment(STAGING)], config)
    with pytest.raises(UnexpectedAnswer) as caught:
        client.database("staging")
    assert "SECRET" not in str(caught.value)
