"""Staging's branch in a reset: what is pushed and what leads back, and both ways.

Belongs here: what the record keeps of it and when. Does not belong here: git (see `branches`), and what is looked at
before (see `code`). What was planned is what is pushed: both are in the record before anything is, so that whoever goes
on after a break-off finds the branch at one of two commits that it knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bc_pipelines.branches.errors import BranchesError, LeaseLost, PushRefused
from bc_pipelines.branches.git import Git
from bc_pipelines.branches.merges import build
from bc_pipelines.branches.push import bring, push, tip_of
from bc_pipelines.branches.survey import Survey
from bc_pipelines.checks import branches as checks
from bc_pipelines.checks import repository as repository_checks
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.operations.code import fetched_copy
from bc_pipelines.operations.errors import GateClosed, OutOfReach
from bc_pipelines.operations.pages import Page
from bc_pipelines.operations.record import Kind, ResetRecord, State
from bc_pipelines.operations.tools import Tools

_LOOKED_BACK = 20


def planned(tools: Tools, environment: str, found: Survey | None) -> dict[str, Any]:
    """What a reset's record keeps of the branch from its beginning; nothing where no repository is configured.

    Args:
        tools: the run's tools.
        environment: whose branch it is.
        found: what the plan saw.

    Returns:
        The fact `code`: `branch`; `before`, what it was when the plan was made; `new`, what it becomes, made of `main`
        and `merged`; and the way back: `old`, with the `tag` that keeps it, and how many commits only `old` has
        (`lost`).
    """
    if found is None:
        return {}
    before, new = found.staging_tip, found.tip
    back = _left_by_a_broken_off_reset(tools, environment, before)
    if back is None:
        replaced = before is not None and before != new
        # With milliseconds: a name that is taken would look as if somebody had pushed.
        moment = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"[:-3]
        tag = f"{found.staging}-before-{moment}Z" if replaced else None
        back = {"old": before, "tag": tag, "lost": len(found.only_staging)}
    merged = [[merge.branch, merge.tip] for merge in found.merges]
    return {
        "code": {
            "branch": found.staging,
            "main": [found.main, found.main_tip],
            "merged": merged,
            "before": before,
            "new": new,
            **back,
        }
    }


def _left_by_a_broken_off_reset(tools: Tools, environment: str, now: str | None) -> dict[str, Any] | None:
    """The way back of an unfinished reset that made the branch what it is now: kept, never overwritten.

    As with the database, what an unfinished way back was to undo counts too, and nothing does once the site was opened.
    """
    for record in tools.records.history(environment, _LOOKED_BACK):
        code = record.facts.get("code")
        if code is not None and (record.kind is Kind.RESET or record.wiped):
            over = record.state.rank >= State.READY.rank or "rolled_back" in record.facts
            if over or now not in (code["before"], code["new"]) or code["old"] == now:
                return None
            return {"old": code["old"], "tag": code["tag"], "lost": code.get("lost", 0)}
    return None


def carry_out(tools: Tools, record: ResetRecord) -> tuple[str, Verdict]:
    """Make staging's branch what the plan said, unless it is that already, and look whether it is.

    Only then does the record say so, which the wipe waits for.

    Args:
        tools: the run's tools; the lock must be held.
        record: of the reset.

    Returns:
        What was done, in words, and the verdict.

    Raises:
        GateClosed: the branch is neither what the plan saw nor what it becomes, or the server refuses; nothing was
            pushed.
        OutOfReach: the repository does not answer.
    """
    code = record.facts.get("code")
    if code is None:
        tools.records.note(record, code_settled="not configured")
        return checks.NOT_CONFIGURED, Verdict(True, checks.NOT_CONFIGURED)
    with fetched_copy(tools) as git:
        done = _settle(tools, record, git, code)
    verdict = _judge(tools, code, code["new"])
    if verdict.passed:
        tools.records.note(record, code_settled=code["new"])
    return done, verdict


def _settle(tools: Tools, record: ResetRecord, git: Git, code: Mapping[str, Any]) -> str:
    now = tip_of(git, code["branch"])
    if now == code["new"]:
        return f"{code['branch']} is {code['new'][:12]} already; nothing was pushed."
    if now != code["before"]:
        raise GateClosed(
            f"{code['branch']} was {_short(code['before'])} when this reset was planned, and is {_short(now)} now: "
            f"somebody pushed to it. Nothing was pushed. {Page.BRANCHES}"
        )
    _make_again(git, code)
    # Fetching took a while, and who has lost the lock may not change anything.
    tools.lock.assert_held()
    # Before the change: whoever finds this reset broken off must not read that nothing was touched.
    tools.records.note(record, code_begun=True)
    try:
        _push(git, code)
    except GateClosed:
        # The server's answer leaves no doubt.
        tools.records.note(record, code_begun=False)
        raise
    kept = f"; what it was is kept as the tag {code['tag']}" if code["tag"] else ""
    return f"{code['branch']} was {_short(code['before'])} and is {code['new'][:12]} now{kept}."


def put_back(tools: Tools, record: ResetRecord) -> Verdict:
    """Make staging's branch what it was before the reset that is undone. Never stands in the way of the database.

    Args:
        tools: the run's tools; the lock must be held.
        record: of the way back, with the reset's `code`.

    Returns:
        The verdict: passed where the branch is what it was.
    """
    code = record.facts.get("code")
    if code is None:
        return Verdict(True, checks.NOT_CONFIGURED)
    if code["old"] is None:
        return Verdict(True, f"There was no branch {code['branch']} before the reset; the new one is left as it is.")
    try:
        _push_back(tools, code)
    except (GateClosed, OutOfReach) as error:
        return Verdict(False, f"The branch {code['branch']} was not put back. {error} {_by_hand(code)}")
    return _judge(tools, code, code["old"])


def _push_back(tools: Tools, code: Mapping[str, Any]) -> None:
    with fetched_copy(tools) as git:
        now = tip_of(git, code["branch"])
        if now == code["old"]:
            return
        if now != code["new"]:
            raise GateClosed(f"It is {_short(now)}: somebody pushed to it since the reset, and would lose that.")
        if not bring(git, code["old"], code["tag"]):
            raise GateClosed(f"{_short(code['old'])} is not in the repository any more.")
        tools.lock.assert_held()
        _push(git, {**code, "before": now, "new": code["old"]})


def _judge(tools: Tools, code: Mapping[str, Any], expected: str) -> Verdict:
    """Whether the remote repository has what it must, asked afresh and not by git."""
    remote = tools.settings.repository
    refs = repository_checks.advertised(remote.url, remote.user, remote.password) if remote else None
    return repository_checks.branch_is(refs, code["branch"], expected, code["tag"], code["old"])


def _make_again(git: Git, code: Mapping[str, Any]) -> None:
    """Have the planned tip in this machine's copy: the same merges make the same commit."""
    main, merged = code["main"], code["merged"]
    try:
        tip, _ = build(git, (main[0], main[1]), [(name, tip) for name, tip in merged])
    except BranchesError:
        tip = None
    if tip != code["new"]:
        raise GateClosed(
            f"What {code['branch']} was to become, {_short(code['new'])}, cannot be made any more: a branch was "
            f"rewritten since this reset was planned. Nothing was pushed. {Page.BRANCHES}"
        )


def _push(git: Git, code: Mapping[str, Any]) -> None:
    """Push once; what was there gets its tag in the same stroke, unless an earlier reset has put that there."""
    tag = code["tag"] if code["old"] == code["before"] else None
    try:
        push(git, code["branch"], code["new"], code["before"], tag)
    except (LeaseLost, PushRefused) as refused:
        raise GateClosed(f"{refused} {Page.BRANCHES}") from None


def _by_hand(code: Mapping[str, Any]) -> str:
    fetch = f"git fetch origin tag {code['tag']} && " if code["tag"] else ""
    # With the commit: a lease without one holds nothing once anything has fetched in the background.
    lease = f"--force-with-lease={code['branch']}:{code['new']}"
    return f"By hand: {fetch}git push {lease} origin {code['old']}:refs/heads/{code['branch']}. {Page.BRANCHES}"


def _short(commit: str | None) -> str:
    return commit[:12] if commit else "not there"
