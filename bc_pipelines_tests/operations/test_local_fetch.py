"""Fetching an archive by links that work for minutes: broken connections, refusals, and what is never said."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bc_pipelines.operations.errors import OutOfReach
from bc_pipelines.operations.local_fetch import download
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines_tests.heroku.scripted import NO_ANSWER, Reply, ScriptedServer, Seen

ARCHIVE = b"PGDMP" + os.urandom(3_000_000)
NAME = "the archive"
SIGNATURE = "X-Amz-Signature=SIGNATURE"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A server on loopback that breaks off as a test wants."""
    certificates = make_certificates(tmp_path / "tls", [])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    with ScriptedServer(certificates) as running:
        yield running


@pytest.fixture
def link(server: ScriptedServer) -> Callable[[], str]:
    """Makes a fresh link each time, with a number in it."""
    made = iter(range(100))
    return lambda: f"{server.url}/archive?{SIGNATURE}&number={next(made)}"


def by_range(seen: Seen) -> Reply:
    """What S3 answers: the rest from where somebody left off."""
    begin = int(seen.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
    return Reply(206 if begin else 200, ARCHIVE[begin:])


def test_it_goes_on_where_it_broke_off(server: ScriptedServer, link: Callable[[], str], tmp_path: Path) -> None:
    """Nothing is read twice, each try has a link of its own, and only its owner may read the file."""
    server.on("GET", "/archive", Reply(200, ARCHIVE, cut=1_200_000), NO_ANSWER, by_range)
    path, told = tmp_path / "archive", list[int]()
    assert download(NAME, link, path, told.append) == hashlib.sha256(ARCHIVE).hexdigest()
    assert path.read_bytes() == ARCHIVE
    assert told == sorted(told)
    assert told[-1] == len(ARCHIVE)
    assert "range" not in server.seen[0].headers
    assert server.seen[-1].headers["range"] == "bytes=1200000-"
    assert len({seen.query for seen in server.seen}) == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_server_without_range_begins_anew(server: ScriptedServer, link: Callable[[], str], tmp_path: Path) -> None:
    """It sends everything again, and nothing is in the file twice."""
    server.on("GET", "/archive", Reply(200, ARCHIVE, cut=1_200_000), Reply(200, ARCHIVE))
    path = tmp_path / "archive"
    download(NAME, link, path, lambda _done: None)
    assert path.read_bytes() == ARCHIVE


@pytest.mark.parametrize(("answer", "words"), [(Reply(403), "status 403"), (NO_ANSWER, "to its end")])
def test_a_refusal_names_the_archive_and_no_link(
    answer: Reply, words: str, server: ScriptedServer, link: Callable[[], str], tmp_path: Path
) -> None:
    """A link that has expired, and a store that never answers: one sentence, in which the signature is not."""
    server.on("GET", "/archive", answer)
    with pytest.raises(OutOfReach) as refused:
        download(NAME, link, tmp_path / "archive", lambda _done: None)
    assert words in str(refused.value)
    assert NAME in str(refused.value)
    assert "SIGNATURE" not in str(refused.value)
