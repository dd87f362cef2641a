"""The database of the sandbox's site against the columns of the council's."""

from bc_pipelines_tests.sandbox.site.copies import Copy
from bc_pipelines_tests.site_schema import site_tables

COLUMNS = """
SELECT table_class.relname, attname, format_type(atttypid, atttypmod), attnotnull
FROM pg_attribute JOIN pg_class AS table_class ON table_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
"""
REFERENCES = """
SELECT child.relname, child_column.attname, parent.relname, parent_column.attname
FROM pg_constraint
JOIN pg_class AS child ON child.oid = conrelid
JOIN pg_class AS parent ON parent.oid = confrelid
JOIN pg_attribute AS child_column ON child_column.attrelid = conrelid AND child_column.attnum = conkey[1]
JOIN pg_attribute AS parent_column ON parent_column.attrelid = confrelid AND parent_column.attnum = confkey[1]
WHERE contype = 'f'
"""
# What the council's site has beyond this one: page types that hold nothing of another kind.
LEFT_OUT = ("campaigns_", "inlineindex_", "longform_", "promotional_", "step_by_step_")


def test_every_column_is_one_of_the_councils(seeded: Copy) -> None:
    """Every table is one of the council's, with exactly its columns, their types and nullability."""
    found: dict[str, set[object]] = {}
    for table, *column in seeded.rows(COLUMNS):
        found.setdefault(str(table), set()).add(tuple(column))
    council = {
        table: {(column.name, column.type, column.not_null) for column in columns}
        for table, columns in site_tables().items()
    }
    assert found == {table: council.get(table) for table in found}


def test_every_reference_is_one_of_the_councils(seeded: Copy) -> None:
    """Foreign keys of the tables that exist are the council's, no more and no fewer."""
    tables = {str(table) for table, *_ in seeded.rows(COLUMNS)}
    council = {
        (table, column.name, *column.references)
        for table, columns in site_tables().items()
        for column in columns
        if table in tables and column.references
    }
    assert set(seeded.rows(REFERENCES)) == council


def test_what_is_missing_is_only_page_types(seeded: Copy) -> None:
    """Every table of the council that can hold what the public sent in, or an account, or history, exists."""
    tables = {str(table) for table, *_ in seeded.rows(COLUMNS)}
    missing = {table for table in site_tables() if table not in tables and not table.startswith(LEFT_OUT)}
    assert missing == {
        "family_information_categorytypeonepage",
        "family_information_categorytypeonepagetoptask",
        "family_information_categorytypetwopage",
        "family_information_categorytypetwopagetoptask",
        "standardpages_wastewizardpage",
    }


def test_migrations_are_complete(seeded: Copy) -> None:
    """The models have no change that the migrations lack."""
    done = seeded.manage("makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout
