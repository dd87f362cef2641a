"""Keeps secrets and rows' values out of text that comes from elsewhere: Heroku's messages, logs, and httpx's log.

What this package writes itself needs none of it, because it never writes a secret in the first place.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

import httpx
import stamina

from bc_pipelines.heroku.models import LogLine

_URL = re.compile(r"\b([a-z][a-z0-9+.-]*)://[^\s\"'<>]+", re.IGNORECASE)

# What the transfer worker says itself (public copy of heroku/transferatu), and PostgreSQL's programs about their work.
# Anything else can be a row or the continuation of one: PostgreSQL's DETAIL and CONTEXT lines quote values.
_WORKER = re.compile(
    r"(waiting for )?(pg_dump|upload|download|restore) (to complete|done)"
    r"|Could not (connect to database to initialize|initialize) transfer"
)
_PROGRAM = re.compile(r"(pg_dump|pg_restore): (?!.*(Command|Query) was)")
# In `relation "x" does not exist` a name is quoted; in `invalid input syntax for type integer: "x"` it is a value.
_QUOTED_NAME = re.compile(
    r'\b(relation|table|constraint|index|column|schema|extension|function) "[\w.]+"', re.IGNORECASE
)

WITHHELD = "(a line that could quote a row is withheld)"


def without_urls(text: str) -> str:
    """Replace every URL by its scheme, because a URL can hold a password or a signature."""
    return _URL.sub(r"\1://…", text)


def safe_log(lines: Iterable[LogLine], count: int) -> tuple[str, ...]:
    """Give the last `count` lines of a transfer's log with everything taken out that could be data."""
    return tuple(_safe_line(line.message) for line in tuple(lines)[-count:])


def _safe_line(message: str) -> str:
    line = message.strip().partition("\n")[0]
    if _WORKER.fullmatch(line):
        return line
    if _PROGRAM.match(line):
        return without_urls(_mask_values(line))
    return WITHHELD


def _mask_values(line: str) -> str:
    """Cut a line off at the first quoted text that is not the name of something."""
    named = _QUOTED_NAME.sub(lambda found: found[0].replace('"', "\0"), line)
    kept, quote, _ = named.partition('"')
    return kept.replace("\0", '"') + ("…" if quote else "")


class _WithoutQuery(logging.Filter):
    """Cuts the query off every URL that httpx logs: in an address of a backup it is the signature."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(arg.copy_with(query=None) if isinstance(arg, httpx.URL) else arg for arg in record.args)
        return True


def quieten() -> None:
    """Make the log of httpx free of signatures, and stamina say nothing of each try, for this process.

    Whatever is tried again ends in success or in one clear error. A line for each try only hides that, and it would go
    to standard output, among the JSON of a command.
    """
    stamina.instrumentation.set_on_retry_hooks([])
    logger = logging.getLogger("httpx")
    if not any(isinstance(present, _WithoutQuery) for present in logger.filters):
        logger.addFilter(_WithoutQuery())
