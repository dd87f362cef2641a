"""What the proof says: counts, tables, columns, keys and kinds, never a value.

Belongs here: the result's shape, its words and its JSON. Does not belong here: how it was reached. What a terminal may
show beyond it, a ``Match``, is no part of the result.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Hit:
    """Identifiers of one kind that stand in one value.

    Attributes:
        table: the table, or ``(table of contents)``.
        column: the column; for the table of contents, the kind of entry and its field.
        key: the row's primary key where that is a whole number, else ``row N``, counted from 1; None for all the
            further rows of a column that has many.
        kind: what was found, such as ``email``.
        count: how many.
    """

    table: str
    column: str
    key: int | str | None
    kind: str
    count: int


@dataclass(frozen=True)
class Match:
    """The text of one hit, for a person at a terminal and for nothing that is kept.

    Attributes:
        table: as in ``Hit``.
        column: as in ``Hit``.
        key: as in ``Hit``.
        kind: as in ``Hit``.
        text: what was found, as it was compared: in lower case, without punctuation where that does not matter.
    """

    table: str
    column: str
    key: int | str
    kind: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class ControlResult:
    """How the positive control went.

    Attributes:
        found: how many hidden identifiers the searcher found.
        expected: how many it had to find.
        missed: kinds and encodings that were missed.
    """

    found: int
    expected: int
    missed: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the search can be believed."""
        return self.found == self.expected > 0


@dataclass(frozen=True)
class Proof:
    """The result of searching a written archive for the identifiers of the raw one.

    Attributes:
        passed: no identifier was found but public and declared ones, and the search can be believed.
        reason: why it did not pass, if it did not.
        hits: where identifiers stand that should not.
        public: where identifiers stand that published content holds as well; no failure.
        declared: where others stand that somebody looked at and declared public; no failure.
        reviewed: how many different identifiers these are.
        identifiers: how many were searched for, by kind.
        values_searched: how many values were looked into.
        tables_searched: how many tables' data.
        not_searched: what was not looked for, or not looked into, in words.
        control: the positive control.
        seconds: how long the search took, without the time to gather the identifiers.
    """

    passed: bool
    reason: str
    hits: tuple[Hit, ...]
    public: tuple[Hit, ...]
    declared: tuple[Hit, ...]
    reviewed: int
    identifiers: Mapping[str, int]
    values_searched: int
    tables_searched: int
    not_searched: tuple[str, ...]
    control: ControlResult
    seconds: float

    def summary(self) -> str:
        """The result in a sentence or two."""
        searched = (
            f"{sum(self.identifiers.values()):,} identifiers of the raw backup were searched for in "
            f"{self.values_searched:,} values of {self.tables_searched:,} tables"
        )
        public = sum(hit.count for hit in self.public)
        also = f" {public:,} finds are public, because published content holds the same." if public else ""
        if self.reviewed:
            declared = sum(hit.count for hit in self.declared)
            also += f" Declared public after a review: {self.reviewed:,} identifiers, found {declared:,} times."
        if self.passed:
            return f"{searched}, and none was found where it should not be.{also}"
        return f"{searched}. The proof failed: {self.reason}{also}"

    def to_json(self) -> str:
        """The result as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Proof":
        """The result that ``to_json`` wrote.

        Raises:
            ValueError, TypeError, KeyError: it did not.
        """
        fields: dict[str, Any] = json.loads(text)
        control = fields["control"]
        return cls(
            **{
                **fields,
                "hits": tuple(Hit(**hit) for hit in fields["hits"]),
                "public": tuple(Hit(**hit) for hit in fields["public"]),
                "declared": tuple(Hit(**hit) for hit in fields["declared"]),
                "not_searched": tuple(fields["not_searched"]),
                "control": ControlResult(control["found"], control["expected"], tuple(control["missed"])),
            }
        )
