"""`bucks pull data` and `bucks local` on a real server: what the database holds, and what is left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from bc_pipelines.archive_output import BAD_INPUT, FAILED, NOT_PROVEN, REFUSED
from bc_pipelines.cli import app
from bc_pipelines.database import beside
from bc_pipelines.operations.local_restore import _selection
from bc_pipelines_tests.archive_commands import BUCKS, WAIT_SECONDS, assert_nobody_in
from bc_pipelines_tests.archive_samples import NEW_IN_THE_SITE, dump_site, leaky_catalogue
from bc_pipelines_tests.postgres import Cluster

NAME = "my-site"
OWN = "CREATE TABLE mine (id int); INSERT INTO mine VALUES (7)"
SITES = """
    CREATE TABLE wagtailcore_site (id integer PRIMARY KEY, hostname varchar(255) NOT NULL, port integer NOT NULL,
        is_default_site boolean NOT NULL, root_page_id integer NOT NULL, site_name varchar(255) NOT NULL);
    INSERT INTO wagtailcore_site VALUES (1, 'jobs.council.example', 443, false, 3, 'Jobs'),
        (2, 'www.council.example', 443, true, 2, 'Council');
    CREATE TABLE birdbath_execution (id serial PRIMARY KEY, date_executed timestamptz NOT NULL);
"""

UNRESTORABLE = """
    CREATE FUNCTION known(integer) RETURNS boolean LANGUAGE sql AS 'SELECT $1 IN (SELECT id FROM users_user) OR true';
    ALTER TABLE auth_group ADD CHECK (known(id));
"""
"""Sound on its own server; while pg_restore fills it, the function finds no table without its schema."""


@pytest.fixture
def local(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The server with no local database yet, and the product's variables naming it."""
    for (name,) in cluster.execute("SELECT datname FROM pg_database WHERE datname LIKE 'my-site%'"):
        cluster.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    monkeypatch.setenv("PATH", f"{cluster.bin_dir}{os.pathsep}{os.environ['PATH']}")
    for name in ("BC_ENVIRONMENTS", "HEROKU_API_KEY", "DATABASE_URL", "BC_VIEW_RESTRICTION_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BC_LOCAL_DATABASE_URL", cluster.url(NAME))
    monkeypatch.setenv("BC_SCRATCH", str(tmp_path / "scratch"))
    yield cluster
    assert databases(cluster) <= {NAME, NAME + beside.BEFORE}
    assert list((tmp_path / "scratch").glob("*")) == []


@pytest.fixture(scope="module")
def raw(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small site's archive, with two Site records."""
    return dump_site(cluster, tmp_path_factory.mktemp("raw") / "production.dump", SITES)


def databases(cluster: Cluster) -> set[str]:
    """The local database and those beside it."""
    return {str(name) for (name,) in cluster.execute("SELECT datname FROM pg_database WHERE datname LIKE 'my-site%'")}


def bucks(*arguments: str | Path) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, list(map(str, arguments)))


def pull(raw: Path, *options: str | Path) -> Result:
    """Pull production's data out of a dump."""
    result = bucks("pull", "data", "production", "--from", raw, *options)
    assert_nobody_in(result.output)
    return result


def own_database(cluster: Cluster) -> None:
    """A local database that no pull made."""
    cluster.create_database(NAME)
    cluster.execute(OWN, database=NAME)


def is_own(cluster: Cluster, name: str = NAME) -> bool:
    """Whether a database is the one that no pull made, unharmed."""
    with psycopg.connect(cluster.url(name)) as connection:
        tables = connection.execute("SELECT relname FROM pg_stat_user_tables").fetchall()
    return tables == [("mine",)] and cluster.execute("SELECT * FROM mine", database=name) == [(7,)]


def test_the_first_pull(raw: Path, local: Cluster) -> None:
    """A database is made, without anybody in it, with each site on a port of localhost and birdbath's row."""
    result = pull(raw, "--json")
    assert result.exit_code == 0, result.output
    done = json.loads(result.stdout)
    assert done["sites"] == {
        "http://localhost:8000": "www.council.example",
        "http://localhost:8001": "jobs.council.example",
    }
    assert (done["environment"], done["before"], done["accounts_replaced"]) == ("production", "", 2)
    assert databases(local) == {NAME}
    assert local.execute("SELECT count(*) FROM feedback_feedbackcomment", database=NAME) == [(0,)]
    assert local.execute("SELECT hostname, port FROM wagtailcore_site ORDER BY id", database=NAME) == [
        ("localhost", 8001),
        ("localhost", 8000),
    ]
    assert local.execute("SELECT count(*) FROM birdbath_execution", database=NAME) == [(1,)]
    assert "edith.editor" not in str(local.execute("SELECT * FROM users_user", database=NAME))


def test_undo_and_forget(raw: Path, local: Cluster) -> None:
    """The database before is kept, exchanged by undo as often as wanted, and dropped by forget."""
    assert pull(raw).exit_code == 0
    local.execute(OWN, database=NAME)
    second = pull(raw)
    assert "bucks local undo" in second.stdout
    assert databases(local) == {NAME, NAME + beside.BEFORE}
    assert local.execute("SELECT to_regclass('mine')", database=NAME) == [(None,)]
    assert bucks("local", "undo").exit_code == 0
    assert local.execute("SELECT * FROM mine", database=NAME) == [(7,)]
    assert bucks("local", "undo").exit_code == 0
    assert local.execute("SELECT to_regclass('mine')", database=NAME) == [(None,)]
    assert bucks("local", "forget").exit_code == REFUSED
    assert bucks("local", "forget", "--yes").exit_code == 0
    assert databases(local) == {NAME}
    assert bucks("local", "undo").exit_code == REFUSED
    assert "production" in bucks("local", "status").stdout


def test_a_database_that_no_pull_made_needs_a_word(raw: Path, local: Cluster) -> None:
    """It is neither kept nor dropped unasked; kept, it has a last day, and comes back only when confirmed."""
    own_database(local)
    refused = pull(raw)
    assert refused.exit_code == REFUSED
    assert "--old keep" in refused.stderr
    assert is_own(local)
    assert "kept until" in pull(raw, "--old", "keep").stdout
    assert is_own(local, NAME + beside.BEFORE)
    assert bucks("local", "undo").exit_code == REFUSED
    assert bucks("local", "undo", "--yes").exit_code == 0
    assert is_own(local)
    assert pull(raw).exit_code == REFUSED
    assert pull(raw, "--old", "drop").exit_code == 0
    assert not is_own(local)


def test_kept_too_long_it_goes(raw: Path, local: Cluster) -> None:
    """After its last day such a database is not brought back, and the next pull drops it."""
    own_database(local)
    assert pull(raw, "--old", "keep").exit_code == 0
    mark = beside._MARK + json.dumps({"kept_until": "2020-01-01"})
    local.execute(f"""COMMENT ON DATABASE "{NAME}{beside.BEFORE}" IS '{mark}'""")
    assert bucks("local", "undo", "--yes").exit_code == REFUSED
    assert pull(raw, "--old", "drop").exit_code == 0
    assert not is_own(local, NAME + beside.BEFORE)


def test_connections_are_named_and_ended_only_on_request(raw: Path, local: Cluster) -> None:
    """Whoever is connected is named and stays connected, until somebody says otherwise."""
    own_database(local)
    with psycopg.connect(local.url(NAME), application_name="runserver", autocommit=True) as connection:
        refused = pull(raw, "--old", "drop")
        assert refused.exit_code == REFUSED
        assert "runserver" in refused.stderr
        assert connection.execute("SELECT * FROM mine").fetchall() == [(7,)]
        assert pull(raw, "--old", "drop", "--end-connections").exit_code == 0
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


@pytest.mark.parametrize("fault", ["leaky", "unknown", "cut", "unrestorable"])
def test_a_failure_leaves_the_database_as_it_was(fault: str, raw: Path, local: Cluster, tmp_path: Path) -> None:
    """Three lines say what happened, what state things are in and what to do; nothing else is left."""
    own_database(local)
    options: list[str | Path] = ["--old", "drop"]
    bad, code = tmp_path / "bad.dump", BAD_INPUT
    if fault == "leaky":
        options += ["--catalogue", leaky_catalogue(tmp_path / "leaky.toml")]
        bad, code = raw, NOT_PROVEN
    elif fault == "unknown":
        dump_site(local, bad, NEW_IN_THE_SITE)
        code = REFUSED
    elif fault == "cut":
        bad.write_bytes(raw.read_bytes()[:-2000])
    else:
        dump_site(local, bad, UNRESTORABLE)
        code = FAILED
    result = pull(bad, *options)
    assert result.exit_code == code, result.output
    assert "The local database is as it was." in result.stderr
    assert is_own(local)
    assert databases(local) == {NAME}


def test_unknown_columns_of_a_feature_branch(local: Cluster, tmp_path: Path) -> None:
    """What the catalogue does not know yet is taken out on demand."""
    bad = dump_site(local, tmp_path / "branch.dump", NEW_IN_THE_SITE)
    assert pull(bad).exit_code == REFUSED
    assert pull(bad, "--unknown-tables", "purge", "--unknown-columns", "empty").exit_code == 0
    assert local.execute("SELECT count(mobile) FROM users_user", database=NAME) == [(0,)]


def test_extensions_that_this_server_has_not_are_left_out() -> None:
    """Their lines, and their comments, are taken off the list that pg_restore works through."""
    trigrams = "2; 3079 16384 EXTENSION - pg_trgm \n"
    contents = f"{trigrams}3; 0 0 COMMENT - EXTENSION heroku_x \n5; 3079 1 EXTENSION - heroku_x \n"
    kept, missing = _selection(contents, frozenset({"pg_trgm"}))
    assert missing == ("heroku_x",)
    assert kept == trigrams


@pytest.mark.parametrize("step", ["Sanitising", "Searching", "Restoring", "Checking", "Swapping"])
def test_killed_at_each_step(step: str, raw: Path, local: Cluster) -> None:
    """Killed with -9, the local database is as it was or the new one, and the next pull succeeds and tidies up."""
    own_database(local)
    command: list[str | Path] = [BUCKS, "pull", "data", "production", "--from", raw, "--old", "drop"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(step):
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait(WAIT_SECONDS) == -signal.SIGKILL
    assert NAME in databases(local)
    assert is_own(local) or local.execute("SELECT count(*) FROM feedback_feedbackcomment", database=NAME) == [(0,)]
    result = pull(raw, "--old", "drop", "--end-connections")
    assert result.exit_code == 0, result.output
    assert databases(local) == {NAME}


def test_ctrl_c_cleans_up(raw: Path, local: Cluster) -> None:
    """Ctrl-C ends with 130, says what state things are in, and leaves nothing."""
    own_database(local)
    command: list[str | Path] = [BUCKS, "pull", "data", "production", "--from", raw, "--old", "drop"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said += process.stderr.read()
        assert process.wait(WAIT_SECONDS) == 130
    assert "Stopped." in said
    assert "The local database is as it was." in said
    assert is_own(local)


def test_quiet_and_json(raw: Path, local: Cluster) -> None:
    """With --quiet nothing is printed; --json prints one document, of a refusal too."""
    assert pull(raw, "--quiet").output == ""
    assert json.loads(pull(raw, "--json").stdout)["before"] == NAME + beside.BEFORE
    assert json.loads(bucks("pull", "data", "nowhere", "--json").stdout)["outcome"] == "not done"
