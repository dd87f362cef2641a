"""What is merged where, read from a real repository over https."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bc_pipelines.branches.errors import BranchesError
from bc_pipelines.branches.survey import Survey
from bc_pipelines_tests.branches.remote import Remote


def master(remote: Remote) -> str:
    """The main branch's tip."""
    return remote.git("rev-parse", "refs/heads/master")


def merged(remote: Remote, *branches: str, into: str = "staging") -> str:
    """Merge branches of one file each, as `git merge --no-ff` does; the files' names are the branches'."""
    for branch in branches:
        tip = remote.git("rev-parse", f"refs/heads/{branch}")
        there = remote.refs().get(f"refs/heads/{into}", master(remote))
        files = remote.git("diff", "--name-only", "-z", f"{there}...{tip}").rstrip("\0").split("\0")
        texts = {name: remote.git("show", f"{tip}:{name}") + "\n" for name in files}
        remote.commit(into, texts, there, tip)
    return remote.refs()[f"refs/heads/{into}"]


def names(found: Survey) -> dict[str, bool]:
    """Branches that are shown, and whether each is merged back."""
    return {branch.name: branch.chosen for branch in found.branches}


def test_the_runbooks_list(remote: Remote) -> None:
    """What staging holds and master lacks; not what is merged in both, nor what is merged in neither."""
    begun = master(remote)
    for branch in ("in-both", "on-staging", "elsewhere"):
        remote.commit(branch, {branch: "new\n"}, begun)
    merged(remote, "in-both", into="master")
    merged(remote, "on-staging")
    found = remote.survey()
    assert names(found) == {"on-staging": True}
    assert (found.branches[0].ahead, found.branches[0].behind) == (1, 2)
    assert found.in_main == 1
    assert found.only_staging == ()
    assert [merge.clean for merge in found.merges] == [True]


def test_the_new_tip_is_master_with_the_branches_merged_in(remote: Remote) -> None:
    """Each by a merge of its own, the oldest work first; the same look again makes the same commit."""
    begun = master(remote)
    remote.commit("b-older", {"b": "b\n"}, begun, days=20)
    remote.commit("a-newer", {"a": "a\n"}, begun, days=10)
    merged(remote, "a-newer", "b-older")
    remote.commit("master", {"released": "yes\n"}, begun)
    found = remote.survey()
    with remote.copy() as git:
        parents = git.run("log", "--first-parent", "--format=%P", found.tip).text.splitlines()
        files = git.run("ls-tree", "--name-only", "-r", found.tip).text.splitlines()
    refs = remote.refs()
    assert parents[0].split()[1] == refs["refs/heads/a-newer"]
    assert parents[1].split() == [refs["refs/heads/master"], refs["refs/heads/b-older"]]
    assert {"a", "b", "released"} <= set(files)
    assert remote.survey().tip == found.tip
    assert remote.refs() == refs, "looking changed something"


def test_a_stale_branch_is_left_out(remote: Remote) -> None:
    """Nobody has worked on it for more than 90 days; a pattern that names it brings it back."""
    remote.commit("old", {"old": "1\n"}, master(remote), days=91)
    remote.commit("young", {"young": "1\n"}, master(remote), days=90)
    merged(remote, "old", "young")
    assert names(remote.survey()) == {"old": False, "young": True}
    assert names(remote.survey(merge=("o*",))) == {"old": True, "young": False}


def test_a_branch_that_went_on_is_shown_and_not_merged_back(remote: Remote) -> None:
    """Its newer commits were never on staging; only a pattern brings them there."""
    first = remote.commit("feature", {"f": "1\n"}, master(remote))
    merged(remote, "feature")
    remote.commit("feature", {"f": "2\n"}, first)
    found = remote.survey()
    assert names(found) == {"feature": False}
    assert found.branches[0].newer == 1
    assert found.only_staging == ()
    assert names(remote.survey(merge=("feature",))) == {"feature": True}


def test_a_commit_that_only_staging_has(remote: Remote) -> None:
    """Somebody fixed something on staging itself; its id and date are shown, and whether it is a merge."""
    remote.commit("feature", {"f": "1\n"}, master(remote))
    fix = remote.commit("staging", {"fix": "1\n"}, merged(remote, "feature"), author="Ada Lovelace")
    found = remote.survey()
    assert [(commit.id, commit.merge) for commit in found.only_staging] == [(fix, False)]
    assert "Lovelace" not in repr(found)


def test_a_merge_in_which_something_was_changed(remote: Remote) -> None:
    """What somebody resolved by hand in a merge is nowhere else; a merge that git makes by itself is no loss."""
    remote.commit("feature", {"f": "1\n"}, master(remote))
    tip = remote.refs()["refs/heads/feature"]
    evil = remote.commit("staging", {"f": "1\n", "slipped-in": "1\n"}, master(remote), tip)
    assert [(commit.id, commit.merge) for commit in remote.survey().only_staging] == [(evil, True)]


def test_a_rebased_branch_loses_nothing(remote: Remote) -> None:
    """Its old commits are only on staging, but the same changes are in its new ones."""
    begun = master(remote)
    remote.commit("feature", {"f": "1\n"}, begun, days=9)
    merged(remote, "feature")
    released = remote.commit("master", {"released": "1\n"}, begun)
    remote.commit("feature", {"f": "1\n"}, released, days=2)
    assert remote.survey().only_staging == ()


