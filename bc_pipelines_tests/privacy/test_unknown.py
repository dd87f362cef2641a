"""What the catalogue does not know, taken out instead of refused: on archives that PostgreSQL wrote and loads again."""

from dataclasses import replace
from pathlib import Path

import pytest

from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.errors import CatalogueRefusal
from bc_pipelines.privacy.manifest import Manifest, Unknown
from bc_pipelines.privacy.policy import UnknownColumns, UnknownTables
from bc_pipelines_tests.planted import planted
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.privacy.archives import catalogue, dumped, policy, rows_of, sanitised
from bc_pipelines_tests.site_schema import build_site

PERSON = catalogue("[tables.a.person]\nkeep = ['id']\n")


def taken_out(
    archive: bytes, decided: Catalogue, tables: UnknownTables = "purge", columns: UnknownColumns = "empty"
) -> tuple[bytes, Manifest]:
    """A copy made with a policy that takes out what is unknown."""
    how = replace(policy("staging"), unknown_tables=tables, unknown_columns=columns)
    return sanitised(archive, decided, how)


def restored(cluster: Cluster, folder: Path, copy: bytes) -> None:
    """Load a copy as the database ``restored``, stopping at the first error."""
    path = folder / "copy.dump"
    path.write_bytes(copy)
    cluster.restore(path, database="restored")


def test_an_unknown_table_keeps_its_structure_only(cluster: Cluster, tmp_path: Path) -> None:
    """Unknown tables, in whatever schema, come out empty with all their columns; the manifest says so."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int PRIMARY KEY); CREATE TABLE pet (id int, owner_id int REFERENCES person);"
        "CREATE SCHEMA shop; CREATE TABLE shop.orders (id int PRIMARY KEY, note text);"
        "INSERT INTO person VALUES (1); INSERT INTO pet VALUES (1, 1); INSERT INTO shop.orders VALUES (1, 'Ann')",
    )
    copy, manifest = taken_out(archive, PERSON)
    restored(cluster, tmp_path, copy)
    counted = cluster.execute(
        "SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM pet), (SELECT count(*) FROM shop.orders)",
        database="restored",
    )
    assert counted == [(1, 0, 0)]
    assert manifest.unknown == Unknown(("pet", "shop.orders"), (), ())
    assert {table.table: table.treatment for table in manifest.tables}["orders"] == "purge"
    assert b"Ann" not in copy


def test_unknown_columns_become_null(cluster: Cluster, tmp_path: Path) -> None:
    """Unknown columns of any type become NULL where they may, also under unique keys and harmless conditions."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int PRIMARY KEY, nickname text UNIQUE, tags text[], age int CHECK (age >= 0),"
        "extra jsonb DEFAULT '{}', photo bytea, boss_id int REFERENCES person);"
        "INSERT INTO person VALUES (1, 'Ann', '{Ann}', 40, '{\"a\": \"Ann\"}', 'Ann', NULL), (2, 'Bob', NULL, 1,"
        " NULL, NULL, 1)",
    )
    copy, manifest = taken_out(archive, PERSON)
    restored(cluster, tmp_path, copy)
    names = ("nickname", "tags", "age", "extra", "photo", "boss_id")
    assert cluster.execute("TABLE person ORDER BY id", database="restored") == [(n, *[None] * 6) for n in (1, 2)]
    assert manifest.unknown == Unknown((), tuple(f"person.{name}" for name in names), ())


@pytest.mark.parametrize(
    "column",
    [
        "shoe_size int NOT NULL DEFAULT 9",
        "uuid uuid DEFAULT gen_random_uuid() PRIMARY KEY",
        "number int GENERATED ALWAYS AS IDENTITY",
        "email text DEFAULT 'a@b.example' CHECK (email IS NOT NULL)",
        "nickname text DEFAULT 'Ann' CHECK (coalesce(nickname, '') <> '')",
        "title word DEFAULT 'Dr'",
    ],
)
def test_a_column_that_refuses_null_empties_its_table(cluster: Cluster, tmp_path: Path, column: str) -> None:
    """Where an unknown column does not surely take NULL, its table loses its rows, and the manifest says why."""
    name = column.partition(" ")[0]
    archive = dumped(
        cluster,
        tmp_path,
        f"CREATE DOMAIN word AS text NOT NULL; CREATE TABLE person (id int, {column});"
        "INSERT INTO person DEFAULT VALUES",
    )
    copy, manifest = taken_out(archive, PERSON)
    restored(cluster, tmp_path, copy)
    assert rows_of(copy) == {"person": []}
    assert manifest.unknown == Unknown((), (), (f"person.{name}",))
    assert manifest.tables[0].treatment == "purge"


def test_a_condition_that_is_added_later_counts(cluster: Cluster, tmp_path: Path) -> None:
    """A condition that pg_dump writes as an entry of its own, because it is not validated, forbids NULL as well."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int, email text); INSERT INTO person VALUES (1, NULL);"
        "ALTER TABLE person ADD CONSTRAINT has_email CHECK (email IS NOT NULL) NOT VALID",
    )
    assert taken_out(archive, PERSON)[1].unknown.columns_purged == ("person.email",)


def test_unknown_columns_of_a_purged_table_go_with_it(cluster: Cluster, tmp_path: Path) -> None:
    """A purged table stays purged whatever columns it gained; one of which some rows stay loses the columns' values."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int PRIMARY KEY, email text NOT NULL, nickname text);"
        "CREATE TABLE a_query (id int PRIMARY KEY, typed_by text);"
        "CREATE TABLE promotion (id int, query_id int REFERENCES a_query);"
        "INSERT INTO person VALUES (1, 'a@b.example', 'Ann'); INSERT INTO a_query VALUES (1, 'Ann'), (2, 'Bob');"
        "INSERT INTO promotion VALUES (1, 2)",
    )
    decided = catalogue(
        "[tables.a.person]\npurge = ['id']\nreason = 'x'\n[tables.a.promotion]\nkeep = ['id', 'query_id']\n"
        "[tables.a.a_query]\npurge = ['id']\nreason = 'x'\n"
        "unless_referenced = {column = 'id', by = ['promotion.query_id']}"
    )
    copy, manifest = taken_out(archive, decided)
    restored(cluster, tmp_path, copy)
    assert rows_of(copy) == {"person": [], "a_query": [b"2\t\\N"], "promotion": [b"1\t2"]}
    assert manifest.unknown == Unknown((), ("a_query.typed_by",), ("person.email", "person.nickname"))


