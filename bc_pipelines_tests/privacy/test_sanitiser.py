"""The pass over an archive: order, counts, and what happens when something is wrong."""

import io
import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from bc_pipelines.pgarchive import ArchiveReader, ArchiveWriter, TruncatedArchive
from bc_pipelines.privacy import held
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import KINDS
from bc_pipelines.privacy.errors import SanitiseError
from bc_pipelines.privacy.sanitiser import sanitise
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.privacy.archives import PASSWORD, SINK, catalogue, dumped, policy, rows_of, sanitised

QUERIES = (
    "CREATE TABLE a_query (id int PRIMARY KEY, words text);"
    "CREATE TABLE promotion (id int, query_id int REFERENCES a_query);"
    "INSERT INTO a_query SELECT n, 'query ' || n FROM generate_series(1, 500) n;"
    "INSERT INTO promotion VALUES (1, 7), (2, 490)"
)
PROMOTED = catalogue(
    "[tables.a.a_query]\npurge = ['id', 'words']\nreason = 'x'\n"
    "unless_referenced = {column = 'id', by = ['promotion.query_id']}\n"
    "[tables.a.promotion]\nkeep = ['id', 'query_id']"
)
EMAILS = catalogue(
    "[tables.a.person]\nkeep = ['id']\ncolumns.email = {staging = 'email', local = 'email', reason = 'x'}"
)
REVISIONS = catalogue(
    "[tables.a.revision]\nkeep = ['id']\ncolumns.content = {staging = 'json:r', local = 'json:r', reason = 'x'}",
    "[json.r]\nempty = ['comments']",
)


def with_rows(archive: bytes, table: str, lines: Sequence[bytes]) -> bytes:
    """An archive in which a table has other rows."""
    reader = ArchiveReader(io.BytesIO(archive))
    target = io.BytesIO()
    writer = ArchiveWriter(target, reader.header, reader.entries)
    for block in reader.blocks():
        if block.table and block.table.name == table:
            with writer.block(block.dump_id) as rewritten:
                rewritten.write_rows(list(lines))
        else:
            writer.copy_block(block)
    writer.finish()
    return target.getvalue()


def in_order(archive: bytes, names: Sequence[str]) -> bytes:
    """An archive whose blocks stand in another order."""
    reader = ArchiveReader(io.BytesIO(archive))
    blocks = {block.table.name: list(block.rows()) for block in reader.blocks() if block.table}
    target = io.BytesIO()
    writer = ArchiveWriter(target, reader.header, reader.entries)
    for name in names:
        with writer.block(next(table.dump_id for table in reader.tables if table.name == name)) as block:
            block.write_rows(blocks[name])
    writer.finish()
    return target.getvalue()


@pytest.mark.parametrize("names", [("a_query", "promotion"), ("promotion", "a_query")])
def test_the_order_of_blocks_does_not_matter(cluster: Cluster, tmp_path: Path, names: tuple[str, str]) -> None:
    """Queries that promotions hang on stay, whichever of the two tables comes first."""
    archive = in_order(dumped(cluster, tmp_path, QUERIES), names)
    copy, manifest = sanitised(archive, PROMOTED)
    assert rows_of(copy)["a_query"] == [b"7\tquery 7", b"490\tquery 490"]
    assert rows_of(copy)["promotion"] == rows_of(archive)["promotion"]
    assert [(table.table, table.rows_purged) for table in manifest.tables] == [("a_query", 498), ("promotion", 0)]
    path = tmp_path / "copy.dump"
    path.write_bytes(copy)
    cluster.restore(path, database="restored")


