"""The council's whole site, with an invented person in every place: sanitised, restored, and looked through."""

import io
import json
from pathlib import Path

import pytest

from bc_pipelines.pgarchive import ArchiveReader
from bc_pipelines.pgarchive.schema import Schema
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import PROFILES
from bc_pipelines_tests.planted import planted
from bc_pipelines_tests.planting import ROWS
from bc_pipelines_tests.postgres import Cluster, find_bindirs
from bc_pipelines_tests.privacy.archives import (
    PASSWORD,
    SINK,
    policy,
    sanitised,
    stored_of,
)
from bc_pipelines_tests.privacy.site import Archive, Copy, Raw, copied, dumped_site
from bc_pipelines_tests.site_schema import site_tables

# Kept tables whose rows have to be looked at, because they say which rows of other tables stay.
OBSERVED = {"django_content_type", "wagtailsearchpromotions_searchpromotion"}


def test_everybody_is_in_the_raw_archive(raw: Raw) -> None:
    """The search that the other tests rely on finds every planted word where it was planted."""
    text = raw.everything
    assert [person.place for person in planted() if person.word.encode() not in text] == []
    assert len(raw.rows) == 142


def wrongly_left(copy: Copy) -> list[str]:
    """Where planted words were, that are in the copy and may not be."""
    text = copy.everything
    return [
        person.place for person in planted() if person.word.encode() in text and copy.profile not in person.stays_in
    ]


def test_nobody_is_left(copy: Copy) -> None:
    """No planted word is anywhere in the copy, but for those that its profile keeps."""
    assert wrongly_left(copy) == []


def restore(cluster: Cluster, copy: Copy, folder: Path) -> None:
    """Restore a copy as the database ``restored``."""
    path = folder / "copy.dump"
    path.write_bytes(copy.archive)
    cluster.restore(path, database="restored")


@pytest.mark.parametrize("major", sorted(find_bindirs())[1:])
def test_other_versions_do_as_well(major: int, tmp_path: Path) -> None:
    """Archives of newer versions of PostgreSQL lose the same people, and restore."""
    with Cluster(find_bindirs()[major]) as cluster:
        raw = dumped_site(cluster, tmp_path)
        assert [person.place for person in planted() if person.word.encode() not in raw.everything] == []
        for profile in PROFILES:
            copy = copied(raw, profile)
            assert wrongly_left(copy) == []
            restore(cluster, copy, tmp_path)


def test_what_must_stay_is_there(copy: Copy) -> None:
    """Published content is still there, and so are staff on staging, and editors' promotions, redirects and history."""
    text = copy.everything
    missing = [
        person.place for person in planted() if person.word.encode() not in text and copy.profile in person.stays_in
    ]
    assert not missing


def test_kept_tables_are_the_same_bytes(raw: Raw, copy: Copy) -> None:
    """Tables without a rule come out as they were stored, or row by row the same where they had to be looked at."""
    before, after = stored_of(raw.archive), stored_of(copy.archive)
    kept = {table.table for table in copy.manifest.tables if table.treatment == "keep"}
    assert len(kept) > 110
    assert [name for name in kept - OBSERVED if before[name] != after[name]] == []
    assert [name for name in kept if raw.rows[name] != copy.rows[name]] == []


def test_columns_without_a_rule_are_the_same_bytes(raw: Raw, copy: Copy) -> None:
    """In rewritten tables, only columns with a rule have other bytes than before."""
    for table in copy.manifest.tables:
        if table.treatment != "rewrite" or table.rows_purged:
            continue
        for before, after in zip(raw.rows[table.table], copy.rows[table.table], strict=True):
            for name, old, new in zip(raw.columns[table.table], before.split(b"\t"), after.split(b"\t"), strict=True):
                assert old == new or name in table.columns, f"{table.table}.{name}"


def test_it_restores_with_every_key(raw: Raw, copy: Copy, tmp_path: Path) -> None:
    """pg_restore loads the copy with two jobs and not a word, and every key of the site holds on the result."""
    restore(raw.cluster, copy, tmp_path)
    valid = raw.cluster.execute(
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated", database="restored"
    )
    schema = Schema.from_entries(ArchiveReader(io.BytesIO(raw.archive)).entries)
    assert valid == [(len(schema.foreign_keys),)]
    for table in copy.manifest.tables:
        counted = raw.cluster.execute(f'SELECT count(*) FROM "{table.table}"', database="restored")  # noqa: S608
        assert counted == [(table.rows_written,)], table.table


def test_the_counts_are_true(raw: Raw, copy: Copy) -> None:
    """The manifest's rows read and written are those in the two archives, and it names every table of the site."""
    tables = {table.table: table for table in copy.manifest.tables}
    assert set(tables) == set(site_tables())
    assert {name: table.rows_read for name, table in tables.items()} == {n: len(r) for n, r in raw.rows.items()}
    assert {name: table.rows_written for name, table in tables.items()} == {n: len(r) for n, r in copy.rows.items()}
    assert (copy.manifest.bytes_read, copy.manifest.bytes_written) == (len(raw.archive), len(copy.archive))


def test_the_manifest_holds_nobody(copy: Copy) -> None:
    """The manifest has counts and domains, and no planted word."""
    text = copy.manifest.to_json()
    assert [person.place for person in planted() if person.word in text] == []


