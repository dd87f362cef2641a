"""Staging's branch in a reset, on a real git server and real records: forward, back, and broken off between."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.operations import code, code_push
from bc_pipelines.operations.errors import GateClosed, OutOfReach, Refused
from bc_pipelines.operations.record import ResetRecord, State
from bc_pipelines.operations.standing import standing
from bc_pipelines.operations.tools import Tools
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines_tests.branches.remote import Remote, new_remote, serving
from bc_pipelines_tests.operations.begun import begin
from bc_pipelines_tests.sandbox.heroku.simulated import STAGING

BRANCH = "refs/heads/staging"


class Site:
    """A repository, tools that name it, and the runs of resets.

    Args:
        remote: the repository.
        tools: tools without it.
    """

    def __init__(self, remote: Remote, tools: Tools) -> None:
        self.remote = remote
        self.tools = replace(tools, settings=replace(tools.settings, repository=remote.settings))
        self.runs = 0

    def change(self, **changes: object) -> Tools:
        """Tools with other settings of the repository."""
        settings = replace(self.remote.settings, **changes)  # type: ignore[arg-type]
        return replace(self.tools, settings=replace(self.tools.settings, repository=settings))

    def begin(self) -> ResetRecord:
        """A reset that was planned and came to its archive."""
        self.runs += 1
        facts = code_push.planned(self.tools, "staging", code.look(self.tools))
        record = begin(self.tools, f"run-{self.runs}", **facts)
        return self.tools.records.note(record, State.SANITISED)

    def now(self) -> str:
        """Where the branch is."""
        return self.remote.refs()[BRANCH]

    def release(self) -> None:
        """One more commit on the main branch."""
        main = self.remote.refs()["refs/heads/master"]
        self.remote.commit("master", {f"release-{main[:6]}": "1\n"}, main)

    def begin_back(self, undone: ResetRecord) -> ResetRecord:
        """The way back from a reset, as it was planned."""
        again = self.tools.records.get(undone.id)
        assert again is not None
        self.runs += 1
        facts = {"code": again.facts["code"], "undoes": undone.id}
        return self.tools.records.open_rollback(f"run-{self.runs}", "staging", STAGING, "a tester", "typed", **facts)

    def back(self, undone: ResetRecord, tools: Tools | None = None) -> Verdict:
        """Go back from a reset, as far as the branch is concerned."""
        return code_push.put_back(tools or self.tools, self.begin_back(undone))


@pytest.fixture
def site(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """One feature on staging, and a release since; the lock is held."""
    certificates = make_certificates(tmp_path / "tls", [])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    with serving(tmp_path, certificates) as address:
        remote = new_remote(tmp_path, address, certificates, "site")
        remote = replace(remote, settings=replace(remote.settings, stale_days=100_000))
        begun = remote.commit("master", {"manage.py": "1\n"})
        feature = remote.commit("feature", {"f": "1\n"}, begun)
        remote.commit("staging", {"f": "1\n"}, begun, feature)
        made = Site(remote, tools)
        made.release()
        tools.lock.acquire("run-1", "reset")
        yield made


def test_forward_and_back(site: Site) -> None:
    """The new branch is pushed with a tag, the record says so only afterwards, and the way back leads to the same."""
    old, record = site.now(), site.begin()
    done, verdict = code_push.carry_out(site.tools, record)
    facts = site.tools.records.of_run(record.run_id)
    assert facts is not None
    assert verdict.passed, verdict.summary
    assert site.now() == record.facts["code"]["new"] != old
    assert site.remote.refs()[f"refs/tags/{record.facts['code']['tag']}"] == old
    assert facts.facts["code_settled"] == site.now()
    assert "is kept as the tag staging-before-" in done
    assert site.back(record).passed
    assert site.now() == old


def test_a_repeat_finds_it_done(site: Site) -> None:
    """Nothing is pushed twice, and the tag stays."""
    record = site.begin()
    code_push.carry_out(site.tools, record)
    refs = site.remote.refs()
    done, verdict = code_push.carry_out(site.tools, record)
    assert verdict.passed
    assert "already; nothing was pushed" in done
    assert site.remote.refs() == refs


def test_nothing_to_push(site: Site) -> None:
    """A reset without a release since the last one leaves the branch alone, and makes no tag."""
    code_push.carry_out(site.tools, site.tools.records.note(site.begin(), State.DONE))
    refs, record = site.remote.refs(), site.begin()
    assert (record.facts["code"]["tag"], record.facts["code"]["old"]) == (None, site.now())
    assert code_push.carry_out(site.tools, record)[1].passed
    assert site.remote.refs() == refs
    assert site.back(record).passed


@pytest.mark.parametrize(
    "ends", [["before"], ["after"], ["after", "before"], ["before", "after"], ["after", "release", "after"]]
)
def test_broken_off_resets_keep_the_way_back(site: Site, ends: list[str]) -> None:
    """Wherever resets break off, the one that comes to its end leads back to the branch as it was before the first."""
    old = site.now()
    for end in ends:
        if end == "release":
            site.release()
            continue
        record = site.begin()
        if end == "after":
            with code.fetched_copy(site.tools) as git:
                code_push._settle(site.tools, record, git, record.facts["code"])
    last = site.begin()
    assert code_push.carry_out(site.tools, last)[1].passed
    assert site.now() == last.facts["code"]["new"]
    site.tools.records.note(last, State.DONE)
    assert site.back(last).passed
    assert site.now() == old


def test_commits_that_an_earlier_reset_took_away_are_counted(site: Site) -> None:
    """It pushed and stopped; the next one finds nothing on the branch that could be lost, and people are told of it."""
    site.remote.commit("staging", {"theirs": "1\n"}, site.now())
    first = site.begin()
    code_push.carry_out(site.tools, first)
    site.release()
    assert [record.facts["code"]["lost"] for record in (first, site.begin(), site.begin())] == [1, 1, 1]


@pytest.mark.parametrize("put_back", [False, True])
def test_a_way_back_that_broke_off_keeps_the_way_back(site: Site, put_back: bool) -> None:
    """The database's rollback point is kept from the reset that it was to undo, and so is the branch's."""
    old, undone = site.now(), site.begin()
    code_push.carry_out(site.tools, undone)
    site.tools.records.note(undone, State.DONE)
    back = site.begin_back(undone)
    site.tools.records.note(back, State.WIPING)
    if put_back:
        assert code_push.put_back(site.tools, back).passed
    site.release()
    last = site.begin()
    code_push.carry_out(site.tools, last)
    site.tools.records.note(last, State.DONE)
    assert site.back(last).passed
    assert site.now() == old


@pytest.mark.parametrize(("kind", "state"), [("reset", State.READY), ("back", State.PLANNED), ("back", State.DONE)])
def test_what_was_opened_or_not_touched_is_no_way_back(site: Site, kind: str, state: State) -> None:
    """As with the database: after a site that is open again, its own state is what leads back."""
    first = site.begin()
    code_push.carry_out(site.tools, first)
    site.tools.records.note(first, state if kind == "reset" else State.DONE)
    if kind == "back":
        site.tools.records.note(site.begin_back(first), state)
    now = site.now()
    site.release()
    last = site.begin()
    code_push.carry_out(site.tools, last)
    assert site.back(last).passed
    assert site.now() == now


def test_somebody_pushed_since_the_plan(site: Site) -> None:
    """Nobody has seen that in a plan, so it is not replaced; the message says what is where."""
    record = site.begin()
    theirs = site.remote.commit("staging", {"theirs": "1\n"}, site.now())
    with pytest.raises(GateClosed, match=r"somebody pushed to it\. Nothing was pushed"):
        code_push.carry_out(site.tools, record)
    assert site.now() == theirs
    assert "code_begun" not in (site.tools.records.of_run(record.run_id) or record).facts


def test_a_branch_that_was_rewritten_since_the_plan(site: Site) -> None:
    """Where the repository lacks a commit that was planned, the planned tip cannot be made any more."""
    record, old = site.begin(), site.now()
    facts = {**record.facts["code"], "merged": [["feature", "0" * 40]]}
    with pytest.raises(GateClosed, match="cannot be made any more"):
        code_push.carry_out(site.tools, site.tools.records.note(record, code=facts))
    assert site.now() == old


def test_a_protected_branch(site: Site) -> None:
    """The server's no stops the reset before the wipe; the words say that nothing was pushed, and where to read on."""
    site.remote.git("config", "receive.denyNonFastForwards", "true")
    old, record = site.now(), site.begin()
    with pytest.raises(GateClosed, match=r"by force\. More: docs/operating\.md#the-branches-do-not-come"):
        code_push.carry_out(site.tools, record)
    assert site.now() == old
    stopped = site.tools.records.of_run(record.run_id)
    assert stopped is not None
    assert "may be the new one" not in standing(stopped)