def test_a_block_that_has_to_wait_is_capped(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that has to wait and is too large for memory stops the run, with its name and what to do."""
    monkeypatch.setattr("bc_pipelines.privacy.sanitiser.CAP", 100)
    with pytest.raises(SanitiseError, match=r"public\.a_query has to wait for other tables.*of no use"):
        sanitised(dumped(cluster, tmp_path, QUERIES), PROMOTED)
    assert held.CAP >= 32 << 20


def broken_rows() -> list[tuple[str, Catalogue, bytes, str]]:
    """Rows that a rule cannot read, and how the message begins."""
    return [
        ("person", EMAILS, b"2\tann\xff@residents.example", r"person\.email, row 2: not UTF-8"),
        ("person", EMAILS, b"2\tann\\q@residents.example", r"person\.email, row 2: a field holds an escape"),
        ("person", EMAILS, b"2", r"person, row 2: 1 fields instead of 2"),
        ("person", EMAILS, b"2\tann@residents.example\t3", r"person, row 2: 3 fields instead of 2"),
        ("revision", REVISIONS, b'2\t{"comments": "ann@residents.example"', r"revision\.content, row 2: not JSON"),
        (
            "revision",
            REVISIONS,
            b'2\t{"by": "{\\\\"comments\\\\": [\\\\"ann@residents.example \\\\ud83d\\\\"]}"}',
            r"revision\.content, row 2: half a character",
        ),
        ("revision", REVISIONS, b'2\t{"comments": ["ann\xff"]}', r"revision\.content, row 2: not UTF-8"),
    ]


@pytest.mark.parametrize(("table", "decided", "row", "message"), broken_rows())
def test_a_row_that_cannot_be_read_is_a_failure(
    cluster: Cluster, tmp_path: Path, table: str, decided: Catalogue, row: bytes, message: str
) -> None:
    """A broken row stops the run; the message names table, column and row number, and shows no value."""
    column = "email varchar(60)" if table == "person" else "content jsonb"
    archive = dumped(cluster, tmp_path, f"CREATE TABLE {table} (id int, {column})")
    with pytest.raises(SanitiseError, match=message) as caught:
        sanitised(with_rows(archive, table, [b"1\t\\N", row]), decided)
    assert "ann" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "of no use" in str(caught.value)


EVERY_RULE = {
    "keep": ("text", "Ann", "Ann"),
    "null": ("text", "Ann", None),
    "empty": ("text NOT NULL", "Ann", ""),
    "fixed:the same": ("varchar(8)", "Ann", "the same"),
    "person_name": ("varchar(20)", "Ann", "Name-"),
    "username": ("varchar(20) UNIQUE", "ann", "user-"),
    "email": ("varchar(60) UNIQUE", "ann@residents.example", "user-"),
    "phone": ("varchar(12)", "07700900123", "01632 960"),
    "postcode": ("varchar(8)", "HP20 1UA", "ZZ"),
    "free_text": ("text", "Ann was here", "Text-"),
    "token": ("char(40) UNIQUE", "a secret", ""),
    "ip_address": ("inet", "198.51.100.7", "192.0.2."),
    "password": ("varchar(128)", "pbkdf2_sha256$1$a$b", "!"),
    "mail_sink": ("varchar(255)", "ann@residents.example", SINK),
    "view_restriction_password": ("varchar(255)", "open sesame", PASSWORD),
    "url_without_query": ("varchar(255)", "/bins?who=ann", "/bins"),
    "json:r": ("jsonb", '{"body": "{\\"comments\\": [\\"Ann\\"]}"}', '{"body": "{\\"comments\\": []}"}'),
}


def test_every_kind_of_rule_gives_values_that_postgresql_takes(cluster: Cluster, tmp_path: Path) -> None:
    """A table with a column for each kind of rule restores, and each column holds what its kind promises."""
    assert {rule.partition(":")[0] for rule in EVERY_RULE} == set(KINDS)
    columns = [f"c{number} {type_}" for number, (type_, _, _) in enumerate(EVERY_RULE.values())]
    cluster.create_database("every")
    cluster.execute(f"CREATE TABLE person (id int, {', '.join(columns)})", database="every")
    places = ", ".join(["%s"] * len(EVERY_RULE))
    raw = [value for _, value, _ in EVERY_RULE.values()]
    cluster.execute(f"INSERT INTO person VALUES (1, {places})", raw, database="every")  # noqa: S608
    archive = cluster.dump(tmp_path / "every.dump", database="every").read_bytes()
    rules = "".join(
        f"columns.c{number} = {{staging = '{rule}', local = '{rule}', reason = 'x'}}\n"
        for number, rule in enumerate(EVERY_RULE)
    )
    decided = catalogue(f"[tables.a.person]\nkeep = ['id']\n{rules}", "[json.r]\nempty = ['comments']")
    path = tmp_path / "copy.dump"
    path.write_bytes(sanitised(archive, decided)[0])
    cluster.restore(path, database="restored")
    ((_, *values),) = cluster.execute("SELECT * FROM person", database="restored")
    for (rule, (_, before, expected)), value in zip(EVERY_RULE.items(), values, strict=True):
        text = json.dumps(value) if isinstance(value, dict) else None if value is None else str(value)
        assert text == expected or (text is not None and text.startswith(expected or "")), rule
        assert rule == "keep" or text != before, rule


def test_null_and_empty_stay(cluster: Cluster, tmp_path: Path) -> None:
    """NULL and empty values are nobody's, and stay as they are."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int, email varchar(60));"
        "INSERT INTO person VALUES (1, NULL), (2, ''), (3, 'a@b.example')",
    )
    copy, manifest = sanitised(archive, EMAILS)
    assert rows_of(copy)["person"][:2] == [b"1\t\\N", b"2\t"]
    (table,) = manifest.tables
    assert (table.rows_rewritten, table.columns["email"].changed) == (1, 1)


