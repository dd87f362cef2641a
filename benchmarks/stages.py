"""Where the time of sanitising and proving goes: the product's functions, gathered into stages that people can name.

Belongs here: which function belongs to which stage, and adding up. Does not belong here: looking (sampled.py).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bc_pipelines.proof.collector import _ENVIRONMENT as PROOFS_ENVIRONMENT
from benchmarks.production import CHECKOUT
from benchmarks.work import STAFF_DOMAINS

_SECONDS = 3600
START, OTHER = "Start and imports", "Everything else"
STAGES: Mapping[str, Sequence[str]] = {
    START: ("importlib._bootstrap",),
    "Control": ("bc_pipelines.proof.control",),
    "Unpacking": (
        "bc_pipelines.pgarchive.rows:inflate",
        "bc_pipelines.pgarchive.reader:Block.framed",
        "bc_pipelines.pgarchive.reader:_runs",
    ),
    "Packing and writing": (
        "bc_pipelines.pgarchive.writer:BlockWriter._compress",
        "bc_pipelines.pgarchive.writer:ArchiveWriter.write",
    ),
    "Cutting text into rows": (
        "bc_pipelines.pgarchive.rows",
        "bc_pipelines.pgarchive.reader:Block.row_batches",
        "bc_pipelines.pgarchive.writer",
    ),
    "Table of contents and rules": (
        "bc_pipelines.pgarchive.toc",
        "bc_pipelines.pgarchive.schema",
        "bc_pipelines.privacy.catalogue",
        "bc_pipelines.privacy.plan",
        "bc_pipelines.proof.sources",
    ),
    "Rewriting rows": ("bc_pipelines.privacy.sanitiser:_Pass.run",),
    "Taking identifiers": ("bc_pipelines.proof.gather",),
    "Uncovering hidden text": ("bc_pipelines.proof.hidden",),
    "Cutting text up": ("bc_pipelines.proof.text", "bc_pipelines.proof.seams"),
    "Looking up": ("bc_pipelines.proof.layer", "bc_pipelines.proof.register"),
    "Leaving out what was seen": ("bc_pipelines.proof.search",),
    "Which row and column": ("bc_pipelines.proof.scan",),
}
"""By stage: modules of the product, or `module:function` of one. The first stage of which any function is at work has
the time, so that what is done for the control, or to take identifiers, is theirs."""


@dataclass(frozen=True)
class Profile:
    """Processor seconds by stage.

    Attributes:
        sanitiser: of the process that sanitises.
        proof: of the proof's process.
    """

    sanitiser: dict[str, float]
    proof: dict[str, float]


def profile(archive: Path, folder: Path) -> Profile:
    """Sanitise and prove an archive once more, one after the other, being looked at.

    Args:
        archive: the raw archive.
        folder: for what is written.
    """
    written = folder / "sampled.dump"
    sanitiser = _seen(folder, archive, "sanitise", archive, written)
    choices = {"staff_domains": sorted(STAFF_DOMAINS), "staff_passwords": "keep", "public": [], "shows": False}
    reading, writing = os.pipe()
    try:
        for command in (choices, {"target": str(written), "jobs": 1}):
            os.write(writing, json.dumps(command).encode() + b"\n")
        proof = _seen(folder, archive, "prove", reading, pipe=reading)
    finally:
        os.close(writing)
        os.close(reading)
    return Profile(sanitiser, proof)


def _seen(folder: Path, archive: Path, *arguments: str | Path | int, pipe: int | None = None) -> dict[str, float]:
    result = folder / "seen.json"
    # The proof's process has an environment of its own, the other one has its parent's.
    environment = None if pipe is None else PROOFS_ENVIRONMENT
    command = (sys.executable, "-m", "benchmarks.sampled", *map(str, (result, *arguments)))
    with archive.open("rb") as raw:
        done = subprocess.run(
            command, env=environment, stdin=raw, capture_output=True, cwd=CHECKOUT, timeout=_SECONDS,
            pass_fds=() if pipe is None else (pipe,), check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"a process that was looked at failed:\n{done.stderr.decode(errors='replace')[-2000:]}")
    seen = json.loads(result.read_text(encoding="utf-8"))
    return by_stage(seen["before"], seen["seconds"], seen["stacks"])


def by_stage(before: float, seconds: float, stacks: Iterable[tuple[Sequence[str], int]]) -> dict[str, float]:
    """Share processor seconds out among the stages.

    Args:
        before: seconds before the first look.
        seconds: in all.
        stacks: where the process was, `module:function` each and the innermost first, and how often.

    Returns:
        Seconds of every stage, in their order.
    """
    looks = dict.fromkeys((*STAGES, OTHER), 0)
    for places, count in stacks:
        looks[stage(places)] += count
    each = (seconds - before) / max(1, sum(looks.values()))
    return {name: count * each + (before if name == START else 0) for name, count in looks.items()}


def stage(places: Sequence[str]) -> str:
    """The stage that a process is at, from where it is."""
    here = {*places, *(place.partition(":")[0] for place in places)}
    return next((name for name, members in STAGES.items() if here.intersection(members)), OTHER)