def test_accounts_fall_on_the_right_side(raw: Raw, copy: Copy) -> None:
    """Staff, by exact domain, keep their passwords on staging; nobody else does, and nobody at all locally."""
    before = raw.column("users_user", "password")
    after = copy.column("users_user", "password")
    kept = [number for number, (old, new) in enumerate(zip(before, after, strict=True), start=1) if old == new]
    assert kept == ([6, 7] if copy.profile == "staging" else [])
    assert all(password is not None and password.startswith("!") for password in after if password not in before)
    assert (copy.manifest.accounts.kept, copy.manifest.accounts.replaced) == (len(kept), ROWS - len(kept))
    sides = {domain.domain: domain.kept for domain in copy.manifest.accounts.by_domain}
    assert sides["torchbox.example"] == sides["buckinghamshire.example"] == (copy.profile == "staging")
    assert sides["mail.buckinghamshire.example"] == sides["(no valid domain)"] == 0


def test_substitutes_are_valid(raw: Raw, copy: Copy) -> None:
    """Made-up usernames are unique, and made-up addresses end in the reserved domain with a short local part."""
    usernames = copy.column("users_user", "username")
    assert len(set(usernames)) == ROWS
    before = raw.column("users_user", "email")
    for old, new in zip(before, copy.column("users_user", "email"), strict=True):
        assert new is not None
        assert new == old or (new.endswith("@replaced.invalid") and len(new.partition("@")[0]) <= 64)


def test_settings_decide_passwords_and_mail(copy: Copy) -> None:
    """Protected pages get the configured password, forms the configured recipient; what was empty stays empty."""
    for table in ("wagtailcore_pageviewrestriction", "wagtailcore_collectionviewrestriction"):
        assert set(copy.column(table, "password")) <= {PASSWORD, ""}
    assert copy.column("wagtailcore_pageviewrestriction", "password")[1] == ""
    for name in ("to_address", "from_address"):
        values = copy.column("forms_formpage", name)
        assert values == [SINK, "", *[SINK] * (ROWS - 2)]


def test_revisions_lose_comments_and_recipients_only(raw: Raw, copy: Copy) -> None:
    """Comments in a revision are gone, also in JSON in JSON, its recipients are the sink, and all else is as it was."""
    before = json.loads(raw.column("wagtailcore_revision", "content")[0] or "")
    after = json.loads(copy.column("wagtailcore_revision", "content")[0] or "")
    assert after["wagtail_admin_comments"] == []
    assert after["to_address"] == after["from_address"] == SINK
    form, deeper = json.loads(after["body"])
    assert form["value"]["to_address"] == SINK
    assert json.loads(deeper["value"]) == {"wagtail_admin_comments": []}
    changed = {"wagtail_admin_comments", "to_address", "from_address", "body"}
    assert {key: before[key] for key in before if key not in changed} == {
        key: after[key] for key in after if key not in changed
    }
    assert b'"latitude": 51.8150,' in copy.rows["wagtailcore_revision"][0]
    assert raw.rows["wagtailcore_revision"][1:] == copy.rows["wagtailcore_revision"][1:]


def test_page_history_keeps_what_editors_read(copy: Copy) -> None:
    """Every row of page history stays, with titles and workflow, without comments and remarks."""
    data = [json.loads(value or "") for value in copy.column("wagtailcore_pagelogentry", "data")]
    assert len(data) == ROWS
    assert data[0] == {}
    assert set(data[1]["workflow"]) == {"id", "title", "next"}
    assert set(data[2]["title"]) == {"old", "new"}


def test_queries_with_a_promotion_stay(copy: Copy) -> None:
    """Exactly the queries stay that an editors' promotion hangs on."""
    assert copy.column("wagtailsearchpromotions_query", "id") == ["1", "2", "3"]
    assert len(copy.rows["wagtailsearchpromotions_searchpromotion"]) == ROWS


def test_redirects_lose_their_queries(copy: Copy) -> None:
    """No redirect has a query left; of those that became the same on one site, the one without a query stays."""
    paths = copy.column("wagtailredirects_redirect", "old_path")
    ids = copy.column("wagtailredirects_redirect", "id")
    assert not any("?" in (path or "") for path in paths)
    assert sorted(number or "" for number in ids) == ["3", "4", "5", "6", "7", "8"]


def test_references_to_purged_things_go(copy: Copy) -> None:
    """The reference index loses the rows that name a purged table, which would make Wagtail's usage pages fail."""
    types = copy.column("wagtailcore_referenceindex", "base_content_type_id")
    assert types == ["1", "3", "4", "5", "6", "7", "8"]


def test_a_run_can_be_told_from_another(raw: Raw) -> None:
    """Two runs give different substitutes, so that none can be looked up in another copy."""
    first, second = (set(copied(raw, "local").column("users_user", "email")) for _ in range(2))
    assert not first & second


def test_staff_passwords_can_be_replaced(raw: Raw) -> None:
    """With staff_passwords set to replace, staff keep their names on staging, and not their passwords."""
    how = policy("staging", replace_staff_passwords=True)
    archive, manifest = sanitised(raw.archive, Catalogue.load(), how)
    passwords = Archive(archive).column("users_user", "password")
    assert all((password or "").startswith("!") for password in passwords)
    assert manifest.accounts.kept == 2
