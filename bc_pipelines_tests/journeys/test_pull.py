"""A developer pulls from the sandbox: what the database holds, that the site runs on it, where a pull never goes."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bc_pipelines.archive_output import REFUSED
from bc_pipelines.cli import app
from bc_pipelines.defs.launch import Outcome
from bc_pipelines.operations.tools import open_tools
from bc_pipelines_tests.journeys.world import STAGING, Outside
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.sandbox.site.copies import Copy

NAME = "production"
"""Of the local database: another one than production's, although it is called the same."""


@pytest.fixture(scope="module")
def local(outside: Outside) -> Iterator[Cluster]:
    """A developer's own server, of the version that the apps have."""
    places = outside.world.postgres
    with Cluster(places.bin) as cluster, pytest.MonkeyPatch.context() as variables:
        variables.setenv("PATH", f"{places.bin}{os.pathsep}{os.environ['PATH']}")
        variables.setenv("BC_LOCAL_DATABASE_URL", cluster.url(NAME))
        variables.delenv("DATABASE_URL", raising=False)
        yield cluster


def bucks(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, arguments)


@pytest.mark.usefixtures("adoptable")
def test_production_is_pulled_and_the_site_runs(outside: Outside, local: Cluster, tmp_path: Path) -> None:
    """Nobody of production is in the local database, every site is on localhost, and the site serves its pages."""
    before = outside.rows("production")
    result = bucks("pull", "data", "production", "--from-heroku", "--json")
    assert result.exit_code == 0, result.output
    done = json.loads(result.stdout)
    assert done["sites"]["http://localhost:8000"] == "www.buckinghamshire.example"
    assert len(done["sites"]) == 5
    assert outside.rows("production") == before
    site = Copy(local, NAME, tmp_path)
    assert site.rows("SELECT count(*) FROM wagtailforms_formsubmission") == [(0,)]
    emails = {str(email) for (email,) in site.rows("SELECT email FROM users_user")}
    assert emails.isdisjoint({str(row[0]) for row in outside.sql("production", "SELECT email FROM users_user")} - {""})
    with site.served(ALLOWED_HOSTS="localhost", BIRDBATH_REQUIRED="true") as client:
        page = client.get("/", headers={"Host": "localhost:8000"})
    assert page.status_code == 200
    assert "Buckinghamshire Council" in page.text


@pytest.mark.parametrize("environment", ["production", "staging", "development"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_environment_is_no_target(
    environment: str, host: str, outside: Outside, local: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database of each environment is refused, by its address and by another name of its host; it is untouched."""
    url = outside.world.database_url(environment)
    assert "127.0.0.1" in url
    before = outside.rows(environment)
    monkeypatch.setenv("BC_LOCAL_DATABASE_URL", url.replace("127.0.0.1", host))
    for command in (
        ("pull", "data", "production", "--old", "drop"),
        ("local", "undo", "--yes"),
        ("local", "forget", "--yes"),
    ):
        result = bucks(*command)
        assert result.exit_code == REFUSED, result.output
        assert f"is the database of {environment}" in result.stderr
    assert outside.rows(environment) == before


def test_staging_is_pulled(first: Outcome, outside: Outside, local: Cluster) -> None:
    """Staging keeps staff's accounts; a pull from it replaces them, and the database before can come back."""
    assert first.succeeded
    with open_tools() as tools:
        tools.heroku.wait(STAGING, tools.heroku.capture(tools.heroku.database(STAGING)))
    result = bucks("pull", "data", "staging", "--from-heroku", "--json", "--old", "keep")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["environment"] == "staging"
    staff = {str(row[0]) for row in outside.sql("staging", "SELECT email FROM users_user")} - {""}
    assert staff.isdisjoint({str(row[0]) for row in local.execute("SELECT email FROM users_user", database=NAME)})
