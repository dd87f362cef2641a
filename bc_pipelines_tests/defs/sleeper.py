"""A run that only waits, in a process of its own that a test can kill: `python -m bc_pipelines_tests.defs.sleeper`.

It marks itself as every run of the product does, through the tools of a run, and ends when its input does.
"""

import sys

import dagster as dg

from bc_pipelines.defs.resources import ToolsResource


@dg.op
def wait(tools: ToolsResource) -> None:
    """Wait until the parent is gone or closes the pipe."""
    sys.stdin.read()


@dg.job(resource_defs={"tools": ToolsResource()}, executor_def=dg.in_process_executor)
def sleeper() -> None:
    """A run that only waits."""
    wait()


if __name__ == "__main__":
    with dg.DagsterInstance.get() as instance:
        sleeper.execute_in_process(instance=instance, run_id=sys.argv[1])
