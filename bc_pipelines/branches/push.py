"""Pushing a branch's new tip: all or nothing, with a lease on what was seen, and with a tag on what is replaced.

Belongs here: the one command that changes the remote repository, and its refusals in words. Does not belong here: what
is pushed (see `merges`), and whether it may be.
"""

from __future__ import annotations

import re

from bc_pipelines.branches.copy import HEADS
from bc_pipelines.branches.errors import LeaseLost, PushRefused
from bc_pipelines.branches.git import Git


def tip_of(git: Git, branch: str) -> str | None:
    """A branch's tip as it was fetched; None where there is no such branch."""
    answer = git.run("rev-parse", "--quiet", "--verify", f"{HEADS}{branch}^{{commit}}", fine=(0, 1))
    return answer.text if answer.code == 0 else None


def push(git: Git, branch: str, new: str, expected: str | None, tag: str | None = None) -> None:
    """Make a remote branch another commit, only if it still is what is expected.

    Args:
        git: on a copy that has the commits.
        branch: the remote branch.
        new: its new tip.
        expected: what it must be now; None where there must be no such branch.
        tag: name of a tag that is put on `expected` in the same stroke, so that nothing is lost; None for none.

    Raises:
        LeaseLost: somebody pushed meanwhile, or the tag is taken; nothing was changed.
        PushRefused: the server did not let the branch be changed; nothing was changed.
        BranchesError: the server did not answer to the end; the branch is the old or the new one, and nothing between.
    """
    ref = f"refs/heads/{branch}"
    specs = [f"{new}:{ref}", *([f"{expected}:refs/tags/{tag}"] if tag and expected else [])]
    options = ("--porcelain", "--atomic", f"--force-with-lease={ref}:{expected or ''}")
    answer = git.run("push", *options, "--", git.remote.url, *specs, fine=(0, 1))
    # Libcurl asks again by itself where an answer was lost, and the server refuses what it has done already.
    if answer.code == 0 or _is_at(git, ref, new):
        return
    # git-push(1), "OUTPUT": flag, from:to and summary (reason), with tabs between.
    refused = re.findall(r"^!\t\S+\t\[.*?\] \((.*)\)$", answer.text, re.MULTILINE)
    reasons = [reason for reason in refused if not reason.startswith("atomic ")]
    if not refused:
        raise git.complaint("push", answer)
    if "stale info" in reasons or "already exists" in reasons:
        raise LeaseLost(
            f"Somebody pushed to {branch} of {git.remote.url} meanwhile. Nothing was pushed, so nothing of it is lost."
        )
    raise PushRefused(
        f"{git.remote.url} did not let {branch} be replaced ({'; '.join(reasons) or 'it gave no reason'}). Nothing was "
        "pushed. If the branch is protected there, allow this user to push to it by force."
    )


def _is_at(git: Git, ref: str, commit: str) -> bool:
    """Whether the remote repository itself says that a branch is at a commit."""
    shown = git.run("ls-remote", "--quiet", "--", git.remote.url, ref).text
    return f"{commit}\t{ref}" in shown.split("\n")


def bring(git: Git, commit: str, tag: str | None) -> bool:
    """Have a commit in the copy, from a tag if it has to be fetched.

    Returns:
        Whether it is there.
    """
    if not _has(git, commit) and tag:
        git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", git.remote.url, f"refs/tags/{tag}")
    return _has(git, commit)


def _has(git: Git, commit: str) -> bool:
    return git.run("cat-file", "-e", f"{commit}^{{commit}}", fine=(0, 1, 128)).code == 0
