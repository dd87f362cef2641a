"""Pushing to a real git server: the lease, the tag, and every way in which the server says no."""

import pytest

from bc_pipelines.branches.errors import BranchesError, LeaseLost, PushRefused
from bc_pipelines.branches.push import bring, push, tip_of
from bc_pipelines.sandbox import git_server
from bc_pipelines_tests.branches.remote import Remote

WHO = {f"GIT_{who}_{what}": "a@council.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture
def commits(remote: Remote) -> tuple[str, str]:
    """What staging is, and what it becomes; the one does not lead to the other."""
    begun = remote.git("rev-parse", "refs/heads/master")
    remote.commit("feature", {"f": "1\n"}, begun)
    return remote.commit("staging", {"old": "1\n"}, begun), remote.refs()["refs/heads/feature"]


def test_branch_and_tag_in_one_stroke(remote: Remote, commits: tuple[str, str]) -> None:
    """The branch is replaced, and what it was is kept as the tag."""
    old, new = commits
    with remote.copy() as git:
        assert tip_of(git, "staging") == old
        push(git, "staging", new, old, "staging-before-now")
    assert remote.refs()["refs/heads/staging"] == new
    assert remote.refs()["refs/tags/staging-before-now"] == old


def test_a_branch_that_was_not_there(remote: Remote) -> None:
    """It is made, and only if it still is not there."""
    begun = remote.git("rev-parse", "refs/heads/master")
    with remote.copy() as git:
        assert tip_of(git, "staging") is None
        push(git, "staging", begun, None)
        assert remote.refs()["refs/heads/staging"] == begun
        with pytest.raises(LeaseLost):
            push(git, "staging", git.run("commit-tree", f"{begun}^{{tree}}", given=WHO, stdin=b"x").text, None)


def test_somebody_pushed_meanwhile(remote: Remote, commits: tuple[str, str]) -> None:
    """What they pushed stays, no tag is made, and it is said that nothing was pushed."""
    old, new = commits
    with remote.copy() as git:
        theirs = remote.commit("staging", {"theirs": "1\n"}, old)
        before = remote.refs()
        with pytest.raises(LeaseLost, match="Nothing was pushed, so nothing of it is lost"):
            push(git, "staging", new, old, "staging-before-now")
    assert remote.refs() == before
    assert before["refs/heads/staging"] == theirs


def test_somebody_deleted_the_branch_meanwhile(remote: Remote, commits: tuple[str, str]) -> None:
    """It is not brought to life again behind somebody's back."""
    old, new = commits
    with remote.copy() as git:
        remote.git("update-ref", "-d", "refs/heads/staging")
        with pytest.raises(LeaseLost):
            push(git, "staging", new, old, "staging-before-now")
    assert "refs/heads/staging" not in remote.refs()


def test_a_protected_branch(remote: Remote, commits: tuple[str, str]) -> None:
    """The server lets nobody push by force: refused in words, and nothing is half done."""
    old, new = commits
    remote.git("config", "receive.denyNonFastForwards", "true")
    before = remote.refs()
    with remote.copy() as git, pytest.raises(PushRefused, match="allow this user to push to it by force") as caught:
        push(git, "staging", new, old, "staging-before-now")
    assert "non-fast-forward" in str(caught.value)
    assert remote.refs() == before


def test_a_hook_that_refuses(remote: Remote, commits: tuple[str, str]) -> None:
    """The server's own words are not repeated, since they could be anything; its reason is."""
    old, new = commits
    hook = remote.place / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'fatal: Ada Lovelace may not' >&2\nexit 1\n")
    hook.chmod(0o755)
    before = remote.refs()
    with remote.copy() as git, pytest.raises(PushRefused, match="pre-receive hook declined") as caught:
        push(git, "staging", new, old, "staging-before-now")
    assert "Lovelace" not in str(caught.value)
    assert remote.refs() == before


def test_a_tag_that_is_taken(remote: Remote, commits: tuple[str, str]) -> None:
    """A tag is never moved, and without it nothing is replaced."""
    old, new = commits
    remote.git("update-ref", "refs/tags/staging-before-now", new)
    before = remote.refs()
    with remote.copy() as git, pytest.raises(BranchesError, match="Nothing was pushed"):
        push(git, "staging", new, old, "staging-before-now")
    assert remote.refs() == before


def test_an_answer_that_was_lost(remote: Remote, commits: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Libcurl asks again by itself, and the server refuses what it has done already: that is no refusal."""
    old, new = commits
    send = git_server._Handler._send
    lost: list[bytes] = []

    def lose_the_first(
        handler: git_server._Handler, status: int, headers: list[tuple[str, str]] | None = None, content: bytes = b""
    ) -> None:
        if b"ok refs/heads/staging" in content and not lost:
            lost.append(content)
            handler.close_connection = True
        else:
            send(handler, status, headers, content)

    with remote.copy() as git:
        monkeypatch.setattr(git_server._Handler, "_send", lose_the_first)
        push(git, "staging", new, old, "staging-before-now")
    assert lost
    assert remote.refs()["refs/heads/staging"] == new
    assert remote.refs()["refs/tags/staging-before-now"] == old


def test_who_may_only_read(remote: Remote, commits: tuple[str, str]) -> None:
    """A repository that takes no pushes: the message says what may be missing."""
    old, new = commits
    remote.git("config", "http.receivepack", "false")
    with remote.copy() as git, pytest.raises(BranchesError, match="or they may not do this"):
        push(git, "staging", new, old, "staging-before-now")


def test_a_commit_is_brought_from_its_tag(remote: Remote, commits: tuple[str, str]) -> None:
    """On another machine, the copy lacks what staging was; the tag has it. Without the tag it is gone."""
    old, new = commits
    with remote.copy() as git:
        push(git, "staging", new, old, "staging-before-now")
    with remote.copy(cache=remote.settings.cache.with_name(f"{remote.place.name}-another")) as git:
        assert not bring(git, old, None)
        assert bring(git, old, "staging-before-now")
        push(git, "staging", old, new)
    assert remote.refs()["refs/heads/staging"] == old
