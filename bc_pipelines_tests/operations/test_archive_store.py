"""The archive store on a real S3 server: what it keeps, what it deletes, and how it says that it cannot."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bc_pipelines.operations.archive_store import ArchiveStore
from bc_pipelines.operations.errors import OutOfReach
from bc_pipelines.sandbox.world import BUCKETS, World


@pytest.fixture
def store(world: World) -> ArchiveStore:
    """The sandbox's archive bucket."""
    return ArchiveStore(BUCKETS["archives"])


def test_an_archive_can_be_fetched_by_whoever_has_the_link(store: ArchiveStore, tmp_path: Path) -> None:
    """Heroku gets the very bytes that were stored, through a signed https address and nothing else."""
    path = tmp_path / "archive.dump"
    path.write_bytes(b"PGDMP" + bytes(range(256)) * 50_000)
    store.upload_archive(path, "archives/one.dump", "0" * 64)
    url = store.signed_url("archives/one.dump", timedelta(minutes=5))
    assert url.startswith("https://")
    assert httpx.get(url).content == path.read_bytes()
    assert store.size("archives/one.dump") == path.stat().st_size
    assert httpx.get(url.partition("?")[0]).status_code in (400, 403)


def test_an_object_that_is_not_there_has_no_size(store: ArchiveStore) -> None:
    """A key is not mistaken for another one that begins the same."""
    store.put_text("archives/two.dump.more", "x", "text/plain")
    assert store.size("archives/two.dump") is None


def test_leftovers_go_and_evidence_stays(store: ArchiveStore) -> None:
    """Archives and lists of accounts that broken-off resets left are deleted; manifests and reports are kept."""
    for key in ("archives/old.dump", "archives/old.accounts.json", "archives/old.manifest.json", "reports/old.html"):
        store.put_text(key, "x", "text/plain")
    assert store.delete_leftovers(timedelta(days=7), spare=()) == 0
    assert store.delete_leftovers(timedelta(seconds=-60), spare=()) >= 2
    assert store.size("archives/old.dump") is None
    assert store.size("archives/old.accounts.json") is None
    assert store.get_text("archives/old.manifest.json") == "x"
    assert store.get_text("reports/old.html") == "x"


def test_a_bucket_that_does_not_exist_is_named(world: World) -> None:
    """S3 says no: the message names the bucket and S3's reason."""
    with pytest.raises(OutOfReach, match="no-such-bucket-here could not read a text: it answered NoSuch"):
        ArchiveStore("no-such-bucket-here").get_text("archives/one.dump")


def test_a_dead_server_is_no_riddle(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 does not answer: the message says so and holds neither key nor address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://127.0.0.1:9")
    with pytest.raises(OutOfReach, match="does not answer") as caught:
        ArchiveStore(BUCKETS["archives"]).put_text("reports/x.html", "x", "text/html")
    assert "127.0.0.1" not in str(caught.value)
    assert world.secrets["s3_secret_key"] not in str(caught.value)
