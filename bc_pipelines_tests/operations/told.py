"""Resets as they stand when somebody is told of them, on the sandbox's mail server, its Slack, and real records."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import psycopg
import pytest

from bc_pipelines.contacts import Contacts, SlackChannel
from bc_pipelines.operations import notices
from bc_pipelines.operations.notices import Outcome
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.tools import Tools, open_tools
from bc_pipelines.sandbox import slack as workspace
from bc_pipelines.sandbox.world import World
from bc_pipelines_tests.notices.servers import free_port
from bc_pipelines_tests.operations.test_report import MANIFEST
from bc_pipelines_tests.sandbox.heroku.simulated import STAGING

FACTS: dict[str, Any] = {
    "source_backup": "b012",
    "rollback_point": "b007",
    "wiping_since": "2026-11-02T09:31:00+00:00",
    "downtime_seconds": 61.4,
    "release": 42,
    "accounts_put_back": 1,
    "acknowledged": {"lost": {"pages": 3}, "warnings": []},
    "media_in": {"copied": 5, "bytes": 1_000_000, "deleted": 0},
    "media_settled": {"copied": 1, "bytes": 500_000, "deleted": 2},
    "checks": {"passed": 32, "warned": 1, "failed": []},
}
RUNS = count(1)
TELL: dict[str, Callable[..., Outcome]] = {"colleagues": notices.tell_colleagues, "client": notices.tell_client}


@pytest.fixture
def tools(world: World) -> Iterator[Tools]:
    """The run's tools, on the sandbox, with no record yet."""
    with psycopg.connect(world.database_url("dagster"), autocommit=True) as connection:
        connection.execute("drop schema if exists bc_pipelines cascade")
    with open_tools() as tools:
        yield tools


def stopped_at(tools: Tools, state: State, **facts: object) -> ResetRecord:
    """A reset that came this far, and its manifest."""
    run_id = f"{next(RUNS):08}-of-these-tests"
    record = tools.records.open_reset(run_id, "staging", STAGING, "A colleague", "typed", **FACTS)
    tools.archives.put_text(f"archives/{record.id}.manifest.json", json.dumps(MANIFEST), "application/json")
    return tools.records.note(record, state, **facts)


def finished(tools: Tools, **facts: object) -> ResetRecord:
    """A reset that is done."""
    return stopped_at(tools, State.DONE, **facts)


def messages(world: World, record: ResetRecord) -> list[dict[str, str]]:
    """The messages about a reset, oldest first."""
    return [message for message in workspace.messages(world) if record.id in message["text"]]


def channel(tools: Tools) -> SlackChannel:
    """Where colleagues are told."""
    assert tools.settings.contacts.slack is not None
    return tools.settings.contacts.slack


@contextmanager
def locked(tools: Tools) -> Iterator[None]:
    """With the lock, as a run has it."""
    tools.lock.acquire("a-run-of-these-tests", "notice")
    try:
        yield
    finally:
        tools.lock.release()


def tell(tools: Tools, which: str, record: ResetRecord, *more: str) -> Outcome:
    """Tell somebody as a run does."""
    with locked(tools):
        return TELL[which](tools, record, *more)


def tell_colleagues(tools: Tools, record: ResetRecord) -> Outcome:
    """Tell colleagues as a run does."""
    return tell(tools, "colleagues", record)


def without_servers(tools: Tools) -> Tools:
    """The same tools, where nobody listens at either server."""
    contacts = tools.settings.contacts
    assert contacts.mail is not None
    nowhere = Contacts(
        replace(channel(tools), api_url=f"https://127.0.0.1:{free_port()}/api/"),
        replace(contacts.mail, port=free_port()),
    )
    return replace(tools, settings=replace(tools.settings, contacts=nowhere))
