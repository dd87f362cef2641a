"""`make ui` as a person has it in a terminal: one command in the foreground, Ctrl-C, `kill`, a crash.

Belongs here: the process and what is left of it. Does not belong here: pages (see `pages.py`).
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bc_pipelines.sandbox.up import down
from bc_pipelines.sandbox.world import load

PATIENCE = 180.0
"""Seconds for anything on a busy machine; nothing is asserted about time."""
BUCKS = [sys.executable, "-c", "from bc_pipelines.cli import main; main()"]
_READY = re.compile(r"The UI is ready: (http://127\.0\.0\.1:\d+)")


class RunningUi:
    """The sandbox with Dagster's UI on it.

    Args:
        root: the sandbox's root folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = ""
        self.said: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    @property
    def running(self) -> bool:
        """Whether the command is in the foreground."""
        return self._process is not None and self._process.poll() is None

    def begin(self) -> None:
        """Type the command, as the leader of a process group, as a shell does it."""
        self.said = []
        self._process = subprocess.Popen(
            self._command(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # What a crash leaves in the temporary folder goes with the sandbox's.
            env={**os.environ, "TMPDIR": str(self.root.parent)},
        )
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()

    def start(self) -> None:
        """Type the command and wait until it says that the UI is ready."""
        self.begin()
        self.wait_for_words("The UI is ready")
        found = _READY.search("\n".join(self.said))
        assert found, self.said
        self.url = found[1]

    def wait_for_words(self, words: str) -> None:
        """Wait until the command has printed some words."""
        until(lambda: not self.running or any(words in line for line in self.said), words)
        assert self.running, "\n".join(self.said)

    def run_beside(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Type the command once more in another terminal, and wait for its end."""
        return subprocess.run(self._command(*arguments), capture_output=True, text=True, timeout=PATIENCE, check=False)

    def interrupt(self) -> int:
        """Type Ctrl-C: the terminal sends SIGINT to the whole foreground group. Gives the exit code."""
        process = self._foreground()
        os.killpg(process.pid, signal.SIGINT)
        return process.wait(PATIENCE)

    def terminate(self) -> int:
        """`kill` the command, and only that. Gives the exit code."""
        process = self._foreground()
        process.terminate()
        return process.wait(PATIENCE)

    def crash(self) -> None:
        """End everything of Dagster's at once, as a power cut would; the sandbox ends by itself then."""
        for pid in [*self._of_the_product(), self._foreground().pid]:
            os.kill(pid, signal.SIGKILL)
        self._foreground().wait(PATIENCE)
        until(lambda: not self.left_over(), "the end of the sandbox")

    def kill(self) -> None:
        """End the command `bucks ui` without a word, and only that; what it started must see to itself."""
        [pid] = [pid for pid in self._of_the_product() if _read(pid, "cmdline").endswith("main()\0ui\0")]
        os.kill(pid, signal.SIGKILL)

    def left_over(self) -> list[str]:
        """Command lines of processes that still belong to the sandbox or the UI."""
        world = load(self.root)
        folders = [str(self.root), str(world.postgres.home)] if world else [str(self.root)]
        found = set(self._of_the_product())
        for pid in _pids():
            if any(folder in _read(pid, "cmdline") for folder in folders):
                found.add(pid)
        return [line for pid in found if (line := _read(pid, "cmdline").replace("\0", " "))]

    def remove(self) -> None:
        """Stop whatever runs and delete the sandbox."""
        if self.running:
            self.terminate()
        down(self.root, destroy=True)

    def _command(self, *arguments: str) -> list[str]:
        return [*BUCKS, "sandbox", "run", "--root", str(self.root), "--", *BUCKS, "ui", *arguments]

    def _foreground(self) -> subprocess.Popen[str]:
        assert self._process is not None, "the command was not typed"
        return self._process

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            self.said.extend(iter(lines.readline, ""))

    def _of_the_product(self) -> list[int]:
        home = f"DAGSTER_HOME={self.root / 'dagster'}\0"
        return [pid for pid in _pids() if home in _read(pid, "environ")]


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, up to a bound that fails the test."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(0.1)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        # It ended meanwhile, or is somebody else's.
        return ""