def test_conflicts_name_files_and_rivals(remote: Remote) -> None:
    """The first branch merges, the second conflicts with it in one file, the third is tried all the same."""
    begun = master(remote)
    remote.commit("one", {"shared.txt": "ONE\ntwo\nthree\n"}, begun, days=3)
    remote.commit("two", {"shared.txt": "Two\ntwo\nthree\n"}, begun, days=2)
    remote.commit("three", {"own": "1\n"}, begun, days=1)
    one, two, three = (remote.refs()[f"refs/heads/{name}"] for name in ("one", "two", "three"))
    first = remote.commit("staging", {"shared.txt": "ONE\ntwo\nthree\n"}, begun, one)
    second = remote.commit("staging", {"shared.txt": "both\ntwo\nthree\n"}, first, two)
    remote.commit("staging", {"own": "1\n"}, second, three)
    found = remote.survey()
    assert [(m.branch, m.conflicts, m.rivals) for m in found.conflicts] == [("two", ("shared.txt",), ("one",))]
    assert [m.branch for m in found.merges if m.clean] == ["one", "three"]
    assert [commit.id for commit in found.only_staging] == [second], "how somebody resolved it"


def test_a_conflict_with_the_main_branch(remote: Remote) -> None:
    """What conflicts with a release names the main branch."""
    begun = master(remote)
    remote.commit("one", {"shared.txt": "ONE\ntwo\nthree\n"}, begun)
    merged(remote, "one")
    remote.commit("master", {"shared.txt": "released\ntwo\nthree\n"}, begun)
    assert [m.rivals for m in remote.survey().conflicts] == [("master",)]


def test_a_branch_of_another_history(remote: Remote) -> None:
    """Merging it would need somebody's word; it is said, and nothing else is disturbed."""
    alien = remote.commit("alien", {"alien": "1\n"})
    remote.commit("staging", {"alien": "1\n"}, master(remote), alien)
    assert [(m.branch, m.unrelated) for m in remote.survey().conflicts] == [("alien", True)]


@pytest.mark.parametrize(
    "name",
    ["-rf", "--upload-pack=sh", "größe/ünïcode", "a;b|c$(d)", "it's", 'q"q', "staging.old", "a\u2028b", "a\x85b"],
    ids=ascii,
)
def test_odd_names_of_branches(remote: Remote, name: str) -> None:
    """Names that look like options or that a shell would take apart are names; none is run, and all merge."""
    tip = remote.commit("plain", {"f": "1\n"}, master(remote))
    remote.point(name, tip)
    remote.git("update-ref", "-d", "refs/heads/plain")
    remote.commit("staging", {"f": "1\n"}, master(remote), tip)
    found = remote.survey()
    assert names(found) == {name: True}
    with remote.copy() as git:
        assert git.run("show", "--no-patch", "--format=%s", found.tip).text == f"Merge branch '{name}' into staging"


def test_files_with_odd_names_conflict_by_name(remote: Remote) -> None:
    """The file of a conflict is named as it is called."""
    begun = remote.commit("master", {"größe a.txt": "one\n"}, master(remote))
    remote.commit("one", {"größe a.txt": "two\n"}, begun)
    merged(remote, "one")
    remote.commit("master", {"größe a.txt": "three\n"}, begun)
    assert remote.survey().conflicts[0].conflicts == ("größe a.txt",)


def test_no_staging_yet(remote: Remote) -> None:
    """Without the branch there is nothing to lose, and a new one is the main branch."""
    found = remote.survey()
    assert (found.staging_tip, found.branches, found.tip) == (None, (), master(remote))


def test_an_empty_repository(empty: Remote) -> None:
    """It is said, with what to correct."""
    with pytest.raises(BranchesError, match=r"is empty\. Correct repository\.main"):
        empty.survey()


def test_another_main_branch(remote: Remote) -> None:
    """Whoever calls it main writes so."""
    with pytest.raises(BranchesError, match="has no branch main"):
        remote.survey(main="main")
    remote.point("main", master(remote))
    assert remote.survey(main="main").main == "main"


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.booleans()), max_size=6))
def test_nothing_is_lost_that_is_not_told(remote: Remote, work: list[tuple[str, str, bool]]) -> None:
    """Whatever was committed where: each change on staging is in the new tip, on a branch, or told of as lost."""
    for name in [name for name in remote.refs() if name != "refs/heads/master"]:
        remote.git("update-ref", "-d", name)
    begun = master(remote)
    for number, (branch, file, direct) in enumerate(work):
        refs = remote.refs()
        staging = refs.get("refs/heads/staging", begun)
        if direct:
            remote.commit("staging", {file: f"{number}\n"}, staging)
        else:
            tip = remote.commit(branch, {f"{branch}{file}": f"{number}\n"}, refs.get(f"refs/heads/{branch}", begun))
            remote.commit("staging", {f"{branch}{file}": f"{number}\n"}, staging, tip)
    found = remote.survey()
    told = {commit.id for commit in found.only_staging}
    kept = remote.git("rev-list", "--no-merges", *(t for n, t in remote.refs().items() if n != "refs/heads/staging"))
    if found.staging_tip:
        held = remote.git("rev-list", "--no-merges", found.staging_tip).split()
        assert set(held) <= told | set(kept.split())
    assert told.isdisjoint(kept.split())
