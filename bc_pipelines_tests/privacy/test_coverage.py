"""Coverage: what an archive may hold, judged on archives that PostgreSQL wrote."""

import io
from pathlib import Path

import pytest

from bc_pipelines.pgarchive import ArchiveReader
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.coverage import Coverage, coverage
from bc_pipelines.privacy.entries import Profile
from bc_pipelines.privacy.errors import CatalogueRefusal
from bc_pipelines.privacy.sanitiser import sanitise
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.privacy.archives import catalogue, dumped, policy, rows_of, sanitised, without_data

PERSON = "[tables.a.person]\ncolumns.email = {staging = 'email', local = 'email', reason = 'x'}\nkeep = ['id']\n"
PURGED = "[tables.a.person]\npurge = ['id']\nreason = 'x'\n"


def covered(archive: bytes, decided: Catalogue, profile: Profile = "staging") -> Coverage:
    """Coverage of an archive of which only the table of contents is there."""
    reader = ArchiveReader(io.BytesIO(without_data(archive)))
    return coverage(reader.entries, reader.tables, decided, profile)


def ruled(rule: str, more: str = "") -> Catalogue:
    """A catalogue of one table with one rule."""
    column = f"{{staging = '{rule}', local = '{rule}', reason = 'x'}}"
    return catalogue(f"[tables.a.person]\nkeep = ['id']\ncolumns.x = {column}\n{more}", "[json.j]\nempty = ['y']")


def test_all_that_is_unknown_is_named_at_once(cluster: Cluster, tmp_path: Path) -> None:
    """Unknown tables and columns are refused in one message, from the table of contents, with nothing written."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int, email varchar(60), nickname text, phone text); CREATE TABLE pet (id int);"
        "CREATE SCHEMA shop; CREATE TABLE shop.orders (id int)",
    )
    target = io.BytesIO()
    with pytest.raises(CatalogueRefusal) as caught:
        sanitise(io.BytesIO(without_data(archive)), target, catalogue(PERSON), policy("staging"))
    message = str(caught.value)
    assert "Tables without an entry (2):\n  pet\n  shop.orders" in message
    assert "Columns without an entry (2):\n  person.nickname\n  person.phone" in message
    assert "Nothing was written" in message
    assert target.getvalue() == b""


def test_the_whole_site_with_one_more_column_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    """A release that adds one column to one table is noticed by the shipped catalogue."""
    archive = dumped(cluster, tmp_path, "CREATE TABLE auth_group (id int, name text, shoe_size int)")
    assert covered(archive, Catalogue.load()).unclassified_columns == ("auth_group.shoe_size",)


def test_entries_that_name_nothing_are_a_warning(cluster: Cluster, tmp_path: Path) -> None:
    """Entries for tables and columns that are not in the archive are reported, and stop nothing."""
    archive = dumped(cluster, tmp_path, "CREATE TABLE person (id int)")
    decided = catalogue(PERSON + "[tables.a.pet]\nkeep = ['id']")
    result = covered(archive, decided)
    assert result.ok
    assert result.message() == "The catalogue covers the archive."
    assert result.stale_entries == ("person.email", "pet")


def test_parts_follow_their_whole(cluster: Cluster, tmp_path: Path) -> None:
    """Partitions at any depth and inheriting tables are treated as their parent, and bring no columns of their own."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int) PARTITION BY RANGE (id);"
        "CREATE TABLE person_1 PARTITION OF person FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);"
        "CREATE TABLE person_1_1 PARTITION OF person_1 FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE person_2 PARTITION OF person FOR VALUES FROM (10) TO (20);"
        "CREATE TABLE other (id int); CREATE TABLE heir (nickname text) INHERITS (other);"
        "INSERT INTO person VALUES (1), (2), (11); INSERT INTO heir VALUES (1, 'Ann')",
    )
    decided = PURGED + "[tables.a.other]\nkeep = ['id']\n"
    assert covered(archive, catalogue(decided)).unclassified_columns == ("heir.nickname",)
    heir = "[tables.a.heir]\nkeep = ['id', 'nickname']\n"
    copy, manifest = sanitised(archive, catalogue(decided + heir))
    assert {name: len(rows) for name, rows in rows_of(copy).items()} == {
        "person_1_1": 0,
        "person_2": 0,
        "other": 0,
        "heir": 1,
    }
    assert {table.table: table.rows_purged for table in manifest.tables}["person_1_1"] == 2


