"""The command `bucks archive` and the world: servers that it reads from, terminals, signals, full disks."""

from __future__ import annotations

import json
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
from bc_pipelines_tests.archive_commands import BUCKS, QUERY, WAIT_SECONDS, assert_nobody_in, bucks, cut, sanitise
from bc_pipelines_tests.archive_samples import BULK, dump_site
from bc_pipelines_tests.heroku.scripted import Reply, ScriptedServer, Seen
from bc_pipelines_tests.postgres import Cluster


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


@pytest.mark.parametrize("order", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_copy_that_is_stopped_leaves_no_target(raw: Path, folder: Path, order: signal.Signals) -> None:
    """Killed while its source stalls, it leaves at most a private folder; interrupted or ended, nothing at all."""
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
    assert b"File too large. Nothing new was left behind." in printed
    assert b"Traceback" not in printed
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["raw.dump", "another name.dump"])
def test_the_raw_archive_behind_standard_input_stays(raw: Path, folder: Path, name: str) -> None:
    """The only raw archive, read by redirection, is not replaced by its copy, whatever it is called."""
    only = folder / "raw.dump"
    only.write_bytes(raw.read_bytes())
    if name != only.name:
        (folder / name).hardlink_to(only)
    for options in ([name], ["clean.dump", "--manifest", name]):
        with only.open("rb") as file:
            ended = subprocess.run(
                [BUCKS, "archive", "sanitise", "-", *options, "--profile", "local", "--force"],
                cwd=folder,
                stdin=file,
                capture_output=True,
                timeout=WAIT_SECONDS,
                check=False,
            )
        assert ended.returncode == REFUSED, ended
        assert b"is the raw archive itself" in ended.stderr
        assert only.read_bytes() == raw.read_bytes()
        assert sorted(path.name for path in folder.iterdir()) == sorted({only.name, name})


def test_a_retried_download_prints_json_only(raw: Path, server: ScriptedServer) -> None:
    """A server that is busy at first, and a connection that breaks, leave no line among the JSON, nor beside it."""
    whole = ranged(raw.read_bytes())
    server.on("GET", "/b101", lambda seen: whole(seen) if len(server.seen) > 1 else Reply(503))
    ended = subprocess.run(
        [BUCKS, "archive", "inspect", f"{server.url}/b101?{QUERY}", "--rows", "--json"],
        capture_output=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert server.count("GET", "/b101") == 3
    assert (ended.returncode, ended.stderr) == (0, b""), ended
    assert json.loads(ended.stdout)["compression"] == "gzip"


def to_a_full_disk(*arguments: str | Path) -> tuple[int, str]:
    """Run the command with standard output to a full disk: exit code and standard error."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [BUCKS, "archive", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            # Without this variable Python holds output back, and fails only where it is flushed.
            env={key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"},
            timeout=WAIT_SECONDS,
            check=False,
        )
    return ended.returncode, ended.stderr.decode()


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_result_that_cannot_be_printed_is_said(raw: Path, folder: Path, option: list[str]) -> None:
    """A copy that is in its place is not denied because standard output is full; a failure keeps its own exit code."""
    target = folder / "clean.dump"
    unprinted = "result could not be printed: No space left on device."
    code, said = to_a_full_disk("sanitise", raw, target, "--profile", "local", *option)
    assert (code, said) == (FAILED, f"Failed. {target} is written and proven, but the {unprinted}\n")
    assert target.exists()
    assert to_a_full_disk("inspect", raw, *option) == (FAILED, f"Failed. The {unprinted}\n")
    code, said = to_a_full_disk("sanitise", raw, target, "--profile", "local", *option)
    assert (code, said) == (REFUSED, f"Refused. {target} is there already; --force replaces it. Nothing was written.\n")


@pytest.mark.parametrize("command", [["inspect"], ["suggest"], ["prove", "--against", "/dev/null"]])
def test_a_file_that_cannot_be_read_on_is_bad_input(command: list[str]) -> None:
    """A file whose reading fails on the way (here: the kernel's, without memory at its beginning) ends with 3."""
    result = bucks(command[0], "/proc/self/mem", *command[1:])
    assert result.exit_code == BAD_INPUT
    assert "/proc/self/mem cannot be read to its end: Input/output error." in result.stderr
