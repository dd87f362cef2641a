"""Guarding the worker: a bound on its memory, one on the time of each input, a new worker after each that failed."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

SECONDS_AN_INPUT = 60
MEMORY_BOUND = 512 << 20


@dataclass(frozen=True)
class Finding:
    """An input that did what none may do.

    Attributes:
        number: of the input.
        what: the undocumented exception, or which bound was broken.
        trace: where an exception came from.
    """

    number: int
    what: str
    trace: str = field(default="", repr=False)


@dataclass
class Result:
    """What a run saw.

    Attributes:
        outcomes: how many inputs ended in which way.
        findings: the inputs that must not have ended that way.
        peak: most memory of any worker, in bytes.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    peak: int = 0

    @property
    def inputs(self) -> int:
        """How many inputs there were."""
        return self.outcomes.total()


def run(folder: Path, seed: int, first: int, wanted: Callable[[int, float], bool]) -> Result:
    """Feed inputs to workers.

    Args:
        folder: the corpus.
        seed: together with a number it makes an input.
        first: the first input's number.
        wanted: asked before each input, with how many there were and the seconds since the start.
    """
    result, started, number = Result(), time.monotonic(), first
    while wanted(result.inputs, time.monotonic() - started):
        worker = _Worker(folder, seed, number)
        try:
            while wanted(result.inputs, time.monotonic() - started):
                finding, healthy = worker.next_input(result)
                number += 1
                result.findings += [finding] if finding else []
                if not healthy:
                    break
        finally:
            worker.end()
    return result


class _Silence(Exception):
    """A worker said nothing, and why."""


class _Worker:
    """A process that works through inputs."""

    def __init__(self, folder: Path, seed: int, first: int) -> None:
        command = (sys.executable, "-m", "benchmarks.fuzz.worker", str(folder), str(seed), str(first))
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._number = first
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def next_input(self, result: Result) -> tuple[Finding | None, bool]:
        """Wait for the next input's end; what was wrong with it, and whether the worker can go on."""
        number, self._number = self._number, self._number + 1
        try:
            self._line()
            said = self._line()
        except _Silence as silence:
            result.outcomes[f"!{silence}"] += 1
            return Finding(number, str(silence)), False
        outcome, peak = str(said["outcome"]), int(str(said["peak"]))
        result.outcomes[outcome] += 1
        result.peak = max(result.peak, peak)
        if peak > MEMORY_BOUND:
            return Finding(number, f"memory of {peak >> 20:,} MB"), False
        return (Finding(number, outcome, str(said["trace"])) if outcome.startswith("!") else None), True

    def end(self) -> None:
        """End the process, and the thread that listens to it."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def _line(self) -> dict[str, object]:
        try:
            line = self._lines.get(timeout=SECONDS_AN_INPUT)
        except queue.Empty:
            raise _Silence("hang") from None
        if not line:
            raise _Silence("the worker ended")
        said: dict[str, object] = json.loads(line)
        return said

    def _read(self) -> None:
        with cast(IO[str], self._process.stdout) as stream:
            for line in stream:
                self._lines.put(line)
        self._lines.put("")
