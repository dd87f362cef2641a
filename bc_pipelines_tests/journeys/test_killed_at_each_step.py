"""A reset's worker is killed with signal 9 at each step, and the PostgreSQL of Dagster in each state; the next goes on.

One row after another on one staging: every run begins where the killed one before it left off, so that going on from a
row is what the next row does first. Up to the restore a new reset goes on; behind it, what is left is materialised
alone. What is not repeated because it is the same: a kill between two rows leaves the record, the database and the site
in the state of one of the two, since each of these changes once between them. A run whose records are out of reach
ends at the same place as one that is killed there, so the same table holds for both, and of the server's ends one for
each state is enough. On the sandbox, that server has staging's database too. Kills while Heroku still restores are
test_killed.py's; Heroku's and the daemon's ends are test_crashes.py's.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from bc_pipelines.operations.lock import holder_of
from bc_pipelines.operations.record import State
from bc_pipelines.sandbox import mail
from bc_pipelines_tests.journeys.test_crashes import POSTGRES, group_of, start_again
from bc_pipelines_tests.journeys.test_killed import newest, until
from bc_pipelines_tests.journeys.world import STAGING, Outside

pytestmark = [
    pytest.mark.usefixtures("first"),
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="what is left of a run is read in /proc"),
]
KILLED = -9
MARK = "BC_JOURNEY"


@dataclass(frozen=True)
class Kill:
    """One killed run.

    Attributes:
        how: `reset`, or what is materialised alone.
        place: function before or after which the process is killed; empty for the run that comes to its end.
        when: `before` or `after` it.
        state: how far the record must have come.
        closed: whether staging must be in maintenance without dynos.
        restores: how many restores Heroku must have been asked for by this run.
        code: whether there must be a new release to push, and it must be pushed.
    """

    how: str
    place: str
    when: str
    state: State
    closed: bool
    restores: int
    code: bool = False


LEFT = "accounts,site_records,ready,served_pages,media,reset_report"
OPEN = "ready,served_pages,media,reset_report"
KILLS = {
    "1 plan": Kill("reset", "reset:begin", "after", State.PLANNED, closed=False, restores=0),
    "1 accounts noted": Kill("reset", "mend:remember_extra_accounts", "after", State.PLANNED, closed=False, restores=0),
    "2 backup": Kill("reset", "backups:_what_it_holds", "before", State.PLANNED, closed=False, restores=0),
    "3 sanitise and prove": Kill("reset", "sanitise:_keep", "before", State.BACKED_UP, closed=False, restores=0),
    "4 media in": Kill("reset", "media_reset:carry_out", "before", State.SANITISED, closed=False, restores=0),
    "5 code": Kill("reset", "code_push:_push", "after", State.SANITISED, closed=False, restores=0, code=True),
    "6 closed, not wiped": Kill("reset", "wipe:_close", "after", State.WIPING, closed=True, restores=0),
    "6 wiped": Kill("reset", "wipe:_follow", "before", State.WIPING, closed=True, restores=1),
    "6 counted": Kill("reset", "mend:put_back_accounts", "before", State.RESTORED, closed=True, restores=1),
    "7 mend": Kill(LEFT, "mend:update_site_records", "after", State.MENDED, closed=True, restores=0),
    "8 ready": Kill(OPEN, "ready:lights_on", "before", State.MENDED, closed=True, restores=0),
    "9 look": Kill(OPEN, "ready:look", "before", State.READY, closed=False, restores=0),
    "9 media settled": Kill("media,reset_report", "media_look:look", "before", State.READY, closed=False, restores=0),
    "10 report": Kill(
        "served_pages,media,reset_report", "reset:finish", "before", State.READY, closed=False, restores=0
    ),
    "10 tell": Kill(
        "reset_report,colleague_notice", "notices:_note_sent", "before", State.DONE, closed=False, restores=0
    ),
    "the end": Kill("colleague_notice,client_notice", "", "", State.DONE, closed=False, restores=0),
}


ONE_OF_EACH_STATE = (
    "2 backup",
    "3 sanitise and prove",
    "5 code",
    "6 wiped",
    "6 counted",
    "7 mend",
    "9 look",
    "10 report",
    "10 tell",
    "the end",
)
"""Rows in which it is the server that dies: one for each state of the record, and what leads from one to the next."""
ROWS = {
    **{f"worker-{name}": ("worker", kill) for name, kill in KILLS.items()},
    **{f"{POSTGRES}-{name}": (POSTGRES, KILLS[name]) for name in ONE_OF_EACH_STATE},
}


@pytest.mark.parametrize(("victim", "kill"), ROWS.values(), ids=ROWS.keys())
def test_a_kill_leaves_a_known_state(outside: Outside, victim: str, kill: Kill) -> None:
    """The record tells how far it came, the site is closed or open as it says, and nothing of the run is left."""
    before, rows = restores(outside), outside.rows("staging") if not outside.maintenance() else {}
    earlier, branch = newest(outside).id, outside.refs()["refs/heads/staging"]
    if kill.code:
        outside.release()
    if victim == POSTGRES and kill.place:
        assert run(kill, group_of(outside, POSTGRES)) == 1
        start_again(outside, POSTGRES)
    else:
        assert run(kill) == (KILLED if kill.place else 0)
    until(lambda: holder_of(outside.world.database_url("dagster")) is None)
    assert newest(outside).state is kill.state
    assert (newest(outside).id != earlier) == (kill.how == "reset"), "it is not this run that was looked at"
    assert outside.maintenance() == kill.closed
    assert any(outside.running().values()) != kill.closed
    assert len(restores(outside) - before) == kill.restores
    assert (outside.refs()["refs/heads/staging"] != branch) == kill.code
    if kill.state.rank < State.WIPING.rank:
        assert outside.rows("staging") == rows


def test_in_the_end_staging_is_as_after_any_reset(outside: Outside) -> None:
    """Open, on its own hosts, sanitised, marked, and nothing is under way at Heroku."""
    record = newest(outside)
    assert not outside.maintenance()
    assert all(".staging." in host for host in outside.sites("staging"))
    assert outside.sql("staging", "select count(*) from wagtailforms_formsubmission") == [(0,)]
    comment = outside.sql("staging", "select obj_description('django_migrations'::regclass)")
    assert comment == [(f"bc_pipelines reset {record.id}",)]
    code, refs = record.facts["code"], outside.refs()
    assert refs["refs/heads/staging"] == code["new"]
    assert refs[f"refs/tags/{code['tag']}"] == code["old"], "the way back was not carried over"
    assert all(t["finished_at"] for t in outside.get(f"/client/v11/apps/{STAGING}/transfers"))
    assert "run" not in {dyno["type"] for dyno in outside.get(f"/apps/{STAGING}/dynos")}


def test_in_the_end_everybody_was_told_once(outside: Outside) -> None:
    """Killed between sending the message and noting it: the next run found it in the channel and sent no second one."""
    record = newest(outside)
    assert sum(f"Reset: {record.id}" in message["text"] for message in outside.messages()) == 1
    assert len(list(mail.folder(outside.world).glob(f"*{record.id}*"))) == 1


def run(kill: Kill, victim: int = 0) -> int:
    """Run it in a process of its own; asserts that no process of it is left, and gives the exit code."""
    mark = uuid4().hex
    command = [sys.executable, "-m", "bc_pipelines_tests.journeys.cut", kill.how, kill.place, kill.when, str(victim)]
    code = subprocess.run(
        command, env=environment(mark), stdout=subprocess.DEVNULL, timeout=300, check=False
    ).returncode
    until(lambda: not left_over(mark))
    return code


def environment(mark: str) -> dict[str, str]:
    """This process's variables and a mark that every child of a run inherits."""
    return {**os.environ, MARK: mark}


def left_over(mark: str) -> list[str]:
    """Processes that carry the mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{MARK}={mark}".encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def restores(outside: Outside) -> set[str]:
    """The restores of staging that Heroku lists; it keeps a few, so that a new one may drive out an old one."""
    return {transfer["uuid"] for transfer in outside.transfers(STAGING, "pg_restore")}
