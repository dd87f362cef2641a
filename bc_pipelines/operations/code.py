"""The site's branches in a reset: what is looked at before it, and the words for that.

Belongs here: from what git tells to what a plan and a check say. Does not belong here: git (see `branches`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bc_pipelines.branches.copy import fetched
from bc_pipelines.branches.errors import BranchesError
from bc_pipelines.branches.git import Git
from bc_pipelines.branches.survey import Branch, Survey, survey
from bc_pipelines.checks import branches as checks
from bc_pipelines.checks.verdict import Row, Verdict, listed
from bc_pipelines.operations.errors import OutOfReach
from bc_pipelines.operations.pages import Page
from bc_pipelines.operations.tools import Tools

LOST = "commits that only the branch {} has"


def look(tools: Tools) -> Survey | None:
    """Fetch the site's repository and see what is merged where. Changes nothing but this machine's copy.

    Returns:
        What was found; None where no repository is configured.

    Raises:
        OutOfReach: the repository cannot be read.
    """
    if tools.settings.repository is None:
        return None
    with fetched_copy(tools) as git:
        return survey(git)


def verdicts(found: Survey | None) -> tuple[Verdict, Verdict, Verdict]:
    """Whether every branch merges, whether their migrations do, and whether staging has nothing of its own."""
    if found is None:
        left_alone = Verdict(True, checks.NOT_CONFIGURED)
        return left_alone, left_alone, Verdict(True, checks.NOT_CONFIGURED, severity="warn")
    commits = ((each.id, f"{each.committed_at:%d %b %Y}", each.merge) for each in found.only_staging)
    return (
        checks.every_branch_merges(tuple(_merge_rows(found)), found.main),
        checks.migrations_come_together(tuple(_clash_rows(found))),
        checks.nothing_only_on_staging(commits, found.staging),
    )


def branch_rows(found: Survey) -> tuple[Row, ...]:
    """The branches that staging holds and the main one lacks, for a table. Without authors: those are persons."""
    return tuple(
        {
            "branch": branch.name,
            "last commit": f"{branch.committed_at:%d %b %Y}",
            f"ahead of {found.main}": branch.ahead,
            f"behind {found.main}": branch.behind,
            "merged back": branch.chosen,
            "why": _why(branch),
        }
        for branch in found.branches
    )


def objections(found: Survey | None) -> Iterator[str]:
    """What stands against a reset."""
    for verdict in verdicts(found):
        if verdict.stops:
            yield f"{verdict.summary} {Page.BRANCHES}"


def warnings(found: Survey | None) -> Iterator[str]:
    """What a person should know of branches before typing the target's name."""
    if found is None:
        return
    for branch in found.branches:
        if branch.newer and not branch.chosen:
            yield (
                f"{branch.name} has {branch.newer} commits since it was merged to {found.staging}. It is not merged "
                "back unless repository.merge names it."
            )


def lost(found: Survey | None) -> dict[str, int]:
    """What of the code would be lost, by kind, as the content of the database is counted."""
    return {LOST.format(found.staging): len(found.only_staging)} if found is not None else {}


def in_words(found: Survey) -> str:
    """What becomes of staging's branch, in a sentence for the plan."""
    chosen = [f"`{branch.name}`" for branch in found.chosen]
    left = [f"`{branch.name}` ({_why(branch)})" for branch in found.branches if not branch.chosen]
    merged = f", with {listed(chosen)} merged in" if chosen else ", with nothing merged in"
    without = f"; left out: {listed(left)}" if left else ""
    return f"`{found.staging}` becomes `{found.main}` at {found.main_tip[:12]}{merged}{without}."


def _why(branch: Branch) -> str:
    if branch.newer:
        return f"{branch.newer} commits newer than on staging"
    if branch.stale:
        return "stale"
    return "on staging" if branch.chosen else "not named by repository.merge"


def _merge_rows(found: Survey) -> Iterator[Row]:
    for merge in found.merges:
        files = ", ".join(merge.conflicts) or ("no common history" if merge.unrelated else "")
        yield {
            "branch": merge.branch,
            "merges": merge.clean,
            "files": files,
            "conflicts with": ", ".join(merge.rivals),
        }


def _clash_rows(found: Survey) -> Iterator[Row]:
    for clash in found.clashes:
        yield {
            "migrations of": clash.folder.removesuffix("/migrations"),
            "last ones": ", ".join(clash.ends),
            "brought by": ", ".join(clash.branches) or found.main,
        }


@contextmanager
def fetched_copy(tools: Tools) -> Iterator[Git]:
    """Have a fetched copy; what goes wrong comes with the page that says what to do.

    Raises:
        OutOfReach: the repository cannot be read.
    """
    remote = tools.settings.repository
    if remote is None:
        raise OutOfReach(checks.NOT_CONFIGURED)
    try:
        with fetched(remote, tools.settings.deadlines.git) as git:
            yield git
    except BranchesError as error:
        raise OutOfReach(f"{error} {Page.BRANCHES}") from None