def test_substitutes_are_the_same_across_tables(cluster: Cluster, tmp_path: Path) -> None:
    """One address becomes one substitute wherever it stands, so that what belonged together still does."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int, email varchar(60)); INSERT INTO person VALUES (1, 'a@b.example');"
        "CREATE TABLE other (id int, email text); INSERT INTO other VALUES (1, 'a@b.example')",
    )
    column = "columns.email = {staging = 'email', local = 'email', reason = 'x'}"
    both = catalogue(f"[tables.a.person]\nkeep = ['id']\n{column}\n[tables.a.other]\nkeep = ['id']\n{column}")
    rows = rows_of(sanitised(archive, both)[0])
    assert rows["person"] == rows["other"]


def test_a_unique_column_stays_unique_for_many_rows(cluster: Cluster, tmp_path: Path) -> None:
    """Thousands of values under a unique constraint in a short column all differ afterwards."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int, email varchar(34) UNIQUE);"
        "INSERT INTO person SELECT n, 'p' || n || '@residents.example' FROM generate_series(1, 20000) n",
    )
    copy, _ = sanitised(archive, EMAILS)
    rows = rows_of(copy)["person"]
    assert len({row.split(b"\t")[1] for row in rows}) == len(rows) == 20000
    path = tmp_path / "copy.dump"
    path.write_bytes(copy)
    cluster.restore(path, database="restored")


def test_progress_reaches_the_end(cluster: Cluster, tmp_path: Path) -> None:
    """Progress counts up to the archive's size, and the manifest agrees."""
    archive = dumped(cluster, tmp_path, QUERIES)
    seen: list[int] = []
    manifest = sanitise(io.BytesIO(archive), io.BytesIO(), PROMOTED, policy("staging"), seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == manifest.bytes_read == len(archive)


def test_a_truncated_source_is_no_success(cluster: Cluster, tmp_path: Path) -> None:
    """An archive that ends early, at whatever byte after its table of contents, is an error."""
    archive = dumped(cluster, tmp_path, QUERIES)
    start = ArchiveReader(io.BytesIO(archive)).position
    for end in range(start, len(archive), 97):
        with pytest.raises(TruncatedArchive):
            sanitised(archive[:end], PROMOTED)


def test_purged_rows_may_be_of_any_length(cluster: Cluster, tmp_path: Path) -> None:
    """A row beyond the limit for rows that are looked into does no harm in a table that is purged or kept."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE gone (id int, x text); CREATE TABLE kept (id int, x text);"
        "INSERT INTO gone SELECT 1, repeat('x', 40000000); INSERT INTO kept TABLE gone",
    )
    decided = catalogue("[tables.a.gone]\npurge = ['id', 'x']\nreason = 'x'\n[tables.a.kept]\nkeep = ['id', 'x']")
    copy, manifest = sanitised(archive, decided)
    assert [(table.rows_read, table.rows_written) for table in manifest.tables] == [(1, 0), (1, 1)]
    assert len(copy) > len(zlib.compress(b"x" * 40_000_000))
