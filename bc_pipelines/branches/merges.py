"""Merging without a work tree: what `git merge --no-ff` would make of a list of branches, or where they conflict.

Belongs here: trees and commits in this machine's copy. Does not belong here: which branches are merged (see `survey`).
Nothing is pushed. The same tips in the same order make the same commits, so that whoever repeats it finds them again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bc_pipelines.branches.git import Git

_NAME, _ADDRESS = "BC Pipelines", "bc-pipelines@sink.invalid"


@dataclass(frozen=True)
class Merge:
    """What came of merging one branch.

    Attributes:
        branch: its name.
        tip: what was merged.
        conflicts: files that conflict; empty where it merges cleanly.
        rivals: of the branches before it, those that it conflicts with by itself.
        unrelated: whether it has no commit in common with what it was to be merged into.
    """

    branch: str
    tip: str
    conflicts: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    unrelated: bool = False

    @property
    def clean(self) -> bool:
        """Whether nobody has to resolve anything."""
        return not self.conflicts and not self.unrelated


def build(git: Git, main: tuple[str, str], branches: Iterable[tuple[str, str]]) -> tuple[str, tuple[Merge, ...]]:
    """Merge branches into the main one, one after the other.

    Args:
        git: on a copy that has all the commits.
        main: name and tip of the branch that is merged into.
        branches: name and tip of each that is merged, in this order. One that conflicts is left out, and the next is
            tried.

    Returns:
        The last commit, and what came of each branch.
    """
    tip, done, before = main[1], [], [main]
    for name, commit in branches:
        tree, conflicts = trial(git, tip, commit)
        if tree is None:
            rivals = [each for each, its in before if trial(git, its, commit)[0] is None] if conflicts else []
            done.append(Merge(name, commit, conflicts, tuple(rivals), unrelated=not conflicts))
            continue
        tip = _commit(git, tree, (tip, commit), f"Merge branch '{name}' into {git.remote.staging}")
        before.append((name, commit))
        done.append(Merge(name, commit))
    return tip, tuple(done)


def trial(git: Git, ours: str, theirs: str) -> tuple[str | None, tuple[str, ...]]:
    """Merge two commits and keep only the tree.

    Returns:
        The tree, or None with the files that conflict; with none of those, the two have no common history.
    """
    if git.run("merge-base", ours, theirs, fine=(0, 1)).code:
        return None, ()
    options = ("--write-tree", "--name-only", "--no-messages", "-z")
    answer = git.run("merge-tree", *options, ours, theirs, fine=(0, 1))
    tree, *files = answer.text.rstrip("\0").split("\0")
    return (tree, ()) if answer.code == 0 else (None, tuple(dict.fromkeys(files)))


def _commit(git: Git, tree: str, parents: tuple[str, str], message: str) -> str:
    # The newest parent's time, so that the commit does not depend on when it is made.
    times = git.run("show", "--no-patch", "--format=%ct", *parents).text.split()
    when = f"{max(map(int, times))} +0000"
    given = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", _NAME), ("EMAIL", _ADDRESS), ("DATE", when))
    }
    ours, theirs = parents
    # Not as an argument: a branch's name may begin with a dash.
    return git.run("commit-tree", tree, "-p", ours, "-p", theirs, given=given, stdin=message.encode()).text
