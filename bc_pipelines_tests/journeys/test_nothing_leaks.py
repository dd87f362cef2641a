"""Where the sandbox's secrets and the people planted in production are after resets: nowhere but where they belong.

Searched is everything that a reset leaves behind: Dagster's database, both buckets, staging's database, and every file
of the sandbox. Whoever is found is named by kind and number only; `planted(…).private_values()`, sorted, has the value.
"""

import base64
import json
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bc_pipelines.defs.jobs import plan_config
from bc_pipelines.defs.launch import Outcome
from bc_pipelines.operations.archive_store import s3_client
from bc_pipelines.operations.record import State
from bc_pipelines.sandbox import postgres
from bc_pipelines.sandbox.site.seed.people import planted
from bc_pipelines.sandbox.world import BUCKETS, World
from bc_pipelines_tests.journeys.cut import materialise
from bc_pipelines_tests.journeys.leaks import Search, files_that_hold
from bc_pipelines_tests.journeys.test_killed import newest
from bc_pipelines_tests.journeys.world import PRODUCTION, STAGING, Outside

# Fixtures hold three resets.
pytestmark = pytest.mark.timeout(900)

CHECKOUT = Path(__file__).parents[2]
WRONG_TOKEN = "99999999-8888-7777-6666-555555555555"
WRONG_GIT_PASSWORD = "a-git-password-that-was-withdrawn"
WRONG_GITLAB_TOKEN = "glpat-a-token-that-was-revoked"
WRONG_SLACK_TOKEN = "xoxb-999999999999-a-token-of-another-workspace"
WRONG_SMTP_PASSWORD = "a-password-of-another-mail-server"
# Private pages on staging ask for it, so it stands in staging's content and in every copy of that, by choice.
STAGINGS_OWN = "view_restriction_password"
OF_PRIVATE_PAGES = {"public.wagtailcore_pageviewrestriction", "public.wagtailcore_collectionviewrestriction"}

# The only files below the sandbox's root that hold secrets, and what for.
SECRET_FILES = {
    "world.json": "what the sandbox chose for itself once: its passwords, tokens and keys",
    "heroku.json": "what the simulator is told: the account's token and the apps' config vars",
    "heroku/state.sqlite3": "Heroku's queue, with the signed addresses of the archives that it was told to fetch",
    "heroku/state.sqlite3-wal": "the latest of the same",
}

HIDING_PLACES: dict[str, Callable[[str], bytes]] = {
    "plain": lambda secret: f"the token is {secret}.".encode(),
    "connection string": lambda secret: f"postgres://staging:{secret}@127.0.0.1:5432/staging".encode(),
    "JSON in JSON": lambda secret: json.dumps({"body": json.dumps({"Authorization": f"Bearer {secret}"})}).encode(),
    "base64": lambda secret: b"Authorization: Basic " + base64.b64encode(f"robot:{secret}".encode()),
    "base64 twice": lambda secret: base64.b64encode(base64.b64encode(f"robot:{secret}".encode())),
    "compressed bytea": lambda secret: rb"\\x" + zlib.compress(f'{{"config": "{secret}"}}'.encode()).hex().encode(),
    "URL": lambda secret: b"https://api.example/?next=" + "".join(f"%{ord(c):02x}" for c in secret).encode(),
}


@pytest.fixture(scope="module")
def search(outside: Outside) -> Search:
    """What finds the sandbox's secrets and the planted people; officers who are published are none of these."""
    # An access key names its holder as a username does; signed addresses show it to everyone.
    secrets = {name: value for name, value in outside.world.secrets.items() if "access_key" not in name}
    secrets |= {
        "a wrong token": WRONG_TOKEN,
        "a wrong git password": WRONG_GIT_PASSWORD,
        "a wrong GitLab token": WRONG_GITLAB_TOKEN,
        "a wrong Slack token": WRONG_SLACK_TOKEN,
        "a wrong SMTP password": WRONG_SMTP_PASSWORD,
        "a signed address": "X-Amz-Signature=",
    }
    return Search(secrets, planted(outside.world.seed, outside.world.scale).private_values())


