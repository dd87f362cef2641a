"""The site's branches in a reset: from what git tells to what a plan and a check say."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bc_pipelines.operations import code
from bc_pipelines.operations.errors import OutOfReach
from bc_pipelines.operations.tools import Tools
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines_tests.branches.remote import Remote, migration, new_remote, serving


@dataclass(frozen=True)
class Site:
    """A repository, and tools that name it."""

    remote: Remote
    tools: Tools

    def told(self, **changes: object) -> Tools:
        """Tools with other settings of the repository."""
        repository = replace(self.remote.settings, **changes)  # type: ignore[arg-type]
        return replace(self.tools, settings=replace(self.tools.settings, repository=repository))


@pytest.fixture
def site(tools: Tools, tmp_path: Path) -> Iterator[Site]:
    """A main branch, and two branches that change one line, each of them on staging."""
    certificates = make_certificates(tmp_path / "tls", [])
    with serving(tmp_path, certificates) as address:
        remote = new_remote(tmp_path, address, certificates, "site")
        begun = remote.commit("master", {"shared.txt": "one\n"})
        one = remote.commit("one", {"shared.txt": "ONE\n"}, begun, days=0)
        two = remote.commit("two", {"shared.txt": "Two\n"}, begun, days=-1)
        first = remote.commit("staging", {"shared.txt": "ONE\n"}, begun, one, days=-2)
        remote.commit("staging", {"shared.txt": "both\n"}, first, two, days=-3)
        made = Site(remote, tools)
        yield replace(made, tools=made.told(stale_days=100_000))


def test_a_conflict_stands_against_a_reset(site: Site) -> None:
    """The plan's objection names the branch, its file and the page; what somebody resolved by hand is a loss."""
    found = code.look(site.tools)
    (words,) = code.objections(found)
    assert "two (shared.txt)" in words
    assert "docs/operating.md#the-branches-do-not-come-together" in words
    assert code.lost(found) == {"commits that only the branch staging has": 1}
    merges, migrations, only = code.verdicts(found)
    assert merges.rows[1]["conflicts with"] == "one"
    assert (merges.passed, migrations.passed, only.passed, only.severity) == (False, True, False, "warn")


def test_migrations_that_do_not_know_each_other_stand_against_a_reset(site: Site) -> None:
    """Two branches merge cleanly and each brings a migration: the plan names the app, the migrations, the branches."""
    main = site.remote.refs()["refs/heads/master"]
    begun = site.remote.commit("master", {"bc/news/migrations/0001_initial.py": migration()}, main)
    after = migration(("news", "0001_initial"))
    ends = [
        site.remote.commit(name, {f"bc/news/migrations/0002_{name}.py": after}, begun, days=0)
        for name in ("red", "blue")
    ]
    staging = site.remote.commit("staging", {"both.txt": "1\n"}, begun, ends[0], days=-2)
    site.remote.commit(
        "staging", {f"bc/news/migrations/0002_{name}.py": after for name in ("red", "blue")}, staging, ends[1]
    )
    found = code.look(site.told(merge=("red", "blue")))
    (words,) = code.objections(found)
    assert "bc/news (0002_blue, 0002_red; brought by " in words
    assert "makemigrations --merge" in words
    assert "docs/operating.md#the-branches-do-not-come-together" in words
    assert list(code.objections(code.look(site.told(merge=("red",))))) == []


def test_a_branch_that_is_left_out_does_not_stand_in_the_way(site: Site) -> None:
    """Naming what is merged back leaves out the rest, and the plan says why."""
    found = code.look(site.told(merge=("one",), stale_days=100_000))
    assert list(code.objections(found)) == []
    assert found is not None
    assert "with `one` merged in; left out: `two` (not named by repository.merge)" in code.in_words(found)


def test_a_branch_that_went_on_is_told(site: Site) -> None:
    """Who types the name should know that newer work does not come along."""
    site.remote.commit("two", {"more": "1\n"}, site.remote.refs()["refs/heads/two"])
    found = code.look(site.tools)
    assert list(code.objections(found)) == []
    (words,) = code.warnings(found)
    assert words.startswith("two has 1 commits since it was merged to staging.")


def test_the_table_names_no_author(site: Site) -> None:
    """Branch, date, figures and why; whoever wrote it is a person."""
    found = code.look(site.tools)
    assert found is not None
    rows = code.branch_rows(found)
    assert [row["branch"] for row in rows] == ["one", "two"]
    assert "council.example" not in repr((found, rows))


def test_without_a_repository(tools: Tools) -> None:
    """Nothing is looked at, nothing objected to, and the checks say so."""
    found = code.look(tools)
    assert found is None
    assert (list(code.objections(found)), list(code.warnings(found)), code.lost(found)) == ([], [], {})
    assert {verdict.summary for verdict in code.verdicts(found)} == {
        "Not looked at: environments.toml names no repository."
    }


def test_a_wrong_password_comes_with_the_page(site: Site) -> None:
    """The message says where more is told, and not what was sent."""
    with pytest.raises(OutOfReach, match="the-branches-do-not-come-together") as caught:
        code.look(site.told(password="not-this-one"))
    assert "not-this-one" not in str(caught.value)
