"""What is merged where: the branches that staging holds, what only staging has, and what a new staging would be.

Belongs here: reading a fetched copy. Does not belong here: the words for it, and whether a reset may go on (see
`operations.code`). Of commits, only their ids and dates are taken: authors and messages name persons.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from bc_pipelines.branches.copy import HEADS
from bc_pipelines.branches.errors import BranchesError
from bc_pipelines.branches.git import Git
from bc_pipelines.branches.merges import Merge, build, trial
from bc_pipelines.branches.migrations import Clash, clashes

MOST_LOOKED_AT = 200
"""Of merges that only staging has, so many are made again, to see whether somebody changed something in them."""


@dataclass(frozen=True)
class Branch:
    """A branch that staging holds something of and that the main one lacks.

    Attributes:
        name: its name.
        tip: its last commit.
        committed_at: when that was made.
        ahead: commits that the main branch lacks.
        behind: commits of the main branch that it lacks.
        newer: commits that staging lacks: somebody went on after it was merged.
        stale: whether nobody has worked on it for long.
        chosen: whether it is merged back.
    """

    name: str
    tip: str
    committed_at: datetime
    ahead: int
    behind: int
    newer: int
    stale: bool
    chosen: bool


@dataclass(frozen=True)
class Commit:
    """A commit that only staging has.

    Attributes:
        id: its whole id.
        committed_at: when it was made.
        merge: whether it is a merge in which somebody changed something.
    """

    id: str
    committed_at: datetime
    merge: bool


@dataclass(frozen=True)
class Survey:
    """What is merged where, and what a new staging would be.

    Attributes:
        main: name of the branch that production is released from.
        main_tip: its last commit.
        staging: name of the branch that staging is released from.
        staging_tip: its last commit, or None where there is no such branch.
        branches: what staging holds whole or in part, and the main branch lacks.
        in_main: how many branches the main one holds already.
        only_staging: commits that would be lost, the newest first.
        merges: what came of each chosen branch, in order.
        clashes: apps whose migrations do not come together in it.
        tip: the new staging with all that merged cleanly; in this machine's copy only.
    """

    main: str
    main_tip: str
    staging: str
    staging_tip: str | None
    branches: tuple[Branch, ...]
    in_main: int
    only_staging: tuple[Commit, ...]
    merges: tuple[Merge, ...]
    clashes: tuple[Clash, ...]
    tip: str

    @property
    def chosen(self) -> tuple[Branch, ...]:
        """What is merged back, in order."""
        return tuple(branch for branch in self.branches if branch.chosen)

    @property
    def conflicts(self) -> tuple[Merge, ...]:
        """What does not merge cleanly."""
        return tuple(merge for merge in self.merges if not merge.clean)


def survey(git: Git, now: datetime | None = None) -> Survey:
    """Look at everything. Changes nothing but this machine's copy.

    Args:
        git: on a copy that was just fetched.
        now: the moment that counts for what is stale.

    Raises:
        BranchesError: the repository has no such main branch.
    """
    remote, tips = git.remote, _tips(git)
    main, staging = tips.get(remote.main), tips.get(remote.staging)
    if main is None:
        there = "is empty" if not tips else f"has no branch {remote.main}"
        raise BranchesError(f"The repository {remote.url} {there}. Correct repository.main in environments.toml.")
    in_main = _names(git, f"--merged={main}") - {remote.main, remote.staging}
    others = {name: tip for name, tip in tips.items() if name not in in_main | {remote.main, remote.staging}}
    branches: tuple[Branch, ...] = ()
    if staging is not None:
        whole = _names(git, f"--merged={staging}")
        branches = _branches(git, others, (main, staging), whole, now or datetime.now(UTC))
    chosen = [(branch.name, branch.tip) for branch in branches if branch.chosen]
    tip, merges = build(git, (remote.main, main), chosen)
    return Survey(
        main=remote.main,
        main_tip=main,
        staging=remote.staging,
        staging_tip=staging,
        branches=branches,
        in_main=len(in_main),
        only_staging=_only_staging(git, staging, (main, *others.values())) if staging else (),
        merges=merges,
        clashes=clashes(git, main, tip, chosen),
        tip=tip,
    )


def _tips(git: Git) -> dict[str, str]:
    return {name: tip for name, tip, _ in _refs(git)}


def _names(git: Git, which: str) -> set[str]:
    return {name for name, _, _ in _refs(git, which)}


def _refs(git: Git, *which: str) -> list[tuple[str, str, datetime]]:
    shown = git.run("for-each-ref", "--format=%(refname)%00%(objectname)%00%(committerdate:unix)", *which, HEADS).text
    # Not by splitlines: a branch's name may hold what Unicode takes for the end of a line.
    rows = [line.split("\0") for line in shown.split("\n") if line]
    return [(name.removeprefix(HEADS), tip, _moment(when)) for name, tip, when in rows]


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _branches(
    git: Git, tips: dict[str, str], ends: tuple[str, str], whole: set[str], now: datetime
) -> tuple[Branch, ...]:
    """What staging holds whole, or in part because somebody went on after it was merged; the oldest work first."""
    main, staging = ends
    dates = {name: when for name, _, when in _refs(git)}
    found = []
    for name, tip in tips.items():
        behind, ahead = map(int, git.run("rev-list", "--left-right", "--count", f"{main}...{tip}").text.split())
        newer = 0 if name in whole else int(git.run("rev-list", "--count", tip, f"^{main}", f"^{staging}").text)
        if newer < ahead:
            stale = now - dates[name] > timedelta(days=git.remote.stale_days)
            chosen = _is_chosen(git.remote.merge, name, stale=stale, newer=newer)
            found.append(Branch(name, tip, dates[name], ahead, behind, newer, stale, chosen))
    return tuple(sorted(found, key=lambda branch: (branch.committed_at, branch.name)))


def _is_chosen(patterns: tuple[str, ...] | None, name: str, *, stale: bool, newer: int) -> bool:
    if patterns is None:
        # What nobody has tried on staging is not brought there unasked.
        return not stale and not newer
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _only_staging(git: Git, staging: str, others: Iterable[str]) -> tuple[Commit, ...]:
    """Commits that no other branch has, neither as they are nor, for example after a rebase, as the same change."""
    tips = tuple(dict.fromkeys(others))
    # By standard input: there may be more tips than a command line holds.
    given = "\n".join([staging, *(f"^{tip}" for tip in tips)]).encode()
    shown = git.run("log", "--format=%H %ct %P", "--stdin", stdin=given).text
    rows = [line.split() for line in shown.splitlines()]
    single = {row[0] for row in rows if len(row) <= 3}
    for tip in tips:
        if not single:
            break
        single &= set(
            git.run("rev-list", "--cherry-pick", "--right-only", "--no-merges", f"{tip}...{staging}").text.split()
        )
    merges = [row for row in rows if len(row) > 3]
    edited = {row[0] for number, row in enumerate(merges) if number >= MOST_LOOKED_AT or not _is_plain_merge(git, row)}
    return tuple(
        Commit(row[0], _moment(row[1]), merge=row[0] in edited) for row in rows if row[0] in single or row[0] in edited
    )


def _is_plain_merge(git: Git, row: list[str]) -> bool:
    """Whether a merge holds nothing but what git makes of its parents."""
    commit, _, *parents = row
    if len(parents) != 2:
        return False
    tree, _ = trial(git, parents[0], parents[1])
    return tree == git.run("rev-parse", f"{commit}^{{tree}}").text