@pytest.fixture(scope="module")
def world(outside: Outside, first: Outcome, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The sandbox after resets that failed early and half way, and one that went through, logged as in the UI.

    The last one could tell nobody at first, because both secrets for that were wrong.
    """
    config = tmp_path_factory.mktemp("leaks") / "config.yaml"
    words = plan_config(confirm=STAGING, requested_by="a journey").to_config_dict()  # type: ignore[no-untyped-call]
    config.write_text(json.dumps(words), encoding="utf-8")
    for name, wrong in (
        ("HEROKU_API_KEY", WRONG_TOKEN),
        ("BC_GIT_PASSWORD", WRONG_GIT_PASSWORD),
        ("BC_GITLAB_TOKEN", WRONG_GITLAB_TOKEN),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(name, wrong)
            assert loud_reset(outside, config) == "FAILURE"
    with outside.fault(on="transfer", kind="half_way", transfer="restore", app=STAGING):
        assert loud_reset(outside, config) == "FAILURE"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BC_SLACK_TOKEN", WRONG_SLACK_TOKEN)
        patch.setenv("BC_SMTP_PASSWORD", WRONG_SMTP_PASSWORD)
        assert loud_reset(outside, config) == "FAILURE"
    assert newest(outside).state is State.DONE
    assert materialise(["colleague_notice", "client_notice"])
    for cluster in postgres.clusters(outside.world):
        with postgres.superuser(cluster) as connection:
            connection.execute("checkpoint")
    return outside.world


def loud_reset(outside: Outside, config: Path) -> str:
    """A reset in a process of its own with everything that Dagster prints, as the UI starts it; how the run ended."""
    command = ["-m", "dagster", "job", "execute", "-m", "bc_pipelines.definitions", "-j", "reset_staging", "-c"]
    subprocess.run(
        [sys.executable, *command, str(config)],
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )
    return str(outside.sql("dagster", "select status from runs order by id desc limit 1")[0][0])


def raw_backups(outside: Outside) -> set[Path]:
    """The files of the simulator that hold production as it is."""
    folder = outside.world.root / "heroku" / "backups"
    return {folder / backup["uuid"] for backup in outside.transfers(PRODUCTION, "gof3r")}


def objects(bucket: str) -> Iterator[tuple[str, bytes]]:
    """Every object of a bucket."""
    client = s3_client()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKETS[bucket]):
        for found in page.get("Contents", ()):
            yield found["Key"], client.get_object(Bucket=BUCKETS[bucket], Key=found["Key"])["Body"].read()


def people_values(world: World) -> list[str]:
    """Every planted value as it stands in production."""
    return [value for values in planted(world.seed, world.scale).private_values().values() for value in values]


def test_the_search_finds_everybody_in_productions_raw_backups(world: World, outside: Outside, search: Search) -> None:
    """Were it blind, all searches below would mean nothing: whoever pg_restore shows in a raw backup is found there."""
    backups = raw_backups(outside)
    assert backups
    for backup in backups:
        command = [str(world.postgres.bin / "pg_restore"), "--file=-", str(backup)]
        shown = search.people_as_written_in(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)
        assert {name.partition(" ")[0] for name in shown} == planted(world.seed, world.scale).private_values().keys()
        assert shown - search.in_bytes(backup.read_bytes()) == set(), "who was not found"


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_the_search_finds_secrets_that_were_planted(world: World, search: Search, place: str) -> None:
    """Each password and token is found in a text in which it was put on purpose, also where it is hidden."""
    for name, secret in world.secrets.items():
        if name in search.secrets:
            assert search.in_bytes(HIDING_PLACES[place](secret)) == {name}


def test_the_search_of_pages_finds_people_in_productions_database(world: World) -> None:
    """On the disk of production's database they stand as they are."""
    assert files_that_hold(people_values(world), world.postgres.home / "production")


def test_dagsters_database_holds_nothing(world: World, search: Search) -> None:
    """No event, run, snapshot, tick or reset record, in any schema, holds a secret or anybody."""
    found = search.in_database(world.database_url("dagster"))
    assert {"public.event_logs", "public.runs", "public.snapshots", "bc_pipelines.reset"} <= found.keys()
    assert {table: names for table, names in found.items() if names} == {}


@pytest.mark.parametrize(("bucket", "by_choice"), [("compute_logs", set()), ("archives", {STAGINGS_OWN})])
def test_buckets_hold_nothing(world: World, search: Search, bucket: str, by_choice: set[str]) -> None:
    """Neither what steps printed nor what the archive store keeps, failed resets' archives included."""
    found = {key: search.in_bytes(data) - by_choice for key, data in objects(bucket)}
    assert found, "an empty bucket shows nothing"
    assert {key: names for key, names in found.items() if names} == {}


def test_stagings_database_holds_nobody(world: World, search: Search) -> None:
    """No table of the finished copy; the password that private pages ask for stands there and nowhere else."""
    found = search.in_database(world.database_url("staging"))
    assert len(found) > 100, "not the whole site"
    assert {table for table, names in found.items() if STAGINGS_OWN in names} == OF_PRIVATE_PAGES
    assert {table: names for table, names in found.items() if names - {STAGINGS_OWN}} == {}


def test_no_file_of_the_sandbox_holds_anything(world: World, outside: Outside, search: Search) -> None:
    """Logs, records, scratch, settings, staging's backups: every file but those whose purpose it is."""
    root = world.root
    purpose = {root / name for name in SECRET_FILES} | raw_backups(outside)
    apart = (world.postgres.home, root / "postgres", root / "production", root / "s3" / BUCKETS["production"])
    files = [
        path
        for path in root.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and path not in purpose
        and not any(path.is_relative_to(folder) for folder in apart)
    ]
    found = {str(path.relative_to(root)): search.in_bytes(path.read_bytes()) for path in files}
    copies = {name for name, names in found.items() if STAGINGS_OWN in names}
    assert all(name.startswith(("heroku/backups/", "s3/buckinghamshire-archives/archives/")) for name in copies)
    assert {name: names for name, names in found.items() if names - {STAGINGS_OWN}} == {}


def test_no_page_of_the_other_databases_holds_anything(world: World, search: Search) -> None:
    """On the disk of staging's, development's, the local and Dagster's databases, deleted rows and logs included."""
    secrets = [value for name, value in world.secrets.items() if name in search.secrets - {STAGINGS_OWN}]
    assert files_that_hold([*people_values(world), *secrets], world.postgres.home / "other") == []


def test_files_that_hold_secrets_are_their_owners_alone(world: World, search: Search) -> None:
    """Each file that was left out is of mode 0600 and holds secrets for the reason that is given, but nobody."""
    for path in (world.root / name for name in SECRET_FILES):
        # SQLite's write-ahead log comes and goes.
        if path.exists():
            assert path.stat().st_mode & 0o777 == 0o600, path.name
            assert search.in_bytes(path.read_bytes()) <= search.secrets, path.name
    assert search.in_bytes((world.root / "world.json").read_bytes()) >= search.secrets & world.secrets.keys()
