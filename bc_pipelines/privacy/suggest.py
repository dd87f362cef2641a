"""Drafts catalogue entries for what a catalogue does not know. It helps a person to decide, and decides nothing.

Belongs here: which columns are unclassified, looking at their first values, and writing the draft. Does not belong
here: weighing what hints at a rule (``hints.py``), the patterns (``shapes.py``), and reading a catalogue. Values are
looked at and forgotten: the draft holds names of tables and columns, counts, and kinds.

Where the hints do not agree, the rule is ``CHOOSE``, which is no rule, and a new table is put into the area ``CHOOSE``,
which is no area, and an empty reason is no reason: so the catalogue refuses the draft until a person has looked at it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import BinaryIO

from bc_pipelines.pgarchive import ArchiveReader, TableData, copytext
from bc_pipelines.pgarchive.schema import Schema
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import TableName
from bc_pipelines.privacy.fitting import entry_of
from bc_pipelines.privacy.hints import Hint, hint
from bc_pipelines.privacy.shapes import Look

CHOOSE = "CHOOSE"
_BARE = re.compile(r"[A-Za-z0-9_-]+")

SAMPLE_ROWS = 1000
"""How many rows of a table are looked at, from its first row on."""


@dataclass(frozen=True)
class Suggestion:
    """A draft for one column.

    Attributes:
        table: the table whose entry is to name it: for a partition, the partitioned table.
        column: the column.
        type: its type, as SQL.
        area: where the catalogue lists the table; None for a table without an entry.
        purged: whether the table loses all its rows, so that the column needs only to be listed.
        rule: what the hints agree on; None where a person has to choose.
        perhaps: what to consider first.
        why: what the hints are, in words.
        reason: why the column is personal; empty where that is for a person to say.
    """

    table: str
    column: str
    type: str
    area: str | None
    purged: bool
    rule: str | None
    perhaps: str
    why: str
    reason: str


def suggestions(stream: BinaryIO, catalogue: Catalogue) -> tuple[Suggestion, ...]:
    """Look at an archive's unclassified columns, and at the first rows of their tables.

    Args:
        stream: the archive, read until every such table has been seen.
        catalogue: what is decided already.

    Returns:
        One for each unclassified column, table by table.

    Raises:
        ArchiveError: it is truncated, corrupt or of an unsupported kind.
    """
    reader = ArchiveReader(stream)
    schema = Schema.from_entries(reader.entries)
    wanted = {data.dump_id: columns for data in reader.tables if (columns := _unclassified(data, schema, catalogue))}
    owners = {data.dump_id: _owner(data, schema, catalogue) for data in reader.tables}
    looks = _looks(reader, wanted, owners)
    found: dict[tuple[TableName, str], Suggestion] = {}
    for data in reader.tables:
        owner = owners[data.dump_id]
        for column in wanted.get(data.dump_id, ()):
            told = hint(TableName(data.schema, data.name), column, schema, catalogue, looks[owner, column])
            found.setdefault((owner, column), _suggestion(owner, column, told, catalogue))
    return tuple(found[key] for key in sorted(found, key=lambda key: key[0]))


def draft(found: Sequence[Suggestion]) -> str:
    """The draft as TOML, in the catalogue's format, to be gone through by a person.

    Args:
        found: what ``suggestions`` gave, table by table.
    """
    if not found:
        return "# Every table and column of this archive has an entry in the catalogue.\n"
    tables = [_table([*columns]) for _, columns in groupby(found, key=lambda each: each.table)]
    return "\n".join([_INTRODUCTION, *tables])


_INTRODUCTION = """\
# A draft: go through every line, and replace each CHOOSE, before any of it goes into catalogue.toml.
# Names, types and some values were looked at; what is personal is for a person to say.
"""


def _unclassified(data: TableData, schema: Schema, catalogue: Catalogue) -> tuple[str, ...]:
    entry = entry_of(TableName(data.schema, data.name), schema, catalogue)
    return tuple(name for name in data.columns if entry is None or name not in entry.columns)


def _owner(data: TableData, schema: Schema, catalogue: Catalogue) -> TableName:
    """The table whose entry counts: one for all parts of a partitioned table."""
    entry = entry_of(TableName(data.schema, data.name), schema, catalogue)
    if entry is not None:
        return entry.name
    return TableName(*[(data.schema, data.name), *schema.ancestors((data.schema, data.name))][-1])


def _looks(
    reader: ArchiveReader, wanted: Mapping[int, tuple[str, ...]], owners: Mapping[int, TableName]
) -> dict[tuple[TableName, str], Look]:
    """What the values of the wanted columns look like; the archive is read no further than that takes."""
    looks = {(owners[dump_id], column): Look() for dump_id, columns in wanted.items() for column in columns}
    awaited = set(wanted)
    blocks = reader.blocks()
    while awaited:
        block = next(blocks)
        columns = wanted.get(block.dump_id, ())
        awaited.discard(block.dump_id)
        places = [(looks[owners[block.dump_id], name], block.table.columns.index(name)) for name in columns]
        for line in islice(block.rows(), SAMPLE_ROWS if places else 0):
            values = copytext.split(line)
            for look, place in places:
                look.at(values[place])
    return looks


def _suggestion(owner: TableName, column: str, told: Hint, catalogue: Catalogue) -> Suggestion:
    entry = catalogue.tables.get(owner)
    purged = entry is not None and entry.purged_whole
    return Suggestion(
        table=str(owner),
        column=column,
        type=told.type,
        area=entry.area if entry else None,
        purged=purged,
        rule="purge" if purged else told.rule,
        perhaps="purge" if purged else told.perhaps,
        why="the table loses its rows anyway" if purged else told.why,
        reason=told.reason,
    )


def _table(columns: Sequence[Suggestion]) -> str:
    first = columns[0]
    lines = [f"[tables.{_key(first.area or CHOOSE)}.{_key(first.table)}]"]
    if first.area:
        lines.insert(0, "# This table has an entry: add these lines to it, and join the lists.")
    else:
        lines.insert(0, "# A new table: choose its area. If nobody needs its rows, replace all that follows by:")
        names = ", ".join(map(_text, (each.column for each in columns)))
        lines += ['#   reason = ""', f"#   purge = [{names}]"]
    for each in columns:
        lines.append(_comment(each))
        if each.rule not in ("keep", "purge"):
            lines.append(_rule(each))
    for rule in ("keep", "purge"):
        listed = [_text(each.column) for each in columns if each.rule == rule]
        lines += [f"{rule} = [{', '.join(listed)}]"] if listed else []
    return "\n".join([*lines, ""])


def _comment(each: Suggestion) -> str:
    sure = f"Not sure, perhaps {each.perhaps}." if each.rule is None else "Fairly sure." if each.reason else "Sure."
    return f"# {_text(each.column)}, {_text(each.type or 'type not known')}: {each.why}. {sure}"


def _rule(each: Suggestion) -> str:
    rule = _text(each.rule or CHOOSE)
    return f"columns.{_key(each.column)} = {{ staging = {rule}, local = {rule}, reason = {_text(each.reason)} }}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """A text as TOML writes it; names of an archive may hold anything, a newline too."""
    plain = text.encode(errors="replace").decode()
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", r"\u007f")
