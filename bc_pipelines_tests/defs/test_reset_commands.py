"""`bucks reset` and its sub-commands where no run is started: what must be typed, and what is on record."""

import json

import pytest
from typer.testing import CliRunner, Result

from bc_pipelines.cli import app
from bc_pipelines.operations.lock import ResetLock
from bc_pipelines.operations.record import Records, State
from bc_pipelines_tests.postgres import Cluster

STAGING = "buckinghamshire-staging"


def bucks(*arguments: str) -> Result:
    """Type `bucks reset` and more."""
    return CliRunner().invoke(app, ["reset", *arguments])


@pytest.mark.usefixtures("environments")
@pytest.mark.parametrize("command", [[], ["roll-back"]], ids=["reset", "roll-back"])
def test_without_a_name_it_says_what_to_type_and_what_is_wiped(command: list[str]) -> None:
    """One sentence, exit code 2, and no run."""
    said = bucks(*command)
    assert said.exit_code == 2
    typed = " ".join(["bucks reset", *command, "--confirm", STAGING])
    assert f"Type {typed} to wipe the database of {STAGING} and everything made on it" in said.output
    assert len(said.output.splitlines()) == 1


def test_nothing_on_record(records: Records) -> None:
    """A new installation says so."""
    assert bucks("status").output == "Staging was never reset by this product.\n"
    assert bucks("history").output == "Nothing is on record yet.\n"
    assert json.loads(bucks("history", "--json").output) == []


def test_a_reset_that_went_through(records: Records) -> None:
    """Status says when and for whom; history lists it with its way back."""
    record = records.open_reset("run-1", "staging", STAGING, "Ada [of the team]", "typed")
    records.note(record, State.DONE, rollback_point="b007", rollback_raw=True)
    said = bucks("status")
    assert said.exit_code == 0
    assert f"{STAGING} was reset on" in said.output
    assert f"as Ada [of the team] asked (reset {record.id})" in said.output
    assert "b007, raw data" in bucks("history").output
    listed = json.loads(bucks("history", "--json").output)
    assert [(each["id"], each["state"], each["facts"]["rollback_point"]) for each in listed] == [
        (record.id, "done", "b007")
    ]


def test_a_reset_that_was_broken_off(records: Records) -> None:
    """Status ends with 1 and says what to do."""
    record = records.open_reset("run-1", "staging", STAGING, "Ada", "typed")
    records.note(record, State.WIPING, rollback_point="b007", maintenance_on=True)
    said = bucks("status")
    assert said.exit_code == 1
    assert f"Reset {record.id} stopped on" in said.output
    assert f"bucks reset roll-back --confirm {STAGING}" in said.output
    assert json.loads(bucks("status", "--json").output)["broken_off"] is True


def test_a_reset_that_is_under_way(records: Records, cluster: Cluster) -> None:
    """Status names the run that has staging, and whoever finds a half-done reset is not told to mend it."""
    records.note(records.open_reset("run-1", "staging", STAGING, "Ada", "typed"), State.WIPING)
    lock = ResetLock(cluster.url("dagster"))
    lock.acquire("run-1", "reset", "Ada")
    try:
        said = bucks("status")
        assert json.loads(bucks("status", "--json").output)["under_way"]["run"] == "run-1"
    finally:
        lock.release()
    assert said.exit_code == 0
    assert said.output.startswith("A reset is under way (run run-1 by Ada, since ")


def test_newest_first_and_no_more_than_asked_for(records: Records) -> None:
    """Many resets: the limit counts from the newest."""
    for number in range(3):
        records.open_reset(f"run-{number}", "staging", STAGING, "Ada", "typed")
    assert [each["run_id"] for each in json.loads(bucks("history", "--json", "--limit", "2").output)] == [
        "run-2",
        "run-1",
    ]
