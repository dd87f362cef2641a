"""Pictures of where the time goes, as SVG."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

from benchmarks.figures import Measured
from benchmarks.stages import Profile

mpl.use("svg")
# The same figures give the same file.
mpl.rcParams.update({"svg.hashsalt": "benchmarks", "svg.fonttype": "none"})


def draw(path: Path, measured: Measured) -> None:
    """Draw processor seconds of each way from a backup to a staging database, by who spends them.

    Args:
        path: the file, made anew.
        measured: what is drawn; of several rounds, the first.
    """
    each = measured.rounds[0]
    parts = {
        "sanitiser": (each.refresh.sanitiser, 0.0, 0.0),
        "proof": (each.refresh.proof, 0.0, 0.0),
        "client programs": (each.refresh.client, each.plain.client, each.documented.client),
        "database server": (each.refresh.server, each.plain.server, each.documented.server),
    }
    names = ("sanitise, prove,\nrestore, check", "plain restore", "restore, SQL,\ndump, restore")
    _bars(path, names, parts, height=3)


def draw_profile(path: Path, profile: Profile) -> None:
    """Draw processor seconds of each stage of sanitising and proving, by process.

    Args:
        path: the file, made anew.
        profile: what is drawn.
    """
    names = tuple(profile.proof)
    parts = {
        "sanitiser": tuple(profile.sanitiser[name] for name in names),
        "proof": tuple(profile.proof[name] for name in names),
    }
    _bars(path, names, parts, height=4)


def _bars(path: Path, names: Sequence[str], parts: Mapping[str, Sequence[float]], height: float) -> None:
    """A bar each name, made of its parts."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, height), layout="constrained")
    axes = figure.subplots()
    left = [0.0] * len(names)
    for part, seconds in parts.items():
        axes.barh(names, seconds, left=left, label=part)
        left = [start + more for start, more in zip(left, seconds, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("processor seconds")
    axes.legend()
    figure.savefig(path, format="svg", metadata={"Date": None})
