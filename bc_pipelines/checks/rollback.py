"""Whether an environment that was rolled back is what it was: its rows, the id that it carries, its Site records."""

from __future__ import annotations

from collections.abc import Mapping

from bc_pipelines.checks.rows import rows_match
from bc_pipelines.checks.verdict import Verdict, listed


def every_row_is_back(expected: Mapping[str, int], found: Mapping[str, int]) -> Verdict:
    """Compare the rows of the backup with `count(*)` of the restored database, table by table and both ways.

    Args:
        expected: `schema.table` to the number of rows in the backup.
        found: `schema.table` to the number of rows in the database.

    Returns:
        The verdict. A backup of an empty database leaves an empty database.
    """
    if not expected and not found:
        return Verdict(True, "The backup is of an empty database, and the database is empty.")
    tables = [dict(zip(("schema", "table"), name.split(".", 1), strict=True)) for name in expected]
    manifest = [{**table, "rows_written": count} for table, count in zip(tables, expected.values(), strict=True)]
    return rows_match({"tables": manifest}, found)


def same_database(noted: str | None, carried: str | None) -> Verdict:
    """Whether the database carries the id of the reset that it carried when the backup was made.

    Args:
        noted: the id noted then, or None where it carried none.
        carried: the id that it carries now, or None.
    """
    was, now = noted or "the id of no reset", carried or "the id of no reset"
    if noted != carried:
        return Verdict(False, f"The database carries {now}, but carried {was} when it was backed up.")
    return Verdict(True, f"The database carries {now}, as it did when it was backed up.")


def sites_as_noted(noted: Mapping[str, str], found: Mapping[str, str]) -> Verdict:
    """Whether every Site record is on the host and port on which it was when the backup was made.

    Args:
        noted: id to `host:port`, as noted then.
        found: id to `host:port`, as it is now.
    """
    rows = tuple(
        {"site": key, "before": noted.get(key, "none"), "now": found.get(key, "none")}
        for key in sorted(noted.keys() | found.keys())
    )
    different = [f"{row['before']} is {row['now']}" for row in rows if row["before"] != row["now"]]
    facts = {"sites": len(found)}
    if different:
        return Verdict(False, f"Site records are not as they were: {listed(different)}.", facts, rows)
    return Verdict(True, f"All {len(found)} Site records are as they were.", facts, rows)
