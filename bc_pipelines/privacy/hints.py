"""Weighs what hints at the rule that a column needs: its keys and type, its name, and what its values look like.

Belongs here: when hints agree, and saying so in words. Does not belong here: patterns (``shapes.py``) and the draft
(``suggest.py``). A rule is given only to what cannot be personal by its type or key, and to what name and values agree
on; never to free text, most of which the site publishes.
"""

from dataclasses import dataclass

from bc_pipelines.pgarchive.schema import Column, Schema
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import TableName
from bc_pipelines.privacy.fitting import writes
from bc_pipelines.privacy.shapes import Look, by_name

_FEWEST = 5
_SHARE = 0.8
_KEY_TYPES = frozenset(("smallint", "integer", "bigint", "uuid"))


@dataclass(frozen=True)
class Hint:
    """What a column may need.

    Attributes:
        type: its type, as SQL; empty if it is not known.
        rule: a rule on which the hints agree; None where they do not.
        perhaps: what to consider first.
        why: the hints in words, without a value.
        reason: why the column is personal, as the catalogue has it; empty where that is for a person to say.
    """

    type: str
    rule: str | None
    perhaps: str
    why: str
    reason: str = ""


def hint(table: TableName, name: str, schema: Schema, catalogue: Catalogue, look: Look) -> Hint:
    """Weigh everything that is known of a column.

    Args:
        table: its table.
        name: its name.
        schema: of the archive.
        catalogue: what is decided about other tables.
        look: what some of its values look like.
    """
    column = schema.column((table.schema, table.name), name) or Column(name, "")
    return (
        _by_reference(table, column, schema, catalogue)
        or _by_type(table, column, schema)
        or _by_name_and_values(column, look)
    )


def _by_reference(table: TableName, column: Column, schema: Schema, catalogue: Catalogue) -> Hint | None:
    """What a foreign key leads to tells more than anything else."""
    for key in schema.foreign_keys:
        if key.table == (table.schema, table.name) and column.name in key.columns:
            parent = TableName(*key.referenced_table)
            entry = catalogue.tables.get(parent)
            if entry is None:
                return Hint(column.type, None, "keep", f"it refers to {parent}, which has no entry either")
            if entry.may_drop_rows:
                return Hint(column.type, None, "null", f"it refers to {parent}, which loses rows")
            return Hint(column.type, "keep", "keep", f"it refers to {parent}, whose rows stay")
    return None


def _by_type(table: TableName, column: Column, schema: Schema) -> Hint | None:
    """Numbers that PostgreSQL or Django hand out, and yes or no."""
    primary = any(
        key.primary and key.table == (table.schema, table.name) and key.columns == (column.name,) for key in schema.keys
    )
    if primary and column.type in _KEY_TYPES:
        return Hint(column.type, "keep", "keep", "it is the primary key")
    if column.type == "boolean":
        return Hint(column.type, "keep", "keep", "it is yes or no")
    return None


def _by_name_and_values(column: Column, look: Look) -> Hint:
    named = by_name(column.name)
    alike = next((kind for kind, count in look.kinds.most_common(1) if count >= _SHARE * look.values), None)
    perhaps = named or alike or ("free_text" if look.kinds or look.inside else "keep")
    why = f"the name speaks of {_WORDS[named]}; {_seen(look)}" if named else _seen(look)
    if not writes(perhaps, column.type):
        return Hint(column.type, None, "json:NAME" if column.type in ("json", "jsonb") else "null", why)
    if named and named == alike and named != "free_text" and look.values >= _FEWEST:
        return Hint(column.type, named, named, why, f"{_WORDS[named].capitalize()}.")
    return Hint(column.type, None, perhaps, why)


def _seen(look: Look) -> str:
    """What the values look like, in words."""
    if not look.values:
        return "no value was seen"
    seen = look.kinds + look.inside
    if not seen:
        return f"none of {look.values:,} values looks personal, which proves little"
    return ", ".join(
        f"{count:,} of {look.values:,} values look like {_WORDS[kind]}" for kind, count in seen.most_common()
    )


_WORDS = {
    "email": "e-mail addresses",
    "password": "passwords or their hashes",
    "token": "secrets",
    "phone": "telephone numbers",
    "postcode": "postcodes",
    "ip_address": "IP addresses",
    "username": "user names",
    "person_name": "people's names",
    "url_without_query": "addresses of pages, perhaps with queries",
    "free_text": "free text",
}
