"""The header and table of contents of the archive that is written: what would tell of production is taken out.

Rows are none of its business. Each decision here has its reason beside it.
"""

from collections.abc import Sequence
from dataclasses import replace

from bc_pipelines.pgarchive import Entry, Header

DBNAME = "sanitised"

# Left out, with all that they say. Restoring needs none of them: Heroku and the runbook restore without privileges and
# into a database that exists already.
_LEFT_OUT = frozenset(
    (
        "ACL",  # names production's roles
        "DEFAULT ACL",
        "SECURITY LABEL",  # free text of providers
        "DATABASE",  # names production's database; serves pg_restore --create only
        "DATABASE PROPERTIES",
        "STATISTICS DATA",  # holds values of rows: pg_dump 18 --statistics
    )
)

# An entry that is neither harmless nor ours to leave out.
_REFUSED = {"SERVER": "its options may name hosts and databases of production"}


def neutral_header(header: Header) -> Header:
    """The header without the name of production's database. Time and versions stay: checks rely on them."""
    return replace(header, dbname=DBNAME)


def neutral_entries(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries that stay, none with an owner.

    An empty owner is what pg_dump writes for entries that have none. With it pg_restore changes no owner, so that
    the archive restores for any role, with ``--no-owner`` or without.
    """
    return tuple(replace(entry, owner="") for entry in entries if not _left_out(entry))


def refused_entries(entries: Sequence[Entry]) -> tuple[str, ...]:
    """A line for each entry that must not be passed on and cannot be left out."""
    return tuple(f"{entry.label}: {_REFUSED[entry.desc]}" for entry in entries if entry.desc in _REFUSED)


def _left_out(entry: Entry) -> bool:
    if entry.desc == "COMMENT":
        # People write comments, except those of extensions, which their authors wrote.
        return not (entry.tag or "").startswith("EXTENSION ")
    return entry.desc in _LEFT_OUT
