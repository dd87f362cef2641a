"""Recognising and ending processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bc_pipelines.sandbox.processes import Process, Server, birth, launch, record, recorded, wait_until

SLEEPER = (sys.executable, "-c", "import time; time.sleep(300)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(300)\n",
)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder for logs and records."""
    return tmp_path


def test_a_process_is_known_by_its_birth(logs: Path) -> None:
    """A recorded process is found while it runs, and no longer once it has ended."""
    child = launch(Server("sleeper", SLEEPER), logs)
    try:
        record(logs, "sleeper", child.pid)
        found = recorded(logs, "sleeper")
        assert found is not None
        assert found.pid == child.pid
    finally:
        child.kill()
        child.wait()
    assert recorded(logs, "sleeper") is None


def test_a_reused_process_id_is_not_ours(logs: Path) -> None:
    """Somebody else's process under the recorded id is neither seen as ours nor ended."""
    child = launch(Server("sleeper", SLEEPER), logs)
    try:
        (logs / "sleeper.json").write_text(json.dumps({"name": "sleeper", "pid": child.pid, "birth": "long ago"}))
        assert recorded(logs, "sleeper") is None
        Process("sleeper", child.pid, "long ago").end(grace=0.1)
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_an_ended_process_that_nobody_waited_for_is_dead(logs: Path) -> None:
    """A zombie does not count as running."""
    child = launch(Server("short", (sys.executable, "-c", "")), logs)
    assert wait_until(lambda: birth(child.pid) is None, 20)
    child.wait()


@pytest.mark.parametrize("text", ["", "{", "{}", '{"pid": 1}'])
def test_a_damaged_record_is_no_record(logs: Path, text: str) -> None:
    """A record that a crash cut off stands for nothing."""
    (logs / "x.json").write_text(text)
    assert recorded(logs, "x") is None


def test_whoever_does_not_listen_is_killed_with_its_group(logs: Path) -> None:
    """After the grace a process that ignores SIGTERM is killed, and its children with it."""
    child = launch(Server("stubborn", STUBBORN), logs)
    try:
        assert wait_until(lambda: (logs / "stubborn.log").read_text().strip().isdigit(), 20)
        grandchild = int((logs / "stubborn.log").read_text())
        born = birth(child.pid)
        assert born is not None
        Process("stubborn", child.pid, born).end(grace=0.2)
        assert child.wait(10) == -signal.SIGKILL
        assert wait_until(lambda: birth(grandchild) is None, 10)
    finally:
        child.kill()
        child.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_server_ends_with_its_parent(logs: Path) -> None:
    """Even when the parent is killed, what it launched ends."""
    program = (
        "import sys, time; from pathlib import Path; from bc_pipelines.sandbox.processes import *\n"
        f"child = launch(Server('orphan', {SLEEPER!r}), Path(sys.argv[1])); print(child.pid, flush=True)\n"
        "time.sleep(300)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(logs)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        orphan = int(parent.stdout.readline())
        assert birth(orphan) is not None
        parent.kill()
    assert wait_until(lambda: birth(orphan) is None, 20)


def test_servers_inherit_little(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's credentials for the real world never reach a server."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "for the real cloud")
    monkeypatch.setenv("HEROKU_API_KEY", "for the real Heroku")
    show = (sys.executable, "-c", "import os; print(sorted(os.environ))")
    assert launch(Server("show", show, {"OWN": "1"}), logs).wait(20) == 0
    shown = (logs / "show.log").read_text()
    assert "'OWN'" in shown
    assert "AWS_" not in shown
    assert "HEROKU_" not in shown


def test_logs_and_secrets_are_private(logs: Path) -> None:
    """A log has mode 0600 and a server's text form shows no environment."""
    server = Server("quiet", (sys.executable, "-c", ""), {"PASSWORD": "hunter2"})
    assert launch(server, logs).wait(20) == 0
    assert (logs / "quiet.log").stat().st_mode & 0o077 == 0
    assert "hunter2" not in repr(server)


def test_waiting_has_a_bound() -> None:
    """What never becomes so is given up."""
    assert not wait_until(lambda: False, 0.2)
    assert wait_until(lambda: os.getpid() > 0, 0)
