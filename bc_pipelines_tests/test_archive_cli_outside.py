"""The command `bucks archive` and the world: servers that it reads from, terminals, signals, full disks."""

from __future__ import annotations

import os
import pty
import re
import resource
import select
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bc_pipelines.archive_output import BAD_INPUT, FAILED, NOT_PROVEN, REFUSED
from bc_pipelines.heroku.transport import Patience
from bc_pipelines.operations import archive_source
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines_tests.archive_commands import BUCKS, QUERY, WAIT_SECONDS, assert_nobody_in, cut, sanitise
from bc_pipelines_tests.archive_samples import BULK, dump_site
from bc_pipelines_tests.heroku.scripted import Reply, ScriptedServer, Seen
from bc_pipelines_tests.postgres import Cluster, find_bindirs


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server of the oldest version that this machine has."""
    bindirs = find_bindirs()
    with Cluster(bindirs[min(bindirs)]) as running:
        yield running


@pytest.fixture(scope="module")
def raw(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small site's archive."""
    return dump_site(cluster, tmp_path_factory.mktemp("raw") / "production.dump")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for what is written."""
    made = tmp_path / "out"
    made.mkdir()
    return made


def on_a_terminal(*arguments: str | Path) -> tuple[int, str]:
    """Run the command on a terminal of its own: exit code and everything that it showed."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [BUCKS, "archive", *arguments], stdin=end, stdout=end, stderr=end, env=os.environ | {"COLUMNS": "150"}
    )
    os.close(end)
    shown = b""
    deadline = time.monotonic() + WAIT_SECONDS
    while select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # Linux's way to say that the other end is closed
            break
        shown += piece
    os.close(terminal)
    return process.wait(WAIT_SECONDS), shown.decode()


def test_a_terminal_shows_what_was_found(raw: Path) -> None:
    """On a terminal, --show prints the texts that the proof found."""
    code, shown = on_a_terminal("prove", raw, "--against", raw, "--show")
    assert code == NOT_PROVEN
    assert "visitor-bo" in shown


def test_a_terminal_shows_how_far_it_is(cluster: Cluster, tmp_path: Path) -> None:
    """On a terminal there is a bar with bytes, bytes per second and the time left."""
    code, shown = on_a_terminal("inspect", dump_site(cluster, tmp_path / "large.dump", BULK), "--rows")
    assert code == 0
    assert re.search(r"Reading.*MB.*MB/s.*left", shown)


def ranged(content: bytes) -> Callable[[Seen], Reply]:
    """Answers as S3 does to a Range, and breaks off once on the way."""
    broken: list[bool] = []

    def reply(seen: Seen) -> Reply:
        found = re.fullmatch(r"bytes=(\d+)-", seen.headers["range"])
        assert found
        start = int(found[1])
        cut_off = None if broken else len(content) // 3
        broken.append(True)
        headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}", "ETag": '"one"'}
        return Reply(206, content[start:], headers, cut=cut_off)

    return reply


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """An https server whose authority is trusted; nobody waits for it longer than a second."""
    certificates = make_certificates(tmp_path / "tls", [])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    monkeypatch.setattr(archive_source, "_PATIENCE", Patience(pace=0.02, retry_for=1.0, timeout=10.0))
    with ScriptedServer(certificates) as running:
        yield running


def test_an_https_address_will_do(raw: Path, folder: Path, server: ScriptedServer) -> None:
    """A source behind a signed address is read, resumed where the connection breaks, and its signature not printed."""
    server.on("GET", "/b101", ranged(raw.read_bytes()))
    result = sanitise(f"{server.url}/b101?{QUERY}", folder / "clean.dump")
    assert result.exit_code == 0, result.output
    assert server.count("GET", "/b101") == 2
    assert_nobody_in(result.output)


@pytest.mark.parametrize(
    "reply", [Reply(403), Reply(404), Reply(200, b"PGDMP")], ids=["expired", "missing", "without ranges"]
)
def test_an_address_that_does_not_answer_is_bad_input(folder: Path, server: ScriptedServer, reply: Reply) -> None:
    """It ends with 3, says which server without the signature, and leaves nothing behind."""
    server.on("GET", "/b101", reply)
    result = sanitise(f"{server.url}/b101?{QUERY}", folder / "clean.dump")
    assert result.exit_code == BAD_INPUT
    assert f"{server.url}/b101" in result.stderr
    assert_nobody_in(result.output)
    assert list(folder.iterdir()) == []


def test_certificates_are_checked(folder: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose authority is unknown is not read from."""
    monkeypatch.delenv("SSL_CERT_FILE")
    result = sanitise(f"{server.url}/b101?{QUERY}", folder / "clean.dump")
    assert result.exit_code == BAD_INPUT
    assert server.seen == []


@pytest.mark.parametrize("address", ["http://127.0.0.1/b101?", "ftp://127.0.0.1/b101?", "https://[/b101?"])
def test_only_https_is_fetched(folder: Path, address: str) -> None:
    """Addresses of other kinds, and what is none, are refused without a word of their query."""
    result = sanitise(f"{address}{QUERY}", folder / "clean.dump")
    assert result.exit_code == REFUSED
    assert_nobody_in(result.output)


def start(folder: Path, **options: object) -> subprocess.Popen[bytes]:
    """Start `sanitise` from a pipe, as a user's shell does."""
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [BUCKS, "archive", "sanitise", "-", folder / "clean.dump", "--profile", "local"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )


def wait_for_a_draft(folder: Path) -> Path:
    """Wait until the copy has begun, and give its private folder."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        for draft in folder.glob(".bucks-archive-*/draft"):
            return draft.parent
        time.sleep(0.05)
    raise AssertionError("no draft was begun")


@pytest.mark.parametrize("order", [signal.SIGKILL, signal.SIGINT])
def test_a_copy_that_is_stopped_leaves_no_target(raw: Path, folder: Path, order: signal.Signals) -> None:
    """Killed while its source stalls, it leaves at most a private folder; interrupted, nothing at all."""
    process = start(folder)
    assert process.stdin
    process.stdin.write(cut(raw.read_bytes()))
    process.stdin.flush()
    scratch = wait_for_a_draft(folder)
    assert stat.S_IMODE(scratch.stat().st_mode) == 0o700
    process.send_signal(order)
    process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode != 0
    assert list(folder.iterdir()) == ([scratch] if order == signal.SIGKILL else [])


def test_a_full_disk_leaves_nothing(raw: Path, folder: Path) -> None:
    """Where the copy cannot be written whole, it ends with 1, says why in a sentence and removes it."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    process = start(folder, preexec_fn=limit, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})
    printed, _ = process.communicate(raw.read_bytes(), timeout=WAIT_SECONDS)
    assert process.returncode == FAILED, printed
    assert b"File too large. Nothing was left behind." in printed
    assert b"Traceback" not in printed
    assert list(folder.iterdir()) == []
