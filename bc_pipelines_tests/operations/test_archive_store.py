"""The archive store on a real S3 server: what it keeps, what it deletes, and how it says that it cannot."""

import os
import resource
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from bc_pipelines.operations import tidy
from bc_pipelines.operations.archive_store import ArchiveStore, Seen, Told
from bc_pipelines.operations.errors import OutOfReach
from bc_pipelines.operations.tools import Tools, open_tools
from bc_pipelines.sandbox import s3
from bc_pipelines.sandbox.world import BUCKETS, World
from bc_pipelines_tests.sandbox.heroku.simulated import free_ports
from bc_pipelines_tests.waiting import until


@pytest.fixture
def store(world: World) -> ArchiveStore:
    """The sandbox's archive bucket."""
    return ArchiveStore(BUCKETS["archives"])


@pytest.fixture
def tools(world: World) -> Iterator[Tools]:
    """Tools on the sandbox's servers."""
    with open_tools() as tools:
        yield tools


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
    assert world.s3_keys("worker")[1] not in str(caught.value)


def test_a_stranger_gets_nothing(tools: Tools) -> None:
    """Neither the object nor the list; what this store does not tell of itself is said."""
    tools.archives.put_text("archives/private.dump", "x", "text/plain")
    verdict = tidy.store_is_private(tools, "archives/private.dump")
    assert verdict.passed, verdict.summary
    assert "Without a key, nobody reads or lists" in verdict.summary
    found = {row["what"]: row["found"] for row in verdict.rows}
    assert found["an archive, without a key"] in (400, 403)
    assert found["the list, without a key"] in (400, 403)


@pytest.mark.parametrize(
    ("seen", "told", "words"),
    [
        (Seen(200, 403), Told(None, "", ""), "an archive, without a key: 200"),
        (Seen(403, 200), Told(None, "", ""), "the list, without a key: 200"),
        (Seen(403, 403), Told(False, "AES256", "eu-west-2"), "public access is blocked: no"),
        (Seen(403, 403), Told(True, "AES256", "us-east-1"), "region: us-east-1"),
    ],
)
def test_a_store_that_is_not_as_it_must_be(
    tools: Tools, seen: Seen, told: Told, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open to strangers, or in another region than the settings say: the check fails and names it."""
    monkeypatch.setattr(tools.archives, "as_a_stranger", lambda _key: seen)
    monkeypatch.setattr(tools.archives, "what_it_tells", lambda _key: told)
    there = replace(tools, settings=replace(tools.settings, archive_region="eu-west-2"))
    verdict = tidy.store_is_private(there, "archives/private.dump")
    assert not verdict.passed
    assert verdict.severity == "error"
    assert words in verdict.summary


def test_the_age_of_the_oldest_archive(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """A week is long for something that a verified restore deletes."""
    tools.archives.put_text("archives/forgotten.dump", "x", "text/plain")
    assert tidy.oldest_archive(tools).passed
    monkeypatch.setattr(tidy, "LEFTOVER_AGE", timedelta(days=-1))
    verdict = tidy.oldest_archive(tools)
    assert not verdict.passed
    assert verdict.severity == "warn"
    assert "archives/forgotten.dump" in verdict.summary


def test_scratch_folders_of_killed_runs_go_after_a_week(tmp_path: Path) -> None:
    """Old ones of ours are removed, young ones and everybody else's stay."""
    names = (f"{tidy.SCRATCH_PREFIX}old", f"{tidy.SCRATCH_PREFIX}young", "somebody-elses")
    for name in names:
        (tmp_path / name).mkdir()
    for name in (names[0], names[2]):
        os.utime(tmp_path / name, (0, 0))
    assert tidy.delete_scratch(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


def test_a_full_store_says_so(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real S3 server that cannot write: the upload fails in words, and nothing is left of the object."""
    served = tmp_path / "served"
    (served / "full").mkdir(parents=True)
    archive = tmp_path / "archive.dump"
    archive.write_bytes(bytes(1_000_000))
    with full_server(served, world) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        with pytest.raises(OutOfReach, match="full could not store an archive: it answered"):
            ArchiveStore("full").upload_archive(archive, "archives/big.dump", "0" * 64)


@contextmanager
def full_server(served: Path, world: World) -> Iterator[str]:
    """The sandbox's kind of S3 server, whose files may not grow over 100,000 bytes; gives its address."""
    [port] = free_ports(1)
    certificates = ("--cert", str(world.certificates / "server.pem"), "--key", str(world.certificates / "server.key"))
    command = [str(s3.rclone()), "serve", "s3", "--addr", f"127.0.0.1:{port}", *certificates, "--config", "/dev/null"]
    environment = {**os.environ, **s3.server_environment(world)}
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (100_000, 100_000))
    quiet = subprocess.DEVNULL
    with subprocess.Popen([*command, str(served)], env=environment, stderr=quiet, preexec_fn=limit) as server:
        try:
            until(lambda: _listens(port))
            yield f"https://127.0.0.1:{port}"
        finally:
            server.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
