"""The checks themselves, put to the test: each rule in turn is dropped, and the coverage or the proof has to notice.

The sanitiser and the proof's own process both run for real.
"""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import KEEP, PROFILES, Column, Profile, TableName
from bc_pipelines.privacy.errors import CatalogueRefusal
from bc_pipelines.privacy.sanitiser import sanitise
from bc_pipelines.proof import Collector, Proof
from bc_pipelines_tests.planted import STAFF_DOMAINS
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.privacy.archives import policy
from bc_pipelines_tests.privacy.site import Raw
from bc_pipelines_tests.site_schema import build_site

SHIPPED = Catalogue.load()
JOBS = 3
"""Processes that search; test_spread.py shows that any number finds the same."""


@dataclass(frozen=True)
class Prover:
    """Sanitises and proves in a folder."""

    folder: Path

    def proof(self, archive: bytes, catalogue: Catalogue, profile: Profile = "staging") -> Proof:
        """The proof of a copy, from the process that makes it in production too."""
        path = self.folder / "copy.dump"
        staff = STAFF_DOMAINS if profile == "staging" else frozenset[str]()
        with Collector(staff_domains=staff) as collector:
            source = collector.tee(io.BytesIO(archive))
            with path.open("wb") as target:
                sanitise(source, target, catalogue, policy(profile))
            while source.read(1 << 20):
                pass
            return collector.search(path, jobs=JOBS)

    def places(self, archive: bytes, catalogue: Catalogue, profile: Profile = "staging") -> set[str]:
        """Where a failed proof found somebody, as ``table.column``; nothing if it passed."""
        proof = self.proof(archive, catalogue, profile)
        assert proof.control.passed
        found = {f"{hit.table}.{hit.column}" for hit in proof.hits}
        assert proof.passed is not bool(found)
        return found


@pytest.fixture
def prover(tmp_path: Path) -> Prover:
    """Sanitises and proves."""
    return Prover(tmp_path)


def keeping(catalogue: Catalogue, table: str, *columns: str) -> Catalogue:
    """A catalogue that keeps some columns of a table in both copies, or a purged table whole."""
    name = TableName.parse(table)
    entry = catalogue.tables[name]
    if entry.purge:
        changed = replace(entry, purge=False, unless_referenced=None)
    else:
        kept = {each: Column(each, dict.fromkeys(PROFILES, KEEP), "kept by mistake") for each in columns}
        changed = replace(entry, columns={**entry.columns, **kept})
    return replace(catalogue, tables={**catalogue.tables, name: changed})


@pytest.mark.parametrize("profile", PROFILES)
def test_the_shipped_rules_pass(raw: Raw, prover: Prover, profile: Profile) -> None:
    """With every rule in place the proof passes, so that whatever fails below fails for its mutation."""
    assert prover.places(raw.archive, SHIPPED, profile) == set()


# Every column that is rewritten.
REWRITTEN = (
    ("users_user", "username"),
    ("users_user", "first_name"),
    ("users_user", "last_name"),
    ("users_user", "email"),
    ("users_user", "password"),
    ("wagtailusers_userprofile", "avatar"),
    ("wagtailcore_pageviewrestriction", "password"),
    ("wagtailcore_collectionviewrestriction", "password"),
    ("wagtailcore_pagelogentry", "data"),
    ("wagtailcore_revision", "content"),
    ("wagtailcore_taskstate", "comment"),
    ("forms_formpage", "to_address"),
    ("forms_formpage", "from_address"),
    ("wagtailredirects_redirect", "old_path"),
    ("wagtailredirects_redirect", "redirect_link"),
    ("wagtailredirects_redirect", "redirect_page_route_path"),
)


@pytest.mark.parametrize("rule", REWRITTEN, ids=lambda rule: ".".join(rule))
def test_a_column_that_is_kept_fails(raw: Raw, prover: Prover, rule: tuple[str, ...]) -> None:
    """A rewritten column whose rule becomes keep is found, and named."""
    table, *columns = rule
    assert prover.places(raw.archive, keeping(SHIPPED, table, *columns)) == {f"{table}.{', '.join(columns)}"}


# Purged tables, and every place in them where the proof finds somebody.
PURGED = {
    "blogs_blogalertsubscription": {"email", "token"},
    "database_cache": {"value"},
    "django_admin_log": {"object_repr", "change_message"},
    "django_session": {"session_key", "session_data"},
    "feedback_feedbackcomment": {"action", "issue", "original_url"},
    "feedback_usefulnessfeedback": {"original_url"},
    "recruitment_jobalertsubscription": {"email", "search", "token"},
    "wagtail_transfer_importedfile": {"file", "source_url"},
    "wagtailcore_comment": {"text"},
    "wagtailcore_modellogentry": {"label", "data"},
    "wagtailcore_uploadedfile": {"file"},
    "wagtailforms_formsubmission": {"form_data"},
    "wagtailsearch_indexentry": {"autocomplete", "title", "body"},
    "wagtailsearchpromotions_query": {"query_string"},
}


