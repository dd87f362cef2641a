"""Captures, restores, cancellations and ends of the simulator in any order: what it says is what the databases hold."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.sandbox.heroku.simulated import PRODUCTION, STAGING, Simulated
from bc_pipelines_tests.waiting import until

KEPT = 2
"""Backups that production's plan keeps; few, so that some are evicted."""
STALE, BROKEN = "as before", "half restored, or empty"
SLOW = 0.4
"""Seconds for which a slow transfer waits, so that something can happen to it."""


class Step(NamedTuple):
    """One thing that happens; what `slow` and `choice` mean depends on it."""

    name: str
    slow: bool
    choice: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["restore", "capture", "cancel", "restart", "write"]),
        st.booleans(),
        st.integers(0, KEPT - 1),
    ),
    min_size=8,
    max_size=14,
)
Held = int | str
"""What staging holds: the number that production held when the restored backup was captured, or one of the above."""


class Course:
    """A simulator and what must be true of it. Production holds a number, which each backup carries along.

    Args:
        own: A simulator of this course's own, with the databases as the fixtures made them.
    """

    def __init__(self, own: Simulated) -> None:
        self.own = own
        self.number = 0
        self.captured: dict[str, int] = {}
        self.restoring: list[dict[str, Any]] = []
        self.cancelled: set[str] = set()
        self.possible: set[Held] = {STALE}
        with psycopg.connect(own.databases[0], autocommit=True) as connection:
            connection.execute("CREATE TABLE number AS SELECT 0 AS value")

    def take(self, steps: list[Step]) -> None:
        """Take all steps, from a first backup to the end of everything."""
        self.capture(slow=False)
        self.settle()
        for step in steps:
            match step.name:
                case "restore":
                    self.restore(step.slow, step.choice)
                case "capture":
                    self.capture(step.slow)
                case "cancel":
                    self.cancel(step.choice)
                case "restart":
                    self.restart(suddenly=step.slow)
                case "write":
                    self.write()
        self.settle()

    def restore(self, slow: bool, choice: int) -> None:
        """A restore of one of the good backups is asked for."""
        good = self.good_backups()
        backup = good[choice % len(good)]
        self.order("restore", slow)
        transfer = self.own.restore(backup["to_url"])
        self.restoring.append({**transfer, "backup": backup["uuid"]})

    def capture(self, slow: bool) -> None:
        """A backup is asked for."""
        self.order("backup", slow)
        transfer = self.own.capture()
        assert transfer["num"] == 101 + len(self.captured)
        self.captured[transfer["uuid"]] = self.number

    def cancel(self, choice: int) -> None:
        """One of the transfers that have not ended is cancelled."""
        both = [(app, each) for app in (PRODUCTION, STAGING) for each in self.own.transfers(app)]
        running = [(app, each["uuid"]) for app, each in both if not each["finished_at"]]
        if running:
            app, uuid = running[choice % len(running)]
            self.own.api.post(f"/client/v11/apps/{app}/transfers/{uuid}/actions/cancel")
            self.cancelled.add(uuid)

    def restart(self, suddenly: bool) -> None:
        """The simulator ends, in good order or not, and another one starts."""
        if suddenly:
            self.own.kill()
        else:
            self.own.stop()
        self.own.start()

    def write(self) -> None:
        """Another number comes into production, while no backup of it is being captured."""
        self.settle()
        self.number += 1
        with psycopg.connect(self.own.databases[0], autocommit=True) as connection:
            connection.execute("UPDATE number SET value = %s", (self.number,))

    def settle(self) -> None:
        """Everything comes to its end, and then everything agrees."""
        both = (PRODUCTION, STAGING)
        until(lambda: all(each["finished_at"] for app in both for each in self.own.transfers(app)))
        self.check_backups()
        self.check_staging()

    def order(self, kind: str, slow: bool) -> None:
        """Make the next transfer of a kind a slow one."""
        if slow:
            self.own.fault(on="transfer", kind="delay", transfer=kind, seconds=SLOW)

    def good_backups(self) -> list[dict[str, Any]]:
        """The backups that can be restored, newest first."""
        return [transfer for transfer in self.own.transfers(PRODUCTION) if transfer["succeeded"]]

    def check_backups(self) -> None:
        """Only what was cancelled failed; the newest good ones are kept, with the number of their time, and no more."""
        listed, good = self.own.transfers(PRODUCTION), self.good_backups()
        failed = {transfer["uuid"] for transfer in listed if not transfer["succeeded"]}
        assert failed <= self.cancelled
        not_failed = [uuid for uuid in self.captured if uuid not in failed]
        assert [transfer["uuid"] for transfer in good] == not_failed[::-1][:KEPT]
        folder = Path(self.own.config["state_dir"]) / "backups"
        assert {path.name: path.stat().st_size for path in folder.iterdir()} == {
            transfer["uuid"]: transfer["processed_bytes"] for transfer in good
        }
        for transfer in good:
            assert self.number_in(folder / transfer["uuid"]) == self.captured[transfer["uuid"]]

    def number_in(self, archive: Path) -> int:
        """The number that a backup carries."""
        program = Path(self.own.config["pg_bin"]) / "pg_restore"
        command: list[str | Path] = [program, "--data-only", "--table=number", "--file=-", archive]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return int(text.partition("FROM stdin;\n")[2].partition("\n")[0])

    def check_staging(self) -> None:
        """Staging holds what the last good restore brought, unless a later one broke off after the wipe."""
        for begun in self.restoring:
            value = self.captured[begun["backup"]]
            ended = self.own.api.get(f"/client/v11/apps/{STAGING}/transfers/{begun['uuid']}?verbose=true").json()
            if ended.get("succeeded"):
                self.possible = {value}
                continue
            if "uuid" in ended:
                good = {transfer["uuid"] for transfer in self.good_backups()}
                assert ended["uuid"] in self.cancelled or begun["backup"] not in good, ended
            # One that is listed no more made room for newer ones, and may have ended in any way.
            untouched = "logs" in ended and "waiting for restore to complete" not in str(ended["logs"])
            if not untouched:
                self.possible |= {value, BROKEN}
        self.restoring.clear()
        assert staging_holds(self.own.databases[1]) in self.possible


def staging_holds(url: str) -> Held:
    """What a database holds: the number where everything else is there too."""
    with psycopg.connect(url, autocommit=True) as connection:
        tables = {name for (name,) in connection.execute("SELECT relname FROM pg_stat_user_tables")}
        if tables == {"only_on_staging", "thing"}:
            return STALE
        if tables != {"number", "page", "visitor"}:
            return BROKEN
        counts = connection.execute("SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM visitor)").fetchone()
        keys = connection.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'f'").fetchone()
        row = connection.execute("SELECT value FROM number").fetchone()
    return int(row[0]) if row and (counts, keys) == ((3000, 100), (1,)) else BROKEN


# Without shrinking: a course takes seconds, and the steps of one that fails are few enough to read.
@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(steps=STEPS)
def test_the_simulator_and_the_databases_always_agree(
    tmp_path_factory: pytest.TempPathFactory,
    certificates: Certificates,
    cluster: Cluster,
    databases: tuple[str, str],
    refill: Callable[[], None],
    steps: list[Step],
) -> None:
    """Whatever happens in whatever order, transfers, backups and databases tell the same story."""
    refill()
    own = Simulated(tmp_path_factory.mktemp("course"), certificates, cluster.bin_dir, databases)
    own.config["apps"][0]["addon"]["num_keep"] = KEPT
    with own.running():
        Course(own).take(steps)
