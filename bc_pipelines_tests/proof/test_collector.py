"""The proof's own process: pipes, deaths and errors."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from bc_pipelines.proof import Collector, Match, Proof, ProofFailed
from bc_pipelines.proof.scan import KEYS_KEPT
from bc_pipelines.proof.verdict import MOST_SHOWN
from bc_pipelines_tests.planted import STAFF_DOMAINS, planted
from bc_pipelines_tests.proof.archives import Maker, prove, read_to_the_end
from bc_pipelines_tests.proof.test_scan import EMAIL, RAW, WRITTEN_STAFF

END_SECONDS = 20.0


@pytest.fixture
def written(maker: Maker, tmp_path: Path) -> Path:
    """An archive in which nothing is left but an account of staff."""
    path = tmp_path / "written.dump"
    path.write_bytes(maker.archive({"users_user": [WRITTEN_STAFF]}))
    return path


@pytest.fixture
def raw(maker: Maker, tmp_path: Path) -> Path:
    """The raw archive of it."""
    path = tmp_path / "raw.dump"
    path.write_bytes(maker.archive(RAW))
    return path


def test_two_files_are_proven(raw: Path, written: Path) -> None:
    """The process gathers, searches and answers; the answer survives its way through JSON."""
    proof = prove(written, raw, STAFF_DOMAINS)
    assert proof.passed, proof.reason
    assert "none was found" in proof.summary()
    assert Proof.from_json(proof.to_json()) == proof


def test_the_raw_archive_against_itself_fails(raw: Path) -> None:
    """A sanitiser that did nothing is found out."""
    proof = prove(raw, raw, STAFF_DOMAINS)
    assert not proof.passed
    assert {hit.table for hit in proof.hits} == {"users_user", "feedback_feedbackcomment"}


def test_staff_passwords_can_be_replaced_too(raw: Path, written: Path) -> None:
    """Where staff are to get new passwords, their old hashes are searched for."""
    proof = prove(written, raw, STAFF_DOMAINS, "replace")
    assert [(hit.column, hit.kind) for hit in proof.hits] == [("password", "password hash")]


def test_what_was_declared_public_reaches_the_process(raw: Path) -> None:
    """The reviewed list goes over the pipe of commands, never into the process's arguments."""
    plain = prove(raw, raw, STAFF_DOMAINS)
    with raw.open("rb") as source, Collector(staff_domains=STAFF_DOMAINS, public=["jobloggs7"]) as collector:
        read_to_the_end(collector.tee(source))
        assert b"jobloggs7" not in Path(f"/proc/{collector.pid}/cmdline").read_bytes()
        proof = collector.search(raw)
    assert proof.reviewed == 1
    assert set(proof.hits) | set(proof.declared) == set(plain.hits)


def test_a_terminal_is_shown_what_was_found(raw: Path) -> None:
    """Each text that fails comes with its place, and stays out of the result and of any repr."""
    shown: list[Match] = []
    proof = prove(raw, raw, STAFF_DOMAINS, public=["jobloggs7"], show=shown.append)
    texts = {(match.column, match.key, match.kind, match.text) for match in shown}
    assert texts == {
        ("email", 1, "email", EMAIL),
        ("first_name, last_name", 1, "full name", "josephine bloggs"),
        ("first_name", 1, "half a name, unchanged in its own row", "josephine"),
        ("last_name", 1, "half a name, unchanged in its own row", "bloggs"),
        ("issue", 5, "free text", "the lamp outside our house hums"),
        ("action", 5, "phone", "01632960555"),
        ("action", 5, "free text", "call 01632 960555"),
    }
    kept = proof.to_json() + repr(proof) + proof.summary() + repr(shown)
    assert not [match for match in shown if match.text in kept]


WIDE = {
    "users_user": ("email", "username"),
    "wagtailcore_page": ("title", "draft_title", "slug", "seo_title", "search_description", "url_path"),
    "wagtailcore_pagelogentry": ("label", "action"),
    "django_admin_log": ("object_repr", "change_message"),
}


