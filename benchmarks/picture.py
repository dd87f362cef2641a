"""A picture of where the time goes, as SVG."""

from pathlib import Path

import matplotlib as mpl

from benchmarks.figures import Measured

mpl.use("svg")
# The same figures give the same file.
mpl.rcParams.update({"svg.hashsalt": "benchmarks", "svg.fonttype": "none"})


def draw(path: Path, measured: Measured) -> None:
    """Draw processor seconds of each way from a backup to a staging database, by who spends them.

    Args:
        path: the file, made anew.
        measured: what is drawn; of several rounds, the first.
    """
    from matplotlib.figure import Figure

    each = measured.rounds[0]
    parts = {
        "sanitiser": (each.work.sanitiser_cpu, 0.0, 0.0),
        "proof": (each.work.proof_cpu, 0.0, 0.0),
        "client programs": (each.ours.client, each.plain.client, each.documented.client),
        "database server": (each.ours.server, each.plain.server, each.documented.server),
    }
    names = ("sanitise, prove\nand restore", "plain restore", "restore, SQL,\ndump, restore")
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    left = [0.0] * len(names)
    for part, seconds in parts.items():
        axes.barh(names, seconds, left=left, label=part)
        left = [start + more for start, more in zip(left, seconds, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("processor seconds")
    axes.legend()
    figure.savefig(path, format="svg", metadata={"Date": None})