@pytest.mark.parametrize("table", PURGED)
def test_a_table_that_is_kept_fails(raw: Raw, prover: Prover, table: str) -> None:
    """A purged table that is kept is found, with each of its places that hold somebody."""
    found = prover.places(raw.archive, keeping(SHIPPED, table))
    assert found >= {f"{table}.{column}" for column in PURGED[table]}
    assert {place.partition(".")[0] for place in found} == {table}


@pytest.mark.parametrize("table", ["wagtailcore_commentreply", "wagtailsearchpromotions_querydailyhits"])
def test_a_table_whose_parent_is_purged_is_refused(raw: Raw, prover: Prover, table: str) -> None:
    """A child that is kept while its parent is purged does not get as far as the proof."""
    with pytest.raises(CatalogueRefusal, match=rf"{table}\.\w+ refers to \w+, which loses rows"):
        prover.proof(raw.archive, keeping(SHIPPED, table))


def test_replies_are_found_beside_their_comments(raw: Raw, prover: Prover) -> None:
    """With comments and replies both kept, both are found."""
    both = keeping(keeping(SHIPPED, "wagtailcore_comment"), "wagtailcore_commentreply")
    assert prover.places(raw.archive, both) >= {"wagtailcore_comment.text", "wagtailcore_commentreply.text"}


def test_every_rule_is_put_to_the_test() -> None:
    """No rule of the catalogue is missing above, but for tables that hold no more than numbers and times."""
    nobody = {"birdbath_execution", "wagtailadmin_editingsession", "wagtailsearchpromotions_querydailyhits"}
    purged = {name.name for name, table in SHIPPED.tables.items() if table.purge}
    assert purged - nobody - {"wagtailcore_commentreply"} == PURGED.keys()
    rewritten = {
        f"{name}.{column.name}"
        for name, table in SHIPPED.tables.items()
        for column in table.columns.values()
        if not all(rule.keeps for rule in column.rules.values())
    }
    assert rewritten == {f"{table}.{column}" for table, *columns in REWRITTEN for column in columns}


@pytest.mark.parametrize("part", ["empty", "mail_sink"])
def test_comments_and_recipients_in_drafts_are_found(raw: Raw, prover: Prover, part: str) -> None:
    """Without the rule for comments inside revisions, or for recipients of forms that are live, these are found."""
    rule = SHIPPED.json_rules["revision"]
    nothing: frozenset[str] = frozenset()
    weaker = {
        **SHIPPED.json_rules,
        "revision": replace(rule, empty=nothing) if part == "empty" else replace(rule, mail_sink=nothing),
    }
    assert prover.places(raw.archive, replace(SHIPPED, json_rules=weaker)) == {"wagtailcore_revision.content"}


@pytest.mark.parametrize("path", ["comment.text", "reply.text", "comment"])
def test_remarks_in_page_history_are_found(raw: Raw, prover: Prover, path: str) -> None:
    """Each remark that a path lets through into page history is found."""
    rule = SHIPPED.json_rules["page_log"]
    wider = replace(rule, allow=(rule.allow or frozenset()) | {tuple(path.split("."))})
    weaker = replace(SHIPPED, json_rules={**SHIPPED.json_rules, "page_log": wider})
    assert prover.places(raw.archive, weaker) == {"wagtailcore_pagelogentry.data"}


def test_staff_who_are_spared_locally_are_found(raw: Raw, prover: Prover) -> None:
    """Nobody's account stays on a laptop: each column that spares staff there is found."""
    name = TableName.parse("users_user")
    entry = SHIPPED.tables[name]
    spared = {
        each.name: replace(each, rules=dict.fromkeys(PROFILES, each.rules["staging"]))
        for each in entry.columns.values()
    }
    weaker = replace(SHIPPED, tables={**SHIPPED.tables, name: replace(entry, columns=spared)})
    columns = ("username", "email", "password", "first_name", "last_name", "first_name, last_name")
    expected = {f"users_user.{column}" for column in columns}
    assert prover.places(raw.archive, weaker, "local") == expected


