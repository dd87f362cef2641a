"""A developer's media on the sandbox: every pull and push of the runbook, and what they never do."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from typer.testing import CliRunner, Result

from bc_pipelines.cli import app
from bc_pipelines.definitions import build_definitions
from bc_pipelines.operations import backups
from bc_pipelines.operations.lock import ResetLock
from bc_pipelines.operations.tools import open_tools
from bc_pipelines.pull_output import FAILED, REFUSED
from bc_pipelines.sandbox import s3
from bc_pipelines.sandbox.world import BUCKETS
from bc_pipelines_tests.journeys.test_killed import until
from bc_pipelines_tests.journeys.test_media import held
from bc_pipelines_tests.journeys.test_pull import local as local
from bc_pipelines_tests.journeys.world import Outside
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.sandbox.site.copies import Copy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAME = "production"
STAGING_BUCKET, DEVELOPMENT_BUCKET = BUCKETS["staging"], BUCKETS["development"]


def bucks(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, arguments)


def done(*arguments: str) -> dict[str, int]:
    """Run a command that goes through, and give what it tells a machine."""
    result = bucks(*arguments, "--json")
    assert result.exit_code == 0, result.output
    document: dict[str, int] = json.loads(result.stdout)
    return document


@pytest.fixture(scope="module")
def bucket(outside: Outside) -> Iterator["S3Client"]:
    """The S3 server, past the product; staging's bucket is as it was after these tests."""
    client = s3.client(outside.world)
    before = held(client, STAGING_BUCKET)
    yield client
    for key in held(client, STAGING_BUCKET).keys() - before.keys():
        client.delete_object(Bucket=STAGING_BUCKET, Key=key)


