"""The one resource: the tools of a run, opened before its first step and closed after its last."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import PrivateAttr

from bc_pipelines.defs.reaper import mark
from bc_pipelines.operations.tools import Tools, open_tools


class ToolsResource(dg.ConfigurableResource["ToolsResource"]):
    """Settings, Heroku, the archive store, the reset records and the lock.

    Everything is read from environment variables when a run starts, so that no secret is part of a definition. With
    the in-process executor it is opened once per run, and the lock that a step takes is held until the run's end.
    """

    _tools: Tools = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["ToolsResource"]:
        """Open the tools for one run, and mark the run with the process that carries it out."""
        if context.instance is not None and context.run is not None:
            mark(context.instance, context.run.run_id)
        with open_tools() as tools:
            self._tools = tools
            yield self

    @property
    def now(self) -> Tools:
        """The tools of this run."""
        return self._tools
