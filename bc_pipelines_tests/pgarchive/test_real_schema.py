"""The schema read from archives, held against what PostgreSQL's catalogues say."""

import pytest

from bc_pipelines.pgarchive import ArchiveReader
from bc_pipelines.pgarchive.schema import Schema, TableName
from bc_pipelines_tests.pgarchive.conftest import World


@pytest.fixture(scope="module")
def schema(world: World) -> Schema:
    """The schema of the archive."""
    with world.archive.open("rb") as stream:
        return Schema.from_entries(ArchiveReader(stream).entries)


def test_columns_are_those_of_the_catalogue(world: World, schema: Schema) -> None:
    """Name, type, NOT NULL, default, generation and identity of every column are what pg_attribute says."""
    query = r"""
        SELECT nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull,
               attgenerated <> '', attidentity <> '',
               btrim(regexp_replace(pg_get_expr(adbin, adrelid), '\s+', ' ', 'g'))
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'f') AND reloftype = 0
          AND nspname IN ('public', 'Odd, (schema)') ORDER BY 1, 2, attnum"""
    # With an empty search path the server qualifies names as pg_dump does.
    # It lays CASE out in lines, which we join.
    rows = world.cluster.execute("SET search_path = ''; " + query, database="world")
    catalogue: dict[TableName, list[tuple[object, ...]]] = {}
    for namespace, table, *column in rows:
        catalogue.setdefault((namespace, table), []).append(tuple(column))
    found = {
        name: [
            (c.name, c.type, c.not_null, c.generated is not None, c.identity, c.default or c.generated)
            for c in table.columns
        ]
        for name, table in schema.tables.items()
        if table.columns
    }
    assert found == catalogue
    assert schema.tables["public", "typed"].columns == ()


def test_lineage_is_that_of_the_catalogue(world: World, schema: Schema) -> None:
    """Partitions and inheriting tables have the parents that pg_inherits says."""
    query = """
        SELECT ch.relname, pa.relname FROM pg_inherits
        JOIN pg_class ch ON ch.oid = inhrelid JOIN pg_class pa ON pa.oid = inhparent
        WHERE ch.relkind IN ('r', 'p') ORDER BY 1"""
    catalogue = [
        (("public", child), (("public", parent),)) for child, parent in world.cluster.execute(query, database="world")
    ]
    assert sorted(schema.parents.items()) == catalogue
    assert schema.with_descendants(("public", "event"))[1:] == (
        ("public", "event_2025"),
        ("public", "event_2026"),
        ("public", "event_2026_rest"),
    )


def test_foreign_keys_are_those_of_the_catalogue(world: World, schema: Schema) -> None:
    """Both ends of each foreign key and whether it is deferrable are what pg_constraint says."""
    query = """
        SELECT conname, r.relname, f.relname, condeferrable,
               (SELECT array_agg(attname::text ORDER BY array_position(conkey, attnum))
                FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)),
               (SELECT array_agg(attname::text ORDER BY array_position(confkey, attnum))
                FROM pg_attribute WHERE attrelid = confrelid AND attnum = ANY (confkey))
        FROM pg_constraint JOIN pg_class r ON r.oid = conrelid JOIN pg_class f ON f.oid = confrelid
        WHERE contype = 'f' AND conparentid = 0 ORDER BY 1"""
    found = [
        (k.constraint, k.table[1], k.referenced_table[1], k.deferrable, list(k.columns), list(k.referenced_columns))
        for k in schema.foreign_keys
    ]
    assert sorted(found) == world.cluster.execute(query, database="world")


def test_keys_are_those_of_the_catalogue(world: World, schema: Schema) -> None:
    """Every unique index is known, with its plain columns, whether it is primary and whether it is partial."""
    query = """
        SELECT i.relname, t.relname, indisprimary, indpred IS NOT NULL, indexprs IS NOT NULL,
               (SELECT coalesce(array_agg(attname::text ORDER BY array_position(indkey::int2[], attnum)), '{}')
                FROM pg_attribute WHERE attrelid = indrelid
                  AND attnum = ANY ((indkey::int2[])[0:indnkeyatts - 1]))
        FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
        WHERE indisunique AND i.relnamespace = 'public'::regnamespace ORDER BY 1"""
    found = [
        (k.name, k.table[1], k.primary, k.predicate is not None, bool(k.expressions), list(k.columns))
        for k in schema.keys
    ]
    assert sorted(found) == world.cluster.execute(query, database="world")
