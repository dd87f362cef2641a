"""Each notice once, whatever happens in between: on the sandbox's mail server, its Slack, and real records.

That a reset stopped is told in test_stopped.py.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from bc_pipelines.contacts import Contacts
from bc_pipelines.operations import notices
from bc_pipelines.operations.errors import GateClosed, Refused
from bc_pipelines.operations.notices import Outcome, Which
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.report import report_of
from bc_pipelines.operations.tools import Tools, open_tools
from bc_pipelines.sandbox import mail as post_office
from bc_pipelines.sandbox.world import World
from bc_pipelines_tests.notices.servers import fault
from bc_pipelines_tests.operations.told import (
    RUNS,
    TELL,
    channel,
    finished,
    locked,
    messages,
    stopped_at,
    tell,
    tell_colleagues,
    without_servers,
)
from bc_pipelines_tests.operations.told import tools as tools
from bc_pipelines_tests.sandbox.heroku.simulated import STAGING

NOW = datetime.now(UTC).isoformat()
BOTH = pytest.mark.parametrize("which", list(TELL))


def again(tools: Tools, record: ResetRecord) -> ResetRecord:
    """The record as it stands now."""
    found = tools.records.get(record.id)
    assert found is not None
    return found


def mails(world: World, record: ResetRecord) -> list[Path]:
    """The mails about a reset."""
    return [path for path in post_office.mails(world) if record.id in path.name]


def told(world: World, which: str, record: ResetRecord) -> int:
    """How often somebody was told."""
    return len(messages(world, record) if which == "colleagues" else mails(world, record))


def tell_client(tools: Tools, record: ResetRecord, *after_looking: notices.AfterLooking) -> Outcome:
    """Tell the client as a run does."""
    return tell(tools, "client", record, *after_looking)


def kill(record: ResetRecord, which: str, place: str) -> None:
    """Tell in another process, which is killed on the way."""
    command = [sys.executable, "-m", "bc_pipelines_tests.operations.telling", record.id, which, place]
    assert subprocess.run(command, timeout=60, check=False).returncode == -9


@BOTH
def test_somebody_is_told_once(tools: Tools, world: World, which: str) -> None:
    """The second time it is said when it was, and nothing is sent."""
    record = finished(tools)
    assert tell(tools, which, record).state == "sent"
    repeated = tell(tools, which, again(tools, record))
    assert repeated.state == "sent before"
    assert "It was sent before, at 20" in repeated.words
    assert told(world, which, record) == 1


def test_the_figures_are_the_resets_own(tools: Tools) -> None:
    """From the record and the manifest, in both texts; no address that is written to is kept."""
    record = finished(tools)
    colleagues, client = tell_colleagues(tools, record), tell_client(tools, record)
    for words in ("1,200 rows removed", "3 of staff kept with their passwords, 9 replaced, 1 put back", "v42", "b007"):
        assert words in colleagues.text, words
    for words in ("(1,200 rows)", "6 copied (1.5 MB), 2 deleted", "closed for 61 seconds", "gone now: 3 pages."):
        assert words in client.text, words
    assert client.facts["addresses"] == 2
    assert "editors@" not in json.dumps([dict(again(tools, record).facts), dict(client.facts)])


def test_a_reset_that_took_up_others_tells_of_all(tools: Tools) -> None:
    """What is gone is what the first one wiped, and the site was closed since then: the last saw what that left."""
    began = datetime.now(UTC) - timedelta(hours=2)
    first = stopped_at(tools, State.WIPING, wiping_since=began.isoformat())
    second = stopped_at(tools, State.RESTORED, acknowledged={"lost": {"images": 9}}, broken_off=first.id)
    tools.records.note(second, wiping_since=(began + timedelta(minutes=20)).isoformat())
    since = (began + timedelta(minutes=30)).isoformat()
    last = finished(tools, acknowledged={"lost": {}}, broken_off=second.id, wiping_since=since, downtime_seconds=60)
    told_of = notices.told_of(tools, last)
    assert told_of.lost == {"pages": 3}
    assert told_of.figures is not None
    assert told_of.figures.down == timedelta(minutes=31)
    assert dict(report_of(tools, last, ()).figures)["Down for"] == "1860 seconds"


def test_commits_of_the_branch_that_was_replaced_first(tools: Tools) -> None:
    """An earlier reset replaced it and stopped before its wipe: this one saw none of them."""
    lost = {"pages": 3, "commits that only the branch staging has": 0}
    code = {"branch": "staging", "old": "a", "before": "b", "new": "c", "tag": "t", "merged": [], "lost": 2}
    record = finished(tools, acknowledged={"lost": lost}, code=code, code_settled="c")
    assert "3 pages, 2 commits that only the branch staging has." in tell_client(tools, record).text


def test_settings_that_changed_since_are_not_told(tools: Tools) -> None:
    """What was copied then is what people find now."""
    chosen = {"staff_passwords": "replace", "staff_domains": ["council.example"], "media_scope": "images"}
    told_of = notices.told_of(tools, finished(tools, chosen=chosen))
    assert (told_of.keeps_passwords, told_of.staff_domains, told_of.only_images) == (False, ("council.example",), True)


def test_a_schedule_asked(tools: Tools) -> None:
    """Its approval is no name of somebody who asked."""
    approval = "standing approval of web@council.example until 2027-03-31"
    record = replace(finished(tools), requested_by=approval, approval=approval)
    assert notices.told_of(tools, record).asked_by == f"its schedule ({approval})"


def test_after_a_way_back_that_stopped_nothing_can_be_counted(tools: Tools) -> None:
    """It wiped what was made since a finished reset; of an unfinished one, that had counted what it wiped."""
    undone, now = finished(tools, wiping_since=NOW), {"wiping_since": NOW}
    facts = {"undoes": undone.id, **now}
    back = tools.records.open_rollback(f"{next(RUNS):08}", "staging", STAGING, "A colleague", "typed", **facts)
    last = finished(tools, acknowledged={"lost": {}}, broken_off=back.id, **now)
    assert "It was not counted" in tell_client(tools, last).text
    tools.records.note(undone, State.RESTORED)
    tools.records.note(back, broken_off=undone.id)
    assert notices.told_of(tools, last).lost == {"pages": 3}


@BOTH
def test_who_is_not_set_is_not_told(tools: Tools, world: World, which: str) -> None:
    """Nothing is sent, the words say which setting is missing, and no check warns of it."""
    record = finished(tools)
    nobody = replace(tools, settings=replace(tools.settings, contacts=Contacts()))
    outcome = tell(nobody, which, record)
    assert outcome.state == "not configured"
    assert "is not set" in outcome.words
    assert told(world, which, record) == 0
    assert notices.look_at_message(nobody, record).passed
    assert notices.look_at_mail(nobody, record).passed


@BOTH
def test_two_at_once_tell_once(tools: Tools, world: World, which: str) -> None:
    """Of several runs at the same moment one sends; the others send nothing on a guess."""
    record = finished(tools)

    def attempt(_: int) -> str:
        try:
            return TELL[which](tools, record).state
        except GateClosed as refused:
            return str(refused)

    with locked(tools), ThreadPoolExecutor(4) as pool:
        said = list(pool.map(attempt, range(4)))
    assert said.count("sent") == 1
    assert told(world, which, record) == 1


@BOTH
def test_while_a_run_is_sending_no_other_looks(tools: Tools, world: World, which: str) -> None:
    """It would find nothing yet, and send a second one: whoever has the lock is the only one."""
    record = finished(tools)
    with locked(tools), open_tools() as others:
        tools.records.swap(record, Which(f"{which.removesuffix('s')}_notice"), None, {"state": "sending", "since": NOW})
        with pytest.raises(Refused, match="A notice is under way"):
            notices.may_tell(others, "another", "It")
    assert told(world, which, record) == 0


@BOTH
def test_a_lost_lock_sends_nothing(tools: Tools, world: World, which: str) -> None:
    """Dagster's database dropped the connection: another run may be at it."""
    record = finished(tools)
    with locked(tools):
        with psycopg.connect(world.database_url("dagster"), autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'notice %'"
            )
        with pytest.raises(Refused, match="was lost"):
            TELL[which](tools, record)
    assert told(world, which, record) == 0
    assert tell(tools, which, again(tools, record)).state == "sent"