@pytest.fixture(scope="module")
def site(outside: Outside, local: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A local database with production's data, without anybody in it."""
    with open_tools() as tools:
        backups.recent_or_new(tools, tools.settings.production, lambda _transfer: None)
        # As on any team's Dagster that has planned a reset; a push takes the lock of no other.
        tools.records.last_done("staging")
    result = bucks("pull", "data", "production", "--from-heroku", "--json")
    assert result.exit_code == 0, result.output
    return Copy(local, NAME, tmp_path_factory.mktemp("site") / "media")


@pytest.fixture(autouse=True)
def here(site: Copy, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the site's checkout is the current one, so that `media/` is its own."""
    site.media.parent.mkdir(exist_ok=True)
    monkeypatch.chdir(site.media.parent)
    return site.media


def files(folder: Path) -> dict[str, int]:
    """Keys and sizes of everything in a folder."""
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def named(site: Copy, *tables: str) -> set[str]:
    """Files that the local database names."""
    return {str(key) for table in tables for (key,) in site.rows(f"SELECT file FROM {table}") if key}  # noqa: S608


def test_images_only(site: Copy, here: Path) -> None:
    """The originals that the database names are here, its renditions are forgotten, and a page shows an original."""
    assert done("pull", "images", "production")["copied"] > 100
    assert files(here).keys() == named(site, "images_customimage")
    assert named(site, "images_rendition") == set()
    with site.served(ALLOWED_HOSTS="localhost", BIRDBATH_REQUIRED="true") as client:
        page = client.get("/", headers={"Host": "localhost:8000"}).text
    assert any(key in page for key in files(here))
    assert done("pull", "images", "production")["copied"] == 0


def test_everything_that_is_named_and_not_private(site: Copy, here: Path) -> None:
    """Documents come, but none that only some people may read; avatars, uploads and forgotten renditions do not."""
    done("pull", "media", "production", "--yes")
    documents = named(site, "documents_customdocument")
    private = (
        "SELECT file FROM documents_customdocument JOIN wagtailcore_collectionviewrestriction USING (collection_id)"
    )
    restricted = {str(key) for (key,) in site.rows(private)}
    assert restricted
    assert files(here).keys() == (named(site, "images_customimage") | documents) - restricted


def test_what_is_too_much_here_goes_only_when_somebody_says_so(here: Path) -> None:
    """Without a terminal and without --yes a file of one's own stays; with it, it goes, and its folder too."""
    own = here / "own" / "sketch.jpg"
    own.parent.mkdir()
    own.write_bytes(b"mine")
    assert done("pull", "media", "production")["deleted"] == 0
    assert own.exists()
    assert done("pull", "media", "production", "--yes")["deleted"] == 1
    assert not own.parent.exists()


def test_a_push_deletes_nothing_unless_told_to(here: Path, bucket: "S3Client") -> None:
    """New files go to staging's bucket with their types; what only an environment has stays there until --delete."""
    before = held(bucket, STAGING_BUCKET)
    assert done("push", "images", "staging")["deleted"] == 0
    originals = {key for key in files(here) if key.startswith("original_images/")}
    assert held(bucket, STAGING_BUCKET).keys() == before.keys() | originals
    some = next(key for key in sorted(originals) if key.endswith(".jpg"))
    assert bucket.head_object(Bucket=STAGING_BUCKET, Key=some)["ContentType"] == "image/jpeg"

    bucket.put_object(Bucket=DEVELOPMENT_BUCKET, Key="images/only_there.jpg", Body=b"development's own")
    assert done("push", "media", "development")["deleted"] == 0
    assert held(bucket, DEVELOPMENT_BUCKET).keys() == files(here).keys() | {"images/only_there.jpg"}
    assert done("push", "media", "development", "--delete", "--yes")["deleted"] == 1
    assert held(bucket, DEVELOPMENT_BUCKET).keys() == files(here).keys()


def test_development_is_pulled(here: Path, bucket: "S3Client") -> None:
    """Its images come; its documents do not, because a database from elsewhere cannot say which are private."""
    keys, folders = sorted(files(here)), ("original_images/", "documents/")
    image, document = (next(key for key in keys if key.startswith(folder)) for folder in folders)
    for key in (image, document):
        (here / key).unlink()
    assert done("pull", "media", "development")["copied"] == 1
    assert (here / image).exists()
    assert done("pull", "media", "production")["copied"] == 1
    assert (here / document).exists()


def test_a_push_needs_the_teams_dagster(local: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database without records of resets has no lock that a reset would see."""
    monkeypatch.setenv("DAGSTER_DATABASE_URL", local.url("postgres"))
    result = bucks("push", "images", "staging")
    assert result.exit_code == REFUSED
    assert "has no records of resets" in result.stderr


def test_production_is_never_pushed_to(bucket: "S3Client") -> None:
    """Neither by a push nor by a sync, whatever the source; its bucket stays as it is."""
    before = held(bucket, BUCKETS["production"])
    for command in (
        ("push", "media", "production"),
        ("media", "sync", "local", "production", "--delete", "--yes"),
        ("media", "sync", "staging", "production", "--delete", "--yes"),
    ):
        result = bucks(*command)
        assert result.exit_code == REFUSED, result.output
        assert "production may not be changed" in result.stderr
    assert held(bucket, BUCKETS["production"]) == before


def test_an_empty_folder_is_not_pushed(here: Path, bucket: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that was forgotten is refused, with or without deletions."""
    before = held(bucket, STAGING_BUCKET)
    empty = here.parent / "elsewhere"
    empty.mkdir()
    monkeypatch.chdir(empty)
    for more in ((), ("--delete", "--yes")):
        result = bucks("push", "media", "staging", *more)
        assert result.exit_code == REFUSED
        assert "is empty" in result.stderr
    assert held(bucket, STAGING_BUCKET) == before


def test_a_push_waits_for_no_reset(outside: Outside, here: Path, bucket: "S3Client") -> None:
    """While a reset holds the lock, a push is refused with the holder's name, and nothing moves."""
    (here / "original_images" / "new.jpg").write_bytes(b"new")
    reset = ResetLock(outside.world.database_url("dagster"))
    reset.acquire("a-run", "reset", "Ada")
    try:
        result = bucks("push", "images", "staging")
    finally:
        reset.release()
    assert result.exit_code == REFUSED
    assert "A reset is under way (run a-run by Ada" in result.stderr
    assert "original_images/new.jpg" not in held(bucket, STAGING_BUCKET)


def test_a_pull_that_is_killed(here: Path) -> None:
    """What had arrived is whole, what had not is not there under its name, and the next pull brings the rest."""
    whole = files(here)
    for path in here.rglob("*"):
        if path.is_file():
            path.unlink()
    program = "from bc_pipelines.cli import main; main()"
    command = [sys.executable, "-c", program, "pull", "media", "production", "--yes", "--quiet"]
    with subprocess.Popen(command, start_new_session=True) as process:
        until(lambda: process.poll() is not None or len(files(here)) > 3)
        os.killpg(process.pid, signal.SIGKILL)
    arrived = {key: size for key, size in files(here).items() if ".bucks-" not in key}
    assert arrived.items() <= whole.items()
    done("pull", "media", "production", "--yes")
    assert files(here) == {key: size for key, size in whole.items() if key != "original_images/new.jpg"}


def test_a_laptop_with_keys_of_its_own(
    outside: Outside, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a token of Heroku's, a bucket in the settings and keys in two variables are enough."""
    settings = (outside.world.root / "environments.toml").read_text(encoding="utf-8")
    named = f'[environments.production]\nmedia_bucket = "{BUCKETS["production"]}"'
    (tmp_path / "environments.toml").write_text(settings.replace("[environments.production]", named), encoding="utf-8")
    monkeypatch.setenv("BC_ENVIRONMENTS", str(tmp_path / "environments.toml"))
    monkeypatch.delenv("HEROKU_API_KEY")
    result = bucks("pull", "images", "production")
    assert result.exit_code == REFUSED
    assert "set BC_PRODUCTION_MEDIA_ACCESS_KEY_ID and BC_PRODUCTION_MEDIA_SECRET_ACCESS_KEY" in result.stderr
    access_key, secret_key = outside.world.s3_keys("production")
    monkeypatch.setenv("BC_PRODUCTION_MEDIA_ACCESS_KEY_ID", access_key)
    monkeypatch.setenv("BC_PRODUCTION_MEDIA_SECRET_ACCESS_KEY", "another-secret")
    wrong = bucks("pull", "images", "production")
    assert wrong.exit_code == FAILED
    assert "SignatureDoesNotMatch" in wrong.stderr
    assert "another-secret" not in wrong.output
    monkeypatch.setenv("BC_PRODUCTION_MEDIA_SECRET_ACCESS_KEY", secret_key)
    assert done("pull", "images", "production")["copied"] == 0


def test_the_jobs_of_the_ui(outside: Outside, here: Path) -> None:
    """`pull_production_media` fills the folder and its checks are green; a push is noted on staging's bucket."""
    defs = build_definitions(on_laptop=True)
    lost = next(path for path in sorted((here / "original_images").iterdir()))
    lost.unlink()
    with dg.DagsterInstance.get() as instance:
        pulled = defs.resolve_job_def("pull_production_media").execute_in_process(instance=instance)
        pushed = defs.resolve_job_def("push_staging_images").execute_in_process(instance=instance)
    assert lost.exists()
    evaluations = {check.check_name: check for check in pulled.get_asset_check_evaluations()}
    assert evaluations["nothing_extra"].passed
    # Private documents stay away, so they do not count.
    assert evaluations["every_file_present"].passed
    noted = [event.materialization for event in pushed.all_events if event.is_step_materialization]
    assert [each.asset_key.to_user_string() for each in noted] == ["staging/media"]
