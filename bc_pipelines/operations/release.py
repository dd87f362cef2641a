"""Staging's release in a reset: waiting for the CI of the pushed branch, and for Heroku to run what it deploys.

Belongs here: how long, and what the record keeps of it. Does not belong here: asking GitLab (see `branches.pipelines`)
and the verdicts (see `checks.pipeline`). All of it is before the wipe: a CI that deploys during it would start dynos on
a database that is half restored. Nothing is changed by looking, so a repeat looks again, whoever pushed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bc_pipelines.branches.errors import BranchesError
from bc_pipelines.branches.pipelines import Pipeline, Pipelines, pipelines
from bc_pipelines.checks import branches as branch_checks
from bc_pipelines.checks import pipeline as checks
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.heroku.models import Release
from bc_pipelines.operations.errors import GateClosed, OutOfReach
from bc_pipelines.operations.pages import Page
from bc_pipelines.operations.record import ResetRecord
from bc_pipelines.operations.tools import Tools
from bc_pipelines.repository import GitLab

Say = Callable[[str], None]

_RETRY_SECONDS = 180.0
_BRIEFLY_SECONDS = 5.0
# A release that failed or has not ended yet is newer than the current one.
_NEWEST = 10
_ENDED = frozenset(("success", "failed", "canceled", "skipped", "manual"))
_GIVEN_UP = frozenset(("failed", "canceled"))
_WITH_JOBS = frozenset(("success", "failed", "canceled", "manual"))
# It waits for an hour that may be days away; what is pushed later is deployed before that.
_DELAYED = "scheduled"


def objections(tools: Tools) -> Iterator[str]:
    """What stands against a reset: that its CI could not be asked once the branch is pushed."""
    gitlab = _gitlab(tools)
    if gitlab is None:
        return
    try:
        with pipelines(gitlab, _pace(tools)) as found:
            found.reach(_BRIEFLY_SECONDS)
    except BranchesError as error:
        yield f"{error} {Page.CI}"


def in_words(tools: Tools) -> str:
    """What is waited for before the wipe, in a sentence for the plan; empty where nothing is."""
    gitlab = _gitlab(tools)
    if gitlab is None:
        return ""
    released = ", and Heroku must run it," if gitlab.deploys else ""
    return f"Its pipeline must pass{released} before anything is wiped."


def await_pipeline(tools: Tools, record: ResetRecord, say: Say) -> Verdict:
    """Wait until the pipeline of the branch's commit has ended, and judge it.

    Args:
        tools: the run's tools.
        record: of the reset, with its `code`.
        say: told what is waited for, whenever that changed.

    Raises:
        OutOfReach: GitLab cannot be asked.
    """
    code, gitlab = record.facts.get("code"), _gitlab(tools)
    if code is None or gitlab is None:
        return Verdict(True, _why_not(code))
    deadline = tools.settings.deadlines.pipeline
    try:
        with pipelines(gitlab, _pace(tools)) as found:
            seen = _follow(tools, found, code, deadline, say)
            jobs = found.jobs(seen.of_commit, _RETRY_SECONDS) if seen.has_jobs and seen.of_commit else ()
    except BranchesError as error:
        raise OutOfReach(f"{error} {Page.CI}") from None
    shown = seen.of_commit or seen.newest
    verdict = checks.ci_passes(
        code["new"],
        seen.of_commit.status if seen.of_commit else None,
        shown.page if shown else "",
        ((job.name, job.status, job.optional) for job in jobs),
        _minutes(deadline),
    )
    if seen.older is None or verdict.stops:
        return verdict
    return checks.none_is_before_it(code["new"], seen.older.status, seen.older.page, _minutes(deadline))


def await_release(tools: Tools, record: ResetRecord, say: Say) -> Verdict:
    """Wait until Heroku's current release is of the branch's commit, where CI deploys it, and judge that.

    Args:
        tools: the run's tools.
        record: of the reset, with its `code`.
        say: told what is waited for, whenever that changed.

    Raises:
        HerokuError: Heroku cannot be asked.
    """
    code, gitlab = record.facts.get("code"), _gitlab(tools)
    if code is None or gitlab is None:
        return Verdict(True, _why_not(code))
    if not gitlab.deploys:
        return Verdict(True, checks.NOT_DEPLOYED)
    deadline = tools.settings.deadlines.release
    until, commits = time.monotonic() + deadline.total_seconds(), dict[str, str | None]()
    while True:
        releases = tools.heroku.releases(record.app, _NEWEST)
        current = next((each for each in releases if each.current), None)
        runs = _commit(tools, record.app, current, commits)
        failed = _failed(tools, record.app, releases, code["new"], commits)
        pending = releases[0].version if releases and releases[0].status == "pending" else None
        ours = checks.same_commit(code["new"], runs) and pending is None
        if ours or failed is not None or time.monotonic() >= until:
            version = current.version if current else None
            return checks.is_released(code["new"], version, runs, failed, _minutes(deadline), pending=pending)
        coming = f"; v{pending} is under way" if pending is not None else f", not yet {code['new'][:12]}"
        say(f"{record.app} runs v{current.version if current else '?'}{coming}")
        time.sleep(_pace(tools))


def require(verdict: Verdict) -> None:
    """Go on only where a verdict does not stop the reset.

    Raises:
        GateClosed: it does.
    """
    if verdict.stops:
        raise GateClosed(f"{verdict.summary} {Page.CI}")


def settle(tools: Tools, record: ResetRecord) -> ResetRecord:
    """Write down that both verdicts let the reset go on, which the wipe waits for."""
    code = record.facts.get("code")
    looked = code is not None and _gitlab(tools) is not None
    return tools.records.note(record, release_settled=code["new"] if code and looked else "not configured")


@dataclass(frozen=True)
class _Seen:
    """The pipelines of a branch at one moment.

    Attributes:
        newest: of the branch, whatever commit it is of; None where there is none.
        of_commit: the newest, if it is of the commit that was pushed. One that is not the newest is of an earlier push
            of the same commit: a reset makes the same one again after a way back.
        older: one that has not ended, and so may still release another commit; None where there is none.
    """

    newest: Pipeline | None
    of_commit: Pipeline | None
    older: Pipeline | None

    @property
    def has_jobs(self) -> bool:
        """Whether the jobs say more than the status."""
        return self.of_commit is not None and self.of_commit.status in _WITH_JOBS

    @property
    def over(self) -> bool:
        """Whether there is nothing to wait for: a failure stands, whatever else goes on."""
        status = self.of_commit.status if self.of_commit else ""
        return status in _GIVEN_UP or (status in _ENDED and self.older is None)

    def in_words(self, commit: str) -> str:
        """What is waited for."""
        if self.of_commit is None or self.of_commit.status not in _ENDED or self.older is None:
            return (
                f"The pipeline of {commit[:12]} {f'is {self.of_commit.status}' if self.of_commit else 'has not begun'}"
            )
        return f"An older pipeline, {self.older.page}, is {self.older.status}"


def _seen(listed: tuple[Pipeline, ...], commit: str) -> _Seen:
    newest = listed[0] if listed else None
    older = next((each for each in listed[1:] if each.status not in _ENDED | {_DELAYED}), None)
    return _Seen(newest, newest if newest and newest.commit == commit else None, older)


def _follow(tools: Tools, found: Pipelines, code: Mapping[str, Any], deadline: timedelta, say: Say) -> _Seen:
    """Look until the pipeline of the commit has ended, and those before it, or time is up; what was seen last."""
    until = time.monotonic() + deadline.total_seconds()
    while True:
        left = until - time.monotonic()
        listed = found.of_branch(code["branch"], min(_RETRY_SECONDS, max(left, _BRIEFLY_SECONDS)))
        seen = _seen(listed, code["new"])
        if seen.over or left <= 0:
            return seen
        say(seen.in_words(code["new"]))
        time.sleep(min(_pace(tools), max(left, 0.0)))


def _failed(
    tools: Tools, app: str, releases: tuple[Release, ...], commit: str, commits: dict[str, str | None]
) -> int | None:
    """Version of the newest release, where it is of the commit and Heroku gave it up."""
    newest = releases[0] if releases else None
    if newest is None or newest.status not in ("failed", "expired"):
        return None
    return newest.version if checks.same_commit(commit, _commit(tools, app, newest, commits)) else None


def _commit(tools: Tools, app: str, release: Release | None, commits: dict[str, str | None]) -> str | None:
    """The commit that a release is of; a slug never changes, so each is asked for once."""
    if release is None or release.slug_id is None:
        return None
    if release.slug_id not in commits:
        commits[release.slug_id] = tools.heroku.slug(app, release.slug_id).commit
    return commits[release.slug_id]


def _gitlab(tools: Tools) -> GitLab | None:
    return tools.settings.repository.gitlab if tools.settings.repository else None


def _pace(tools: Tools) -> float:
    """GitLab is asked as often as Heroku."""
    return tools.settings.heroku.poll_seconds


def _why_not(code: object) -> str:
    return checks.NOT_CONFIGURED if code is not None else branch_checks.NOT_CONFIGURED


def _minutes(deadline: timedelta) -> str:
    return f"{deadline.total_seconds() / 60:g} minutes"
