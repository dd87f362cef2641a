"""Resets of staging that were begun, for tests at the simulator of Heroku, and what it lists afterwards."""

from bc_pipelines.operations import backups
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.target import facts_of
from bc_pipelines.operations.tools import Tools
from bc_pipelines_tests.sandbox.heroku.simulated import STAGING


def begin(tools: Tools, run_id: str, **facts: object) -> ResetRecord:
    """The record of a reset of staging that was just planned."""
    target = facts_of(tools.heroku.database(STAGING))
    return tools.records.open_reset(run_id, "staging", STAGING, "a tester", "typed", target=target, **facts)


def broken_off(tools: Tools) -> str:
    """A reset that wiped staging and stopped; gives the name of its rollback point."""
    record = begin(tools, "run-1")
    point = backups.set_rollback_point(tools, record, lambda _: None).name
    tools.records.note(record, State.WIPING)
    return point


def kept(tools: Tools) -> list[str]:
    """Staging's backups as Heroku lists them, newest first."""
    return [transfer.name for transfer in tools.heroku.transfers(STAGING) if transfer.good]
