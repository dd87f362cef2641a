"""`python -m benchmarks.fuzz.worker FOLDER SEED FIRST`: inputs from a number on, one after the other, until ended.

Prints a line of JSON before each input and one after it, so that whoever reads them knows which input did not return.
"""

import json
import resource
import sys
import traceback
from itertools import count
from pathlib import Path

from benchmarks import resources
from benchmarks.fuzz import corpus, drive

# Beyond this there is no memory to be had. What a process maps, not what it uses, so it is well above the bound.
ADDRESS_SPACE = 2 << 30
_LONGEST_TRACE = 2_000


def main(folder: Path, seed: int, first: int) -> None:
    """Feed inputs to the product until somebody ends this process."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    archives = corpus.read(folder)
    for number in count(first):
        archive = drive.damaged(archives, seed, number)
        _say(number=number)
        try:
            said, trace = drive.outcome(archive), ""
        except BaseException as error:
            said, trace = f"!{type(error).__name__}", _trace(error)
        _say(number=number, outcome=said, trace=trace, peak=resources.own_peak())


def _trace(error: BaseException) -> str:
    """Where it came from and what it says, without the exceptions before it."""
    return "".join(traceback.format_exception(error, limit=-4, chain=False))[-_LONGEST_TRACE:]


def _say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
