"""The rows of one table on their way through: some are left out, some get other values, all are counted.

Fields that no rule touches are never decoded, so that they come out byte for byte.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bc_pipelines.pgarchive import ArchiveError, copytext
from bc_pipelines.privacy.accounts import AccountCounter
from bc_pipelines.privacy.errors import INCOMPLETE, SanitiseError
from bc_pipelines.privacy.json_text import UnreadableJson
from bc_pipelines.privacy.rules import Rule

Fields = list[bytes]

_MOST_DEFERRED_BYTES = 32 << 20
_NOT_UTF8 = "not UTF-8"


@dataclass
class ColumnWork:
    """A column with a rule.

    Attributes:
        name: the column.
        index: its place in a row.
        rule: what to do with its values.
        spares_staff: whether rows of staff keep theirs.
        changed: rows written with another value than they had.
    """

    name: str
    index: int
    rule: Rule
    spares_staff: bool
    changed: int = 0


@dataclass(frozen=True)
class StaffColumn:
    """Where a row says whose it is.

    Attributes:
        name: the column.
        index: its place in a row.
        counter: decides and counts.
    """

    name: str
    index: int
    counter: AccountCounter


@dataclass(frozen=True)
class RowPlan:
    """What happens to the rows of one table.

    Attributes:
        table: the table's name, for messages.
        width: number of fields in a row.
        columns: the columns that have a rule.
        staff: where a row says whose it is, if that matters.
        filters: a row stays only if each of them says so.
        observers: see each row that stays, as it was.
        unique: places of columns that are unique together and stay so.
    """

    table: str
    width: int
    columns: Sequence[ColumnWork] = ()
    staff: StaffColumn | None = None
    filters: Sequence[Callable[[Fields], bool]] = ()
    observers: Sequence[Callable[[Fields], None]] = ()
    unique: Sequence[int] = ()


class RowWork:
    """Carries a plan out.

    Args:
        plan: what to do.

    Attributes:
        rows_read: rows seen.
        rows_purged: rows left out.
        rows_rewritten: rows that came out with a changed value.
    """

    def __init__(self, plan: RowPlan) -> None:
        self.rows_read = 0
        self.rows_purged = 0
        self.rows_rewritten = 0
        self._plan = plan
        self._seen: set[bytes] = set()
        self._deferred: list[tuple[Fields, list[ColumnWork]]] = []
        self._deferred_bytes = 0
        self._unique_columns = [column for column in plan.columns if column.index in plan.unique]
        self._spares_staff = any(column.spares_staff for column in plan.columns)

    @property
    def is_sparse(self) -> bool:
        """Whether the rows with something to change can be told without splitting any."""
        plan = self._plan
        every_row = plan.staff or plan.filters or plan.observers or plan.unique
        return not every_row and all(column.rule.suspects for column in plan.columns)

    def rewrite_text(self, text: bytes) -> Iterator[bytes | list[bytes]]:
        """Take whole rows in, give them out again: texts that stay as they are, and lists of rows that were looked at.

        Args:
            text: COPY lines with their newlines.

        Raises:
            SanitiseError: as ``rewrite``.
        """
        done = 0
        for start in self._suspects(text):
            end = text.index(b"\n", start)
            yield self._untouched(text[done:start])
            yield self.rewrite([text[start:end]])
            done = end + 1
        yield self._untouched(text[done:])

    def _suspects(self, text: bytes) -> list[int]:
        """Where the rows begin that may have something to change."""
        places = {place for column in self._plan.columns for place in (column.rule.suspects or _nowhere)(text)}
        return sorted({text.rfind(b"\n", 0, place) + 1 for place in places})

    def _untouched(self, text: bytes) -> bytes | list[bytes]:
        rows = text.count(b"\n")
        if text.count(b"\t") != rows * (self._plan.width - 1):
            # Some row is not whole: this finds it.
            return self.rewrite(text.split(b"\n")[:-1])
        self.rows_read += rows
        return text

    def rewrite(self, lines: list[bytes]) -> list[bytes]:
        """Take rows in, give those out that can be written already.

        Args:
            lines: COPY lines; taken out of the list one by one, since each may have 32 MB.

        Raises:
            SanitiseError: a row cannot be made safe; names table, column and row number.
        """
        written = []
        lines.reverse()
        while lines:
            line = lines.pop()
            self.rows_read += 1
            fields = copytext.raw_fields(line)
            if len(fields) != self._plan.width:
                raise self._failure(None, f"{len(fields)} fields instead of {self._plan.width}")
            if not all(stays(fields) for stays in self._plan.filters):
                self.rows_purged += 1
                continue
            for observe in self._plan.observers:
                observe(fields)
            del line
            changed = self._apply_rules(fields)
            if not self._must_wait(fields, changed):
                written.append(self._finished(fields, changed))
        return written

    def last_rows(self) -> list[bytes]:
        """Rows that waited because a rule changed what must be unique; those that repeat another are left out."""
        written = []
        for fields, changed in self._deferred:
            key = self._key(fields)
            if key in self._seen:
                self.rows_purged += 1
                continue
            if key is not None:
                self._seen.add(key)
            written.append(self._finished(fields, changed))
        self._deferred = []
        return written

    def _apply_rules(self, fields: Fields) -> list[ColumnWork]:
        """Replace values in place; the columns that changed."""
        spared = self._is_spared(fields)
        changed = []
        for column in self._plan.columns:
            field = fields[column.index]
            if not field or field == copytext.NULL or column.rule.leaves_alone(field):
                continue
            if spared and column.spares_staff:
                if column.rule.spare:
                    column.rule.spare(self._text(column.name, field))
                continue
            replaced = self._replaced(column, field)
            if replaced != field:
                fields[column.index] = replaced
                changed.append(column)
        return changed

    def _is_spared(self, fields: Fields) -> bool:
        staff = self._plan.staff
        if staff is None:
            return False
        field = fields[staff.index]
        email = None if field == copytext.NULL else self._text(staff.name, field)
        return staff.counter.spares(email, staff_spared=self._spares_staff)

    def _replaced(self, column: ColumnWork, field: bytes) -> bytes:
        value = self._value(column.name, field)
        try:
            replaced = column.rule.replace(value)
        except UnicodeDecodeError:
            raise self._failure(column.name, _NOT_UTF8) from None
        except UnreadableJson as error:
            raise self._failure(column.name, str(error)) from None
        # Escaping takes room for copies of its own, and a value may have 32 MB.
        del value
        return copytext.escape(replaced)

    def _value(self, column: str, field: bytes) -> bytes:
        try:
            return copytext.unescape(field) or b""
        except ArchiveError as error:
            raise self._failure(column, str(error)) from None

    def _text(self, column: str, field: bytes) -> str:
        try:
            return self._value(column, field).decode()
        except UnicodeDecodeError:
            raise self._failure(column, _NOT_UTF8) from None

    def _must_wait(self, fields: Fields, changed: list[ColumnWork]) -> bool:
        """Defer a row whose unique columns changed until all rows that keep theirs are known."""
        if not self._unique_columns:
            return False
        if any(column in self._unique_columns for column in changed):
            self._deferred.append((fields, changed))
            self._deferred_bytes += sys.getsizeof(fields) + sum(map(sys.getsizeof, fields))
            if self._deferred_bytes > _MOST_DEFERRED_BYTES:
                raise self._failure(None, f"more than {_MOST_DEFERRED_BYTES} bytes of rows wait to be told apart")
            return True
        key = self._key(fields)
        if key is not None:
            self._seen.add(key)
        return False

    def _key(self, fields: Fields) -> bytes | None:
        """The values that are unique together; None where one is NULL, since PostgreSQL tells NULLs apart."""
        values = [fields[index] for index in self._plan.unique]
        return None if copytext.NULL in values else b"\t".join(values)

    def _finished(self, fields: Fields, changed: list[ColumnWork]) -> bytes:
        for column in changed:
            column.changed += 1
        self.rows_rewritten += bool(changed)
        return copytext.raw_line(fields)

    def _failure(self, column: str | None, what: str) -> SanitiseError:
        where = self._plan.table if column is None else f"{self._plan.table}.{column}"
        return SanitiseError(
            f"{where}, row {self.rows_read}: {what}. {INCOMPLETE} Have the row mended in the source, "
            "or give its table another rule in catalogue.toml, and start again with a new dump."
        )


def _nowhere(text: bytes) -> tuple[int, ...]:
    del text
    return ()