def test_everything_that_would_dangle_is_named_at_once(cluster: Cluster, tmp_path: Path) -> None:
    """Kept rows that refer to an unknown table, to an emptied one or to an emptied column are refused together."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE person (id int PRIMARY KEY, badge int UNIQUE, shoe_size int);"
        "CREATE TABLE vet (id int PRIMARY KEY); CREATE TABLE club (id int PRIMARY KEY, motto text NOT NULL);"
        "CREATE TABLE pet (id int, owner_id int REFERENCES person (badge), vet_id int REFERENCES vet,"
        " club_id int REFERENCES club)",
    )
    decided = catalogue(
        "[tables.a.person]\nkeep = ['id']\n[tables.a.club]\nkeep = ['id']\n"
        "[tables.a.pet]\nkeep = ['id', 'owner_id', 'vet_id', 'club_id']"
    )
    with pytest.raises(CatalogueRefusal) as caught:
        taken_out(archive, decided)
    message = str(caught.value)
    assert "Refused (3)" in message
    assert "pet.owner_id refers to person, which loses its badge" in message
    assert "pet.vet_id refers to vet, which loses rows" in message
    assert "pet.club_id refers to club, which loses rows" in message
    assert "Nothing was written" in message


def test_a_reference_that_is_unknown_itself_does_no_harm(cluster: Cluster, tmp_path: Path) -> None:
    """An unknown column that refers to an unknown table becomes NULL, so that nothing dangles."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE vet (id int PRIMARY KEY); CREATE TABLE person (id int, vet_id int REFERENCES vet);"
        "INSERT INTO vet VALUES (1); INSERT INTO person VALUES (1, 1)",
    )
    copy, _ = taken_out(archive, PERSON)
    restored(cluster, tmp_path, copy)
    assert rows_of(copy) == {"vet": [], "person": [b"1\t\\N"]}


@pytest.mark.parametrize(
    "vet",
    ["", "[tables.a.vet]\nkeep = ['id']\n[tables.a.vet_1]\npurge = ['id']\nreason = 'x'"],
    ids=["unknown", "purged"],
)
def test_rows_of_partitions_count_as_rows_of_the_whole(cluster: Cluster, tmp_path: Path, vet: str) -> None:
    """A reference to a partitioned table is refused when the table is unknown, or one of its partitions is purged."""
    archive = dumped(
        cluster,
        tmp_path,
        "CREATE TABLE vet (id int PRIMARY KEY) PARTITION BY RANGE (id);"
        "CREATE TABLE vet_1 PARTITION OF vet FOR VALUES FROM (0) TO (9);"
        "CREATE TABLE pet (id int, owner_id int REFERENCES vet); INSERT INTO vet VALUES (1)",
    )
    decided = catalogue(f"[tables.a.pet]\nkeep = ['id', 'owner_id']\n{vet}")
    with pytest.raises(CatalogueRefusal, match=r"pet\.owner_id refers to vet_1, which loses rows"):
        taken_out(archive, decided)


def test_each_choice_is_for_its_own_kind(cluster: Cluster, tmp_path: Path) -> None:
    """Taking out unknown tables leaves unknown columns refused, and the other way round."""
    archive = dumped(cluster, tmp_path, "CREATE TABLE person (id int, nickname text); CREATE TABLE pet (id int)")
    with pytest.raises(CatalogueRefusal, match=r"Columns without an entry \(1\):\n  person\.nickname\nDecide"):
        taken_out(archive, PERSON, "purge", "refuse")
    with pytest.raises(CatalogueRefusal, match=r"Tables without an entry \(1\):\n  pet\nDecide"):
        taken_out(archive, PERSON, "refuse", "empty")


def test_the_whole_site_of_the_next_release(cluster: Cluster, tmp_path: Path) -> None:
    """With a new table and a new column, the site's copy restores with every key, and nobody is left in either."""
    build_site(cluster, "next")
    cluster.execute(
        "CREATE TABLE appointments (id int PRIMARY KEY, page_id int REFERENCES wagtailcore_page, name text);"
        "INSERT INTO appointments VALUES (1, 1, 'plantednextzq');"
        "ALTER TABLE users_user ADD nickname text; UPDATE users_user SET nickname = 'plantednextzq'",
        database="next",
    )
    archive = cluster.dump(tmp_path / "next.dump", database="next").read_bytes()
    copy, manifest = taken_out(archive, Catalogue.load())
    restored(cluster, tmp_path, copy)
    rows = b"\n".join(line for lines in rows_of(copy).values() for line in lines)
    gone = [person.word for person in planted() if "staging" not in person.stays_in]
    assert [word for word in ("plantednextzq", *gone) if word.encode() in rows] == []
    assert manifest.unknown == Unknown(("appointments",), ("users_user.nickname",), ())
