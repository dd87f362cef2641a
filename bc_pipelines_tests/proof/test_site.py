"""The council's whole site, with an invented person in every place, against what the sanitiser made of it."""

import io
from pathlib import Path

import pytest

from bc_pipelines.pgarchive.reader import ArchiveReader
from bc_pipelines.proof.sources import Sources
from bc_pipelines_tests.planted import STAFF_DOMAINS, planted
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.proof.archives import places, proof_of
from bc_pipelines_tests.site_schema import site_tables


def test_the_list_names_tables_and_columns_that_exist() -> None:
    """Every table and column of the list is one of the site's."""
    tables = {name: {column.name for column in columns} for name, columns in site_tables().items()}
    sources = Sources.load()
    for name, collect in sources.collect.items():
        named = {column.name for column in collect.columns} | {part for pair in collect.full_names for part in pair}
        assert named <= tables[name], name
    published = sources.published
    assert published.tables | sources.drafts <= tables.keys()
    for table, column in [*published.of_page.items(), *published.where.items()]:
        assert column in tables[table]
    for renditions, images in published.of_image.items():
        assert "image_id" in tables[renditions]
        assert "collection_id" in tables[images]
    for table, columns in published.hidden_columns.items():
        assert columns <= tables[table]


@pytest.mark.parametrize("staff_domains", [STAFF_DOMAINS, frozenset[str]()], ids=["staging", "local"])
def test_a_raw_archive_fails_in_every_place(site: Path, tmp_path: Path, staff_domains: frozenset[str]) -> None:
    """Nothing replaced: every table that people are in has hits, and no value is in the result."""
    raw = site.read_bytes()
    proof = proof_of(raw, raw, tmp_path, staff_domains)
    assert not proof.passed
    assert proof.control.passed
    expected = set(Sources.load().collect) - {
        # Of these only addresses and telephone numbers are taken, and the fixture has single words there.
        *("database_cache", "wagtailsearchpromotions_query", "django_admin_log", "wagtailcore_modellogentry"),
    }
    assert {table for table, _, _ in places(proof)} >= expected
    shown = proof.to_json() + repr(proof) + proof.summary()
    assert not [plant for plant in planted() if plant.word in shown]


def test_kept_staff_are_not_reported(site: Path, tmp_path: Path) -> None:
    """Of eight accounts the five strangers and the one with two addresses are found, never the two of staff."""
    raw = site.read_bytes()
    proof = proof_of(raw, raw, tmp_path, STAFF_DOMAINS)
    assert {hit.key for hit in proof.hits if hit.table == "users_user"} == {1, 2, 3, 4, 5, 8}


@pytest.mark.parametrize("change", ["partition", "renamed", "array", "kept column", "comment"])
def test_a_changed_database_does_not_hide_an_address(cluster: Cluster, tmp_path: Path, change: str) -> None:
    """Whatever a release of the site does to its tables, an address that gets through is found."""
    cluster.create_database("changed")
    statements = {
        "partition": "CREATE TABLE s (id int, form_data jsonb) PARTITION BY RANGE (id);"
        "CREATE TABLE wagtailforms_formsubmission_2026 PARTITION OF s FOR VALUES FROM (0) TO (9);"
        """INSERT INTO s VALUES (1, '{"email": "jo@home.example"}')""",
        "renamed": "CREATE TABLE subscribers (address text); INSERT INTO subscribers VALUES ('jo@home.example')",
        "array": "CREATE TABLE alerts (id int, addresses text[]); INSERT INTO alerts VALUES (1, '{a,jo@home.example}')",
        "kept column": "CREATE TABLE feedback_feedbackcomment (id int, page_id text);"
        "INSERT INTO feedback_feedbackcomment VALUES (1, 'jo@home.example')",
        "comment": "CREATE TABLE visitors (email text); INSERT INTO visitors VALUES ('jo@home.example');"
        "COMMENT ON TABLE visitors IS 'ask jo@home.example'",
    }
    cluster.execute(statements[change], database="changed")
    raw = cluster.dump(tmp_path / "changed.dump", database="changed").read_bytes()
    proof = proof_of(raw, raw, tmp_path)
    assert proof.control.passed
    assert {kind for _, _, kind in places(proof)} == {"email"}
    assert ("(table of contents)" in {table for table, _, _ in places(proof)}) is (change == "comment")
    assert all(table.schema == "public" for table in ArchiveReader(io.BytesIO(raw)).tables)