@BOTH
def test_what_surely_failed_is_sent_the_next_time(tools: Tools, world: World, which: str) -> None:
    """The message says what to mend, that staging is ready, and how to send only what is missing."""
    record = finished(tools)
    with pytest.raises(GateClosed, match=r"was not sent\. .* cannot be reached") as caught:
        tell(without_servers(tools), which, record)
    for words in (f"{record.id} is finished", "is open and checked", "job send_notices", "bucks reset notices --send"):
        assert words in str(caught.value), words
    assert tell(tools, which, again(tools, record)).state == "sent"
    assert told(world, which, record) == 1


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_killed_message_is_looked_for(tools: Tools, world: World, place: str) -> None:
    """Killed before or after it was written: the channel is read, and there is one message in the end."""
    record = finished(tools)
    kill(record, "colleagues", place)
    assert told(world, "colleagues", record) == (place == "after")
    assert tell_colleagues(tools, again(tools, record)).state == "sent"
    assert tell_colleagues(tools, again(tools, record)).state == "sent before"
    assert told(world, "colleagues", record) == 1


def test_a_killed_message_is_not_guessed_at(tools: Tools, world: World) -> None:
    """The channel may not be read: nothing is written, and a person is told to look."""
    record = finished(tools)
    kill(record, "colleagues", "after")
    with fault(channel(tools), error="missing_scope"), pytest.raises(GateClosed, match="Nobody knows whether"):
        tell_colleagues(tools, again(tools, record))
    assert told(world, "colleagues", record) == 1


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("found", ["arrived", "lost"])
def test_of_a_killed_mail_a_person_has_to_say(
    tools: Tools, world: World, place: str, found: notices.AfterLooking
) -> None:
    """Not sent again on a guess; the id to look for is named, and a copy that is sent after all has the same."""
    record = finished(tools)
    kill(record, "client", place)
    sent = told(world, "client", record)
    assert sent == (place == "after")
    for _ in range(2):
        with pytest.raises(GateClosed, match="Nobody knows whether this notice went out") as caught:
            tell_client(tools, again(tools, record))
    assert f"<reset.{record.id}.client@torchbox.example>" in str(caught.value)
    assert "--after-looking arrived (or lost)" in str(caught.value)
    assert told(world, "client", record) == sent
    assert tell_client(tools, again(tools, record), found).state == "sent"
    assert told(world, "client", record) == sent + (found == "lost")
    assert all(f"<reset.{record.id}.client@".encode() in path.read_bytes() for path in mails(world, record))
    assert notices.look_at_mail(tools, again(tools, record)).passed
    # Once it is settled, nothing can be settled otherwise.
    assert tell_client(tools, again(tools, record), "lost").state == "sent before"