def test_a_push_that_nobody_saw_the_end_of(site: Site) -> None:
    """Killed between pushing and writing it down: who finds it is told that the branch may be the new one."""
    record = site.begin()
    site.tools.records.note(record, code_begun=True)
    stopped = site.tools.records.of_run(record.run_id)
    assert stopped is not None
    assert "The branch staging may be the new one already" in standing(stopped)
    assert f"kept as the tag {record.facts['code']['tag']}" in standing(stopped)


def test_without_the_lock_nothing_is_pushed(site: Site) -> None:
    """Another run may be at it by now."""
    old, record = site.now(), site.begin()
    site.tools.lock.release()
    with pytest.raises(Refused):
        code_push.carry_out(site.tools, record)
    assert site.now() == old


def test_the_server_is_gone(site: Site) -> None:
    """Nothing was pushed, and nothing was written down that says so."""
    record = site.begin()
    with pytest.raises(OutOfReach, match="could not be reached"):
        code_push.carry_out(site.change(url="https://127.0.0.1:1/site.git"), record)
    assert "code_begun" not in (site.tools.records.of_run(record.run_id) or record).facts


def test_going_back_takes_nothing_from_others(site: Site) -> None:
    """Somebody pushed since the reset: theirs stays, the check says so, and how to do it by hand."""
    record = site.begin()
    code_push.carry_out(site.tools, record)
    theirs = site.remote.commit("staging", {"theirs": "1\n"}, site.now())
    verdict = site.back(record)
    assert not verdict.passed
    assert "somebody pushed to it since the reset" in verdict.summary
    facts = record.facts["code"]
    assert f"git fetch origin tag {facts['tag']} && git push " in verdict.summary
    assert f"--force-with-lease=staging:{facts['new']} origin {facts['old']}:refs/heads/staging" in verdict.summary
    assert site.now() == theirs


