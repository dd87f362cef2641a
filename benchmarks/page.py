"""The table in a terminal, and docs/benchmarks.md."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from rich.table import Table

from benchmarks.figures import Row

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEADINGS = ("What", "Figure", "Bar", "Held")

_TEXT = """\
# Benchmarks

Written by `make bench`, which makes a production, dumps it through a pipe as Heroku does, and measures on that dump
what the design promises. Figures depend on the machine, ratios less so.

{facts}

{table}

## How it is measured

- **Production** is the sandbox's site, migrated and seeded by its own commands. The scale multiplies what the public
  sent in, and adds page revisions in bulk, because on a real site those are most of a backup. A page's revisions share
  all but a few of their blocks.
- **CPU** is user and system time of all processes taken together, start of the interpreter included. A plain restore is
  `pg_restore --jobs=2` of the raw archive into an empty database; the server's share is that of all its processes. The
  server runs without fsync and autovacuum, which makes the restore look cheaper than it is. Rounds in which both run,
  one after the other: {repeat}. The one in the middle is shown. What the clock says counts for little, because it knows
  who else was busy.
- **Memory** is the most that a process ever had resident. The sanitiser and the proof are two processes, and the bar
  holds for each.
- **The import** is what `import bc_pipelines.definitions` takes after `import dagster`, in CPU seconds.
- **The codec** passes all rows of the large archive in one process. Each way does more than the one before: bytes as
  they stand; decompressed to count rows; split into fields, joined and compressed anew.
"""


def facts(archives: Sequence[Path], server: str, scale: int, revisions: int) -> dict[str, str]:
    """What a reader must know to judge the figures; nothing that names the machine.

    Args:
        archives: the raw archives, the large one last.
        server: PostgreSQL's version.
        scale: of the production.
        revisions: how many were added in bulk.
    """
    return {
        "Date": date.today().isoformat(),  # noqa: DTZ011  a day is precise enough in any time zone
        "Cores": str(len(os.sched_getaffinity(0))),
        "Python": platform.python_version(),
        "PostgreSQL": server,
        "Archives": " and ".join(f"{archive.stat().st_size / 1e6:,.1f} MB" for archive in archives),
        "Production": f"scale {scale:,}, with {revisions:,} page revisions",
    }


def table(rows: Sequence[Row]) -> Table:
    """The table for a terminal."""
    shown = Table(*HEADINGS, title="Benchmarks")
    for row in rows:
        shown.add_row(*_cells(row), style="red" if row.held is False else None)
    return shown


def write(path: Path, rows: Sequence[Row], known: Mapping[str, str], repeat: int) -> None:
    """Write the page.

    Args:
        path: the file, made anew.
        rows: the table.
        known: what ``facts`` says.
        repeat: how often both sides of a pair were measured.
    """
    lines = [HEADINGS, ("---",) * len(HEADINGS), *map(_cells, rows)]
    text = _TEXT.format(
        facts="\n".join(f"- {name}: {value}" for name, value in known.items()),
        table="\n".join(f"| {' | '.join(cells)} |" for cells in lines),
        repeat=repeat,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _cells(row: Row) -> tuple[str, ...]:
    held = {True: "yes", False: "**no**", None: "-"}[row.held]
    return row.what.value, row.figure, row.bar or "-", held
