"""Whether every row that was written into the archive is in the restored database, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bc_pipelines.checks.verdict import Row, Verdict, listed


def rows_match(manifest: Mapping[str, Any], counts: Mapping[str, int]) -> Verdict:
    """Compare the sanitiser's manifest with `count(*)` of the restored database, table by table and both ways.

    Args:
        manifest: the manifest as JSON, with `tables`: a list of `schema`, `table` and `rows_written`.
        counts: `schema.table` to its number of rows in the database.

    Returns:
        The verdict; its rows list every table, those that differ first.
    """
    written = {f"{entry['schema']}.{entry['table']}": int(entry["rows_written"]) for entry in manifest["tables"]}
    rows = [_row(table, written.get(table), counts.get(table)) for table in sorted(written.keys() | counts.keys())]
    rows.sort(key=lambda row: row["same"])
    different = [str(row["table"]) for row in rows if not row["same"]]
    facts = {
        "tables": len(rows),
        "tables_that_differ": len(different),
        "rows_written": sum(written.values()),
        "rows_restored": sum(counts.values()),
    }
    if not written or not counts:
        return Verdict(False, "There is nothing to compare: no tables on one of the sides.", facts, tuple(rows))
    if different:
        summary = (
            f"The restored database does not hold what the archive held: {listed(different)}. "
            "Do not let anybody use it; restore again or roll back."
        )
        return Verdict(False, summary, facts, tuple(rows))
    total = facts["rows_restored"]
    return Verdict(
        True, f"All {len(rows)} tables hold exactly the rows of the archive, {total:,} in all.", facts, tuple(rows)
    )


def _row(table: str, written: int | None, restored: int | None) -> Row:
    return {
        "table": table,
        "in the archive": "no such table" if written is None else written,
        "in the database": "no such table" if restored is None else restored,
        "same": written is not None and written == restored,
    }