def test_parts_that_load_through_their_root_follow_it(cluster: Cluster, tmp_path: Path) -> None:
    """With --load-via-partition-root too, partitions are treated as their parent."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int) PARTITION BY RANGE (id);"
        "CREATE TABLE person_1 PARTITION OF person FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE person_2 PARTITION OF person FOR VALUES FROM (10) TO (20);"
        "INSERT INTO person VALUES (1), (2), (11)",
        "--load-via-partition-root",
    )
    copy, manifest = sanitised(archive, catalogue(PURGED))
    assert sum(len(rows) for rows in rows_of(copy).values()) == 0
    assert sum(table.rows_purged for table in manifest.tables) == 3


def test_generated_columns_need_no_entry(cluster: Cluster, tmp_path: Path) -> None:
    """A generated column is in no row of the archive: PostgreSQL makes it again, from what the copy holds."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int, email varchar(60), domain text GENERATED ALWAYS AS (split_part(email, '@', 2))"
        " STORED); INSERT INTO person VALUES (1, 'ann@residents.example')",
    )
    copy, _ = sanitised(archive, catalogue(PERSON))
    path = tmp_path / "copy.dump"
    path.write_bytes(copy)
    cluster.restore(path, database="restored")
    assert cluster.execute("SELECT domain FROM person", database="restored") == [("replaced.invalid",)]


CHILD = """
    CREATE TABLE person (id int PRIMARY KEY);
    CREATE TABLE pet (id int, owner_id int REFERENCES person);
    CREATE TABLE visit (id int, owner_id int REFERENCES person);
    INSERT INTO person VALUES (1), (2), (3);
    INSERT INTO pet VALUES (1, 2), (2, NULL);
    INSERT INTO visit VALUES (1, 3);
"""
VISIT = "[tables.a.visit]\npurge = ['id', 'owner_id']\nreason = 'x'\n"


@pytest.mark.parametrize(
    ("pet", "ok"),
    [
        ("keep = ['id', 'owner_id']", False),
        ("purge = ['id', 'owner_id']\nreason = 'x'", True),
        ("keep = ['id']\ncolumns.owner_id = {staging = 'null', local = 'null', reason = 'x'}", True),
        ("keep = ['id']\ncolumns.owner_id = {staging = 'empty', local = 'empty', reason = 'x'}", False),
    ],
)
def test_references_do_not_dangle(cluster: Cluster, tmp_path: Path, pet: str, *, ok: bool) -> None:
    """A purge is refused while kept rows refer to it, unless they go too or their reference becomes NULL."""
    archive = dumped(cluster, tmp_path, CHILD)
    decided = catalogue(f"{PURGED}{VISIT}[tables.a.pet]\n{pet}")
    result = covered(archive, decided)
    assert result.ok is ok
    assert ok or any("pet.owner_id refers to person, which loses rows" in line for line in result.refused)
    if ok:
        path = tmp_path / "copy.dump"
        path.write_bytes(sanitised(archive, decided)[0])
        cluster.restore(path, database="restored")


