"""`python -m benchmarks.sampled RESULT sanitise ARCHIVE TARGET` or `… RESULT prove PIPE`: one process, looked at often.

A timer of the kernel that counts processor time (setitimer(2), ITIMER_PROF) interrupts it a few hundred times a second
of work, and where Python then is, is counted. That costs a hundredth, where a profiler that is told of each call would
make small functions look expensive; and it needs no right to look into processes, as a profiler from outside does.
Belongs here: counting. Does not belong here: what a place means (stages.py).
"""

import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

_EVERY_SECONDS = 0.002

Stacks = Counter[tuple[str, ...]]


def main(result: Path, what: str, *arguments: str) -> None:
    """Do one of the two works, and write what was seen.

    Args:
        result: the file for it: processor seconds before the first look and in all, and how often each stack was seen.
        what: `sanitise` or `prove`.
        arguments: of the work.
    """
    stacks: Stacks = Counter()

    def look(_signal: int, frame: FrameType | None) -> None:
        stacks[_places(frame)] += 1

    before = time.process_time()
    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_SECONDS, _EVERY_SECONDS)
    if what == "sanitise":
        _sanitise(Path(arguments[0]), Path(arguments[1]))
    else:
        _prove(arguments[0])
    signal.setitimer(signal.ITIMER_PROF, 0)
    seen = {"before": before, "seconds": time.process_time(), "stacks": [[*each] for each in stacks.items()]}
    result.write_text(json.dumps(seen), encoding="utf-8")


def _places(frame: FrameType | None) -> tuple[str, ...]:
    """Where a process is, `module:function` each, the innermost first."""
    places = []
    while frame:
        places.append(f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}")
        frame = frame.f_back
    return tuple(places)


# Imported where they are used: what that takes is a part of the work.
def _sanitise(archive: Path, target: Path) -> None:
    from bc_pipelines.privacy.catalogue import Catalogue
    from bc_pipelines.privacy.sanitiser import sanitise
    from benchmarks.work import POLICY

    with archive.open("rb") as source, target.open("w+b") as written:
        sanitise(source, written, Catalogue.load(), POLICY)


def _prove(pipe: str) -> None:
    from bc_pipelines.proof.child import main as proof

    if proof([pipe]):
        raise RuntimeError("the proof could not be carried out")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