@pytest.mark.parametrize(("tables", "number"), [(["users_user"], 2 * KEYS_KEPT), (list(WIDE), MOST_SHOWN)])
def test_no_more_is_shown_than_somebody_reads(maker: Maker, tmp_path: Path, tables: list[str], number: int) -> None:
    """A sanitiser that did nothing does not flood the terminal: a few texts of each column, and a bounded number."""
    people = range(2 * KEYS_KEPT)
    rows = {
        table: [{"id": str(n), **dict.fromkeys(WIDE[table], f"p{n}@home.example")} for n in people] for table in tables
    }
    raw = tmp_path / "raw.dump"
    raw.write_bytes(maker.archive(rows))
    shown: list[Match] = []
    proof = prove(raw, raw, show=shown.append)
    assert sum(hit.count for hit in proof.hits) == len(people) * sum(len(WIDE[table]) for table in tables)
    assert len(shown) == number


@pytest.mark.parametrize("shows", [True, False])
def test_texts_stay_in_the_process_unless_they_are_asked_for(raw: Path, shows: bool) -> None:
    """What the process sends back holds a text only where somebody asked to see it."""
    reading, writing = os.pipe()
    choices = {"staff_domains": [], "staff_passwords": "keep", "public": [], "shows": shows}
    for command in (choices, {"target": str(raw), "jobs": 1}):
        os.write(writing, json.dumps(command).encode() + b"\n")
    with raw.open("rb") as source:
        process = subprocess.run(
            [sys.executable, "-m", "bc_pipelines.proof", str(reading)],
            stdin=source,
            pass_fds=(reading,),
            stdout=subprocess.PIPE,
            check=True,
            timeout=60,
        )
    os.close(reading)
    os.close(writing)
    assert (EMAIL.encode() in process.stdout) is shows


def test_every_byte_passes_the_tee_unchanged(site: Path, written: Path) -> None:
    """The reader gets what the source holds, in whatever pieces it asks for, more than a pipe takes at once."""
    with site.open("rb") as source, Collector(staff_domains=STAFF_DOMAINS) as collector:
        stream = collector.tee(source)
        pieces = [stream.read(5), stream.read(100_000)]
        while piece := stream.read(70_001):
            pieces.append(piece)
        assert b"".join(pieces) == site.read_bytes()
        assert collector.search(written).passed


def test_a_truncated_raw_archive_is_no_proof(site: Path, written: Path, tmp_path: Path) -> None:
    """Identifiers in the missing part would never be searched for."""
    short = tmp_path / "short.dump"
    short.write_bytes(site.read_bytes()[:-2000])
    with pytest.raises(ProofFailed, match=r"TruncatedArchive.*must not be used"):
        prove(written, short, STAFF_DOMAINS)


def test_a_raw_stream_that_was_not_read_to_its_end_is_no_proof(raw: Path, written: Path) -> None:
    """Asking for the result early is an error, not a pass."""
    with raw.open("rb") as source, Collector(staff_domains=STAFF_DOMAINS) as collector:
        collector.tee(source).read(1000)
        with pytest.raises(ProofFailed, match="TruncatedArchive"):
            collector.search(written)


@pytest.mark.parametrize("content", [b"", b"PGDMP", b"not an archive at all"])
def test_what_is_no_archive_is_no_proof(raw: Path, tmp_path: Path, content: bytes) -> None:
    """A written archive that cannot be read fails the proof."""
    target = tmp_path / "broken.dump"
    target.write_bytes(content)
    with pytest.raises(ProofFailed, match="not proven"):
        prove(target, raw, STAFF_DOMAINS)


def test_a_written_archive_that_is_not_there_is_no_proof(raw: Path, tmp_path: Path) -> None:
    """A wrong path fails the proof."""
    with pytest.raises(ProofFailed, match="FileNotFoundError"):
        prove(tmp_path / "missing.dump", raw, STAFF_DOMAINS)


