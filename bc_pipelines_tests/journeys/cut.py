"""A run in a process of its own, in which a process is killed with signal 9 at one exact place.

`python -m …cut HOW PLACE WHEN VICTIM`: HOW is `reset`, or the last parts of the keys of assets that are materialised
alone, joined by commas. PLACE is `module:function` of the product, WHEN `before` or `after`; an empty PLACE lets the
run come to its end. VICTIM is the number of a server's process group, or 0 for the run itself.
"""

import contextlib
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import dagster_postgres.utils

from bc_pipelines.defs.launch import run_reset
from bc_pipelines_tests.journeys.world import STAGING


def cut_at(place: str, when: str, victim: int) -> None:
    """Put the victim's end before or after a function of the product; only the run itself ends with it at once."""
    module_name, _, name = place.partition(":")
    module = importlib.import_module(module_name)
    original = getattr(module, name)

    def cut(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as the function takes and gives them
        given = original(*arguments, **options) if when == "after" else None
        if victim:
            end(victim)
            # Dagster waits six seconds for each answer of a server that is gone, and this one stays so.
            vars(dagster_postgres.utils)["calculate_delay"] = lambda **_: 0.0
        else:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options) if when == "before" else given

    setattr(module, name, cut)


def end(server: int) -> None:
    """Kill a server's group and its children: PostgreSQL's have groups of their own, and answer for a moment more."""
    children = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat") if parent_of(path) == server]
    os.killpg(server, signal.SIGKILL)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def parent_of(stat: Path) -> int:
    """A process's parent, as proc(5) has it: the second field after the name; 0 where it has ended meanwhile."""
    try:
        return int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def materialise(names: list[str]) -> bool:
    """Materialise some of staging's assets as somebody does who selects them in the UI, with their checks."""
    from bc_pipelines.definitions import defs

    job = defs.resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey(["staging", name]) for name in names]
    with dg.DagsterInstance.get() as instance:
        return job.execute_in_process(instance=instance, asset_selection=keys, raise_on_error=False).success


if __name__ == "__main__":
    how, place, when, victim = sys.argv[1:5]
    if place:
        cut_at(f"bc_pipelines.operations.{place}", when, int(victim))
    succeeded = run_reset(STAGING, "a journey", print).succeeded if how == "reset" else materialise(how.split(","))
    sys.exit(0 if succeeded else 1)
