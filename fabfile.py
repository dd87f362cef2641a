"""The names of the runbook: `fab --list`."""

from bc_pipelines.fab import *  # noqa: F403