def test_a_killed_process_stops_the_reader(site: Path) -> None:
    """There is no use in reading on, and no silent pass."""
    with site.open("rb") as source, Collector(staff_domains=STAFF_DOMAINS) as collector:
        stream = collector.tee(source)
        stream.read(1000)
        kill(collector)
        with pytest.raises(ProofFailed, match="could not be carried out"):
            read_to_the_end(stream)


def test_a_process_that_is_killed_before_the_search_gives_no_result(raw: Path, written: Path) -> None:
    """Dying between the raw archive and the result is an error as well."""
    with raw.open("rb") as source, Collector(staff_domains=STAFF_DOMAINS) as collector:
        read_to_the_end(collector.tee(source))
        kill(collector)
        with pytest.raises(ProofFailed, match="without an answer"):
            collector.search(written)


def test_a_deadline_ends_the_search(raw: Path, written: Path) -> None:
    """A search that takes too long is no proof, and its process is gone afterwards."""
    with raw.open("rb") as source, Collector(staff_domains=STAFF_DOMAINS, deadline=0.0) as collector:
        read_to_the_end(collector.tee(source))
        with pytest.raises(ProofFailed, match="did not end within"):
            collector.search(written)
    assert ended(collector.pid)


def test_an_error_of_the_reader_ends_the_process(raw: Path) -> None:
    """Whatever goes wrong while the raw archive is read, no process stays behind."""
    collector = Collector(staff_domains=())
    with pytest.raises(KeyError), raw.open("rb") as source, collector:
        fail_while_reading(collector.tee(source))
    assert ended(collector.pid)


def test_the_process_ends_when_its_parent_dies(raw: Path) -> None:
    """A parent that is killed takes the process with it."""
    parent = (
        "import os, sys\nfrom bc_pipelines.proof import Collector\n"
        "collector = Collector(staff_domains=())\ncollector.__enter__()\n"
        "collector.tee(open(sys.argv[1], 'rb')).read(5)\nprint(collector.pid, flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    result = subprocess.run([sys.executable, "-c", parent, str(raw)], capture_output=True, check=False, timeout=60)
    assert result.returncode == -signal.SIGKILL, result.stderr
    pid = int(result.stdout)
    deadline = time.monotonic() + END_SECONDS
    while not ended(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ended(pid)


def test_errors_and_results_show_no_value(site: Path, tmp_path: Path) -> None:
    """Neither a damaged archive's error nor a failed proof's result holds a planted word."""
    damaged = tmp_path / "damaged.dump"
    content = bytearray(site.read_bytes())
    content[-3000] ^= 0xFF
    damaged.write_bytes(content)
    with pytest.raises(ProofFailed) as caught:
        prove(damaged, site, STAFF_DOMAINS)
    shown = f"{caught.value!r} {caught.value.__cause__!r} {prove(site, site, STAFF_DOMAINS).to_json()}"
    assert not [plant for plant in planted() if plant.word in shown]


def test_the_process_gets_no_environment(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens of the parent's environment are not handed on."""
    monkeypatch.setenv("HEROKU_API_KEY", "planted-token")
    with Collector(staff_domains=()) as collector:
        environment = Path(f"/proc/{collector.pid}/environ").read_bytes()
        command = Path(f"/proc/{collector.pid}/cmdline").read_bytes()
    assert b"planted-token" not in environment + command


def fail_while_reading(stream: BinaryIO) -> None:
    """Read a little, and fail."""
    stream.read(100)
    raise KeyError


def kill(collector: Collector) -> None:
    """End the collector's process and wait until it has ended."""
    os.kill(collector.pid, signal.SIGKILL)
    deadline = time.monotonic() + END_SECONDS
    while not ended(collector.pid) and time.monotonic() < deadline:
        time.sleep(0.01)


def ended(pid: int) -> bool:
    """Whether a process is gone, or is only waiting to be reaped."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"