def test_a_notice_tells_of_what_is_there(tools: Tools) -> None:
    """A reset that is not finished, was undone or wiped over has nothing to tell."""
    with pytest.raises(Refused, match="not finished or was undone"):
        notices.require_finished(tools, "none", "It")
    first = finished(tools)
    assert notices.require_finished(tools, "none", "It").id == first.id
    assert notices.require_finished(tools, first.run_id, "It").id == first.id
    second = stopped_at(tools, State.WIPING)
    for run_id in ("none", second.run_id):
        with pytest.raises(Refused, match="not finished or was undone"):
            notices.require_finished(tools, run_id, "It")
    with pytest.raises(Refused, match=f"wiped again after reset {first.id}"):
        notices.require_finished(tools, first.run_id, "It")
    rollback = tools.records.open_rollback("back", "staging", STAGING, "A colleague", "typed")
    tools.records.note(rollback, State.DONE)
    with pytest.raises(Refused, match="not finished or was undone"):
        notices.require_finished(tools, "none", "It")


def test_the_checks_look_for_themselves(tools: Tools) -> None:
    """The message is read in the channel, and the mail server's answer is shown."""
    record = finished(tools)
    tell_colleagues(tools, record)
    tell_client(tools, record)
    now = again(tools, record)
    assert notices.look_at_message(tools, now).passed
    assert notices.look_at_mail(tools, now).passed
    elsewhere = replace(
        now, facts={**now.facts, Which.COLLEAGUES: {"channel": channel(tools).channel, "ts": "1.000000"}}
    )
    gone = notices.look_at_message(tools, elsewhere)
    assert not gone.passed
    assert "Was it deleted?" in gone.summary
    another = notices.look_at_message(tools, replace(now, id="2026-01-01-0000-another"))
    assert not another.passed


@pytest.mark.parametrize("order", [{"error": "missing_scope"}, {"status": 500}, {"error": "invalid_auth"}], ids=str)
def test_a_check_that_could_not_look_says_so(tools: Tools, order: dict[str, object]) -> None:
    """It is a warning, neither green nor a failure, and holds no token."""
    record = finished(tools)
    tell_colleagues(tools, record)
    with fault(channel(tools), **order):
        verdict = notices.look_at_message(tools, again(tools, record))
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert "nobody has looked" in verdict.summary
    assert channel(tools).token not in repr(verdict)
    with fault(channel(tools), error=f"not you, {channel(tools).token}"):
        verdict = notices.look_at_message(tools, again(tools, record))
    assert "did not show the channel (unreadable)" in verdict.summary
    assert channel(tools).token not in repr(verdict)


def test_a_refused_address_is_a_warning(tools: Tools) -> None:
    """The others got it; the masked address and the server's number are shown."""
    mail = tools.settings.contacts.mail
    assert mail is not None
    some = replace(mail, recipients=("editors@council.example", "gone@refused.invalid"))
    fewer = replace(tools, settings=replace(tools.settings, contacts=Contacts(None, some)))
    record = finished(tools)
    tell_client(fewer, record)
    verdict = notices.look_at_mail(fewer, again(tools, record))
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert "refused 1 of 2 addresses: g…@refused.invalid (550)" in verdict.summary


def test_the_command_sees_what_is_missing(tools: Tools) -> None:
    """Before and after, and where nobody knows."""
    record = finished(tools)
    assert [notice.state for _, notice in notices.of_newest(tools)] == ["not sent", "not sent"]
    tell_colleagues(tools, record)
    kill(record, "client", "before")
    colleagues, client = (notice for _, notice in notices.of_newest(tools))
    assert (colleagues.state, client.state) == ("sent before", "not sent")
    assert "Nobody knows" in client.words
