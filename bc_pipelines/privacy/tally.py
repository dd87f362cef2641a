"""Counting what happens to each table, and insisting that the counts add up."""

from dataclasses import dataclass, field

from bc_pipelines.privacy.entries import TableName
from bc_pipelines.privacy.errors import INCOMPLETE, SanitiseError
from bc_pipelines.privacy.manifest import ColumnCount, TableCount, Treatment
from bc_pipelines.privacy.plan import TablePlan


@dataclass
class _Counts:
    treatment: Treatment
    read: int = 0
    written: int = 0
    purged: int = 0
    rewritten: int = 0
    rules: dict[str, str] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)


class Tally:
    """The counts of one run; several data entries of one table are added up."""

    def __init__(self) -> None:
        self._counts: dict[TableName, _Counts] = {}

    def add(self, plan: TablePlan, *, read: int, written: int, purged: int, rewritten: int = 0) -> None:
        """Count one data entry.

        Args:
            plan: what happened to it.
            read: rows in the source.
            written: rows in the target.
            purged: rows left out.
            rewritten: rows written with a changed value.

        Raises:
            SanitiseError: rows were read that were neither written nor left out on purpose.
        """
        if read != written + purged:
            raise SanitiseError(
                f"{plan.table.name}: {read} rows were read, but {written} written and {purged} left out. "
                f"{INCOMPLETE} This is a fault of the sanitiser: report it with this message."
            )
        counts = self._counts.setdefault(plan.table.name, _Counts(plan.treatment))
        counts.read += read
        counts.written += written
        counts.purged += purged
        counts.rewritten += rewritten
        for column in plan.rows.columns if plan.rows else ():
            spec = plan.specs[column.name]
            counts.rules[column.name] = spec.name
            counts.changed[column.name] = counts.changed.get(column.name, 0) + column.changed

    def tables(self) -> tuple[TableCount, ...]:
        """The counts of each table, sorted by name."""
        return tuple(
            TableCount(
                schema=name.schema,
                table=name.name,
                treatment=counts.treatment,
                rows_read=counts.read,
                rows_written=counts.written,
                rows_purged=counts.purged,
                rows_rewritten=counts.rewritten,
                columns={column: ColumnCount(rule, counts.changed[column]) for column, rule in counts.rules.items()},
            )
            for name, counts in sorted(self._counts.items())
        )
