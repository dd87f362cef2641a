"""From what the catalogue says of each table to what happens to its rows: rules made, filters and observers connected.

Nothing is read or written here; a plan that cannot be carried out is refused before anything is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bc_pipelines.privacy.accounts import AccountCounter
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.coverage import CoveredTable
from bc_pipelines.privacy.entries import RuleSpec, Table, TableName
from bc_pipelines.privacy.manifest import Treatment
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.privacy.references import CONTENT_TYPE_COLUMNS, CONTENT_TYPES, KeptKeys, PurgedContentTypes
from bc_pipelines.privacy.row_work import ColumnWork, Fields, RowPlan, StaffColumn
from bc_pipelines.privacy.rules import RuleMaker


@dataclass(frozen=True)
class TablePlan:
    """What happens to the rows of one data entry.

    Attributes:
        table: the data entry and its catalogue entry.
        treatment: what the manifest calls it.
        rows: what happens row by row; None where rows are all left out, or all copied as they are stored.
        specs: the rule of each column that has one.
        waits_for: dump ids of data entries that must be read before.
    """

    table: CoveredTable
    treatment: Treatment
    rows: RowPlan | None
    specs: dict[str, RuleSpec] = field(default_factory=dict)
    waits_for: frozenset[int] = frozenset()

    @property
    def purges(self) -> bool:
        """Whether every row is left out."""
        return self.table.entry.purged_whole


class Planner:
    """Makes the plans of one run.

    Args:
        catalogue: what is decided about each table.
        policy: which copy, and what the settings decide.
        accounts: counts the accounts that pass.
    """

    def __init__(self, catalogue: Catalogue, policy: Policy, accounts: AccountCounter) -> None:
        self._policy = policy
        self._accounts = accounts
        self._rules = RuleMaker(catalogue, policy)
        self._types = PurgedContentTypes(catalogue)
        self._keys = {name: KeptKeys() for name, table in catalogue.tables.items() if table.unless_referenced}
        self._references = [
            (name, referrer, column)
            for name, table in catalogue.tables.items()
            if table.unless_referenced
            for referrer, column in table.unless_referenced.by
        ]
        self._filtering = any(table.without_purged for table in catalogue.tables.values())

    def plans(self, tables: Sequence[CoveredTable]) -> dict[int, TablePlan]:
        """A plan for each data entry, by dump id.

        Args:
            tables: ``Coverage.tables`` of an archive that is covered.

        Raises:
            CatalogueRefusal: a replacement does not fit into its column.
        """
        return {table.data.dump_id: self._plan(table, tables) for table in tables}

    def _plan(self, table: CoveredTable, tables: Sequence[CoveredTable]) -> TablePlan:
        entry = table.entry
        if entry.purged_whole:
            return TablePlan(table, "purge", None)
        specs = self._specs(table)
        rows = RowPlan(
            table=str(table.name),
            width=len(table.data.columns),
            columns=[self._column(table, name, spec) for name, spec in specs.items()],
            staff=self._staff(table),
            filters=self._filters(table),
            observers=self._observers(table),
            unique=[table.data.columns.index(name) for name in entry.unique if name in table.data.columns],
        )
        looked_into = bool(rows.columns or rows.filters or rows.observers or rows.staff)
        treatment: Treatment = "purge" if entry.purge else "rewrite" if specs or rows.filters else "keep"
        waits_for = frozenset(
            other.data.dump_id for other in tables if other.entry.name in self._sources(entry) and other is not table
        )
        return TablePlan(table, treatment, rows if looked_into else None, specs, waits_for)

    def _specs(self, table: CoveredTable) -> dict[str, RuleSpec]:
        """The rule of each column that does not simply keep its values."""
        rules = {name: table.entry.columns[name].rules[self._policy.profile] for name in table.data.columns}
        return {name: rule for name, rule in rules.items() if not rule.keeps}

    def _column(self, table: CoveredTable, name: str, spec: RuleSpec) -> ColumnWork:
        replaced_anyway = spec.kind == "password" and self._policy.staff_passwords == "replace"
        return ColumnWork(
            name=name,
            index=table.data.columns.index(name),
            rule=self._rules.rule(f"{table.name}.{name}", spec, table.targets[name]),
            spares_staff=spec.unless_staff and not replaced_anyway,
        )

    def _staff(self, table: CoveredTable) -> StaffColumn | None:
        name = table.entry.staff_by
        if name is None or name not in table.data.columns:
            return None
        return StaffColumn(name, table.data.columns.index(name), self._accounts)

    def _filters(self, table: CoveredTable) -> list[Callable[[Fields], bool]]:
        filters: list[Callable[[Fields], bool]] = []
        columns = table.data.columns
        if table.entry.unless_referenced:
            keys = self._keys[table.entry.name]
            key = columns.index(table.entry.unless_referenced.column)
            filters.append(lambda fields: fields[key] in keys)
        if table.entry.without_purged:
            types = self._types
            places = [columns.index(name) for name in table.entry.without_purged]
            filters.append(lambda fields: types.none_of([fields[place] for place in places]))
        return filters

    def _observers(self, table: CoveredTable) -> list[Callable[[Fields], None]]:
        observers: list[Callable[[Fields], None]] = []
        columns = table.data.columns
        for name, referrer, column in self._references:
            if referrer == table.entry.name and column in columns:
                observers.append(_noting(self._keys[name], columns.index(column)))
        if table.entry.name == CONTENT_TYPES and self._filtering:
            types = self._types
            key, app_label, model = (columns.index(name) for name in CONTENT_TYPE_COLUMNS)
            observers.append(lambda fields: types.note(fields[key], fields[app_label], fields[model]))
        return observers

    def _sources(self, entry: Table) -> set[TableName]:
        """The tables whose rows say which of an entry's rows stay."""
        sources = {CONTENT_TYPES} if entry.without_purged else set()
        if entry.unless_referenced:
            sources |= {name for name, _ in entry.unless_referenced.by}
        return sources


def _noting(keys: KeptKeys, index: int) -> Callable[[Fields], None]:
    return lambda fields: keys.note(fields[index])