def test_references_to_exceptions_must_be_listed(cluster: Cluster, tmp_path: Path) -> None:
    """Rows that stay because somebody refers to them stay for every referrer that is named, and others are refused."""
    archive = dumped(cluster, tmp_path, CHILD)
    tables = "[tables.a.pet]\nkeep = ['id', 'owner_id']\n[tables.a.visit]\nkeep = ['id', 'owner_id']\n" + PURGED
    one = catalogue(tables + "unless_referenced = {column = 'id', by = ['pet.owner_id']}")
    assert "visit.owner_id refers to person" in covered(archive, one).refused[0]
    both = catalogue(tables + "unless_referenced = {column = 'id', by = ['pet.owner_id', 'visit.owner_id']}")
    copy, manifest = sanitised(archive, both)
    assert rows_of(copy)["person"] == [b"2", b"3"]
    person = next(table for table in manifest.tables if table.table == "person")
    assert (person.treatment, person.rows_read, person.rows_written, person.rows_purged) == ("purge", 3, 2, 1)


@pytest.mark.parametrize(
    ("type_", "rule", "ok"),
    [
        ("varchar(60)", "email", True),
        ("text", "free_text", True),
        ("char(60)", "username", True),
        ("text[]", "email", False),
        ("jsonb", "email", False),
        ("jsonb", "json:j", True),
        ("integer", "empty", False),
        ("inet", "ip_address", True),
        ("inet", "email", False),
        ("integer", "null", True),
        ("integer NOT NULL", "null", False),
        ("text UNIQUE", "empty", False),
        ("text UNIQUE", "phone", False),
        ("text UNIQUE", "username", True),
        ("text UNIQUE", "null", True),
        ("text REFERENCES person (x)", "username", False),
    ],
)
def test_rules_fit_their_columns(cluster: Cluster, tmp_path: Path, type_: str, rule: str, *, ok: bool) -> None:
    """A rule that cannot give valid values for its column's type or keys is refused, with the column's name."""
    unique = ", UNIQUE (x)" if "REFERENCES" in type_ else ""
    archive = dumped(cluster, tmp_path, f"CREATE TABLE person (id int, x {type_}{unique})")
    result = covered(archive, ruled(rule))
    assert result.ok is ok, result.message()
    assert ok or all(line.startswith("person.x: ") for line in result.refused)


@pytest.mark.parametrize(
    ("index", "rule", "more", "ok"),
    [
        ("(lower(x))", "empty", "", False),
        ("(lower(x))", "email", "", True),
        ("(id, x)", "url_without_query", "", False),
        ("(id, x)", "url_without_query", "unique = ['id', 'x']", True),
        ("(x)", "url_without_query", "unique = ['id', 'x']", False),
    ],
)
def test_unique_indexes_count(cluster: Cluster, tmp_path: Path, index: str, rule: str, more: str, *, ok: bool) -> None:
    """A rule must not break a unique index either, over expressions or several columns."""
    archive = dumped(cluster, tmp_path, f"CREATE TABLE person (id int, x text); CREATE UNIQUE INDEX ON person {index}")
    result = covered(archive, ruled(rule, more))
    assert result.ok is ok, result.message()


def test_content_types_must_be_there(cluster: Cluster, tmp_path: Path) -> None:
    """Rows cannot be told by their content type where the table of content types is missing."""
    archive = dumped(cluster, tmp_path, "CREATE TABLE reference (id int, type_id int)")
    decided = catalogue("[tables.a.reference]\nkeep = ['id', 'type_id']\nwithout_purged = ['type_id']")
    assert "needs django_content_type" in covered(archive, decided).refused[0]


@pytest.mark.parametrize(
    ("statements", "arguments", "named"),
    [
        ("CREATE TABLE person (id int); INSERT INTO person VALUES (1)", ("--inserts",), "TABLE DATA public.person"),
        ("SELECT lo_create(0)", (), "large objects are not supported"),
        ("CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w", (), "SERVER s"),
    ],
)
def test_unsupported_entries_are_named(
    cluster: Cluster, tmp_path: Path, statements: str, arguments: tuple[str, ...], named: str
) -> None:
    """Entries that cannot be made safe are refused by kind and name."""
    result = covered(dumped(cluster, tmp_path, statements, *arguments), catalogue(PURGED))
    assert not result.ok
    assert named in result.message()