def changed(cluster: Cluster, folder: Path, statements: str) -> bytes:
    """The archive of the site after some SQL."""
    build_site(cluster, "changed")
    cluster.execute(statements, database="changed")
    return cluster.dump(folder / "changed.dump", database="changed").read_bytes()


def test_a_changed_schema_is_refused(cluster: Cluster, prover: Prover, tmp_path: Path) -> None:
    """What a release of the site may do to its tables stops the copy before the first row is read, each by name."""
    archive = changed(
        cluster,
        tmp_path,
        "ALTER TABLE auth_permission ADD shoe_size int; CREATE TABLE appointment (name text);"
        "ALTER TABLE blogs_blogalertsubscription RENAME TO subscriber;"
        "CREATE TABLE heir (age int) INHERITS (auth_group);"
        "ALTER TABLE users_user ALTER email TYPE text[] USING ARRAY[email]",
    )
    with pytest.raises(CatalogueRefusal) as caught:
        prover.proof(archive, SHIPPED)
    message = str(caught.value)
    assert "Tables without an entry (2):\n  appointment\n  subscriber\n" in message
    assert "Columns without an entry (2):\n  auth_permission.shoe_size\n  heir.age\n" in message
    assert "Refused (1):\n  users_user.email: its type text[] is none that the rule email unless staff can" in message


FOLLOWED = """
    CREATE EXTENSION citext;
    ALTER TABLE users_user ALTER email TYPE citext;
    ALTER TABLE wagtailforms_formsubmission ALTER form_data TYPE citext USING form_data::text;
    DROP TABLE blogs_blogalertsubscription;
    CREATE TABLE blogs_blogalertsubscription (id int NOT NULL, email varchar(254), confirmed bool, created timestamptz,
        token varchar(255), homepage_id int) PARTITION BY RANGE (id);
    CREATE TABLE alerts_2026 PARTITION OF blogs_blogalertsubscription FOR VALUES FROM (0) TO (9);
    INSERT INTO blogs_blogalertsubscription VALUES (1, 'partitioned.jo@residents.example', true, now(), 'x', 1);
"""


@pytest.fixture(scope="module")
def followed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The site with columns of citext, and a table that was partitioned."""
    return changed(cluster, tmp_path_factory.mktemp("followed"), FOLLOWED)


@pytest.mark.parametrize(
    ("table", "columns", "expected"),
    [
        ("blogs_blogalertsubscription", (), {"alerts_2026.email"}),
        ("users_user", ("email",), {"users_user.email"}),
        ("wagtailforms_formsubmission", (), {"wagtailforms_formsubmission.form_data"}),
    ],
    ids=["partition", "citext, rewritten", "citext, purged"],
)
def test_what_the_rules_follow_is_found_without_them(
    followed: bytes, prover: Prover, table: str, columns: tuple[str, ...], expected: set[str]
) -> None:
    """A partition and columns of citext do not hide anybody from the proof where their table's rule is dropped."""
    assert prover.places(followed, keeping(SHIPPED, table, *columns)) == expected


def test_the_rules_follow(followed: bytes, prover: Prover) -> None:
    """With the shipped rules, partitions and columns of citext are treated as their tables are, and nobody is left."""
    assert prover.places(followed, SHIPPED) == set()


# Kept columns of all kinds, none of them published, each with the address of somebody who sent in a form.
KEPT = {
    "wagtailcore_collection.name": "'ask kept0@residents.example'",
    "wagtailcore_revision.object_str": "'kept1@residents.example'",
    "wagtailcore_pagelogentry.label": "'Draft of kept2@residents.example'",
    "wagtailusers_userprofile.dismissibles": """'{"seen": "kept3@residents.example"}'""",
    "wagtailcore_page.draft_title": "encode('kept4@residents.example', 'base64')",
    "wagtailcore_referenceindex.content_path": r"'\x' || encode('kept5@residents.example', 'hex')",
}


def test_addresses_in_kept_columns_fail(cluster: Cluster, prover: Prover, tmp_path: Path) -> None:
    """Somebody's address that turns up in a column which nobody called personal is found, however it is written."""
    senders = " ".join(f"kept{number}@residents.example" for number in range(len(KEPT)))
    statements = [f"""UPDATE wagtailforms_formsubmission SET form_data = '{{"email": "{senders}"}}' WHERE id = 3"""]  # noqa: S608
    for place, value in KEPT.items():
        table, _, name = place.partition(".")
        statements.append(f"UPDATE {table} SET {name} = {value} WHERE id = 3")  # noqa: S608
    archive = changed(cluster, tmp_path, ";".join(statements))
    assert prover.places(archive, SHIPPED) == KEPT.keys()