def test_going_back_without_the_server(site: Site) -> None:
    """The database's way back is not stopped by it: a failed check, no exception."""
    record = site.begin()
    code_push.carry_out(site.tools, record)
    verdict = site.back(record, site.change(url="https://127.0.0.1:1/site.git"))
    assert not verdict.passed
    assert "The branch staging was not put back. The repository" in verdict.summary


def test_going_back_after_the_repository_was_taken_out_of_the_settings(site: Site) -> None:
    """The reset replaced the branch, so nobody may read that all is as it was."""
    record = site.begin()
    code_push.carry_out(site.tools, record)
    nowhere = replace(site.tools, settings=replace(site.tools.settings, repository=None))
    verdict = site.back(record, nowhere)
    assert not verdict.passed
    assert (
        "The branch staging was not put back. Not looked at: environments.toml names no repository" in verdict.summary
    )


def test_without_a_repository_the_wipe_is_not_held_up(tools: Tools) -> None:
    """The step is told as not configured, forward and back."""
    record = begin(tools, "run-1", **code_push.planned(tools, "staging", None))
    assert "code" not in record.facts
    done, verdict = code_push.carry_out(tools, record)
    assert verdict.passed
    assert done == verdict.summary == "Not looked at: environments.toml names no repository."
    assert (tools.records.of_run("run-1") or record).facts["code_settled"] == "not configured"
    assert code_push.put_back(tools, record).passed
