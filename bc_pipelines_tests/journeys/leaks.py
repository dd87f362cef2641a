"""Looks for what may not be found: secrets, and people who were planted in the sandbox's production.

The proof's own decoders uncover hidden text, and its own register tells people. What is found is named by its kind and
a number, never by its value. Where to look is test_nothing_leaks.py's matter.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import chain
from pathlib import Path

import psycopg
from psycopg import sql

from bc_pipelines.pgarchive import ArchiveReader
from bc_pipelines.proof import text
from bc_pipelines.proof.extract import Extractor, Identifier
from bc_pipelines.proof.hidden import DECODERS
from bc_pipelines.proof.register import Register
from bc_pipelines.proof.search import DEEPEST, Searcher

ARCHIVE_MAGIC = b"PGDMP"


class Search:
    """Finds secrets and people in any bytes.

    Args:
        secrets: name -> the secret; each is found as it is, wherever it stands.
        people: kind -> values, as `planted(…).private_values()` has them; each is found in every way of writing it.

    Attributes:
        secrets: what secrets are called in results: their names. People are called `email 17`, which is the 17th
            address in alphabetical order.
    """

    def __init__(self, secrets: Mapping[str, str], people: Mapping[str, Iterable[str]]) -> None:
        self._secrets = {name: value.encode() for name, value in secrets.items()}
        self._people: dict[int, str] = {}
        self._as_written: dict[bytes, str] = {}
        register = Register()
        for kind, values in people.items():
            for number, value in enumerate(sorted(values), 1):
                for identifier in _identifiers(kind, value):
                    digest = register.add(identifier.kind, identifier.shape, identifier.text)
                    # Two ways of writing a telephone number are one number.
                    self._as_written[value.encode()] = self._people.setdefault(digest, f"{kind} {number}")
        register.seal()
        self._searcher = Searcher(register)
        self.secrets = frozenset(secrets)

    def in_bytes(self, data: bytes) -> frozenset[str]:
        """What stands in a file or an object: one of pg_dump's archives is unpacked, anything else is read as text."""
        return self._in_archive(data) if data.startswith(ARCHIVE_MAGIC) else self._in_value(data)

    def people_as_written_in(self, data: bytes) -> frozenset[str]:
        """Whose values stand in a text letter by letter; with no decoder and no register, as a control for the rest."""
        return frozenset(name for value, name in self._as_written.items() if value in data)

    def in_database(self, url: str) -> dict[str, frozenset[str]]:
        """What stands in every row of every table of a database, whatever its schema.

        Returns:
            By `schema.table`, one entry for each table; empty where nothing was found.
        """
        with psycopg.connect(url) as connection:
            tables = connection.execute(
                "select schemaname, tablename from pg_tables"
                " where schemaname not in ('pg_catalog', 'information_schema')"
            ).fetchall()
            return {".".join(table): self._in_rows(_copy(connection, *table)) for table in tables}

    def _in_value(self, data: bytes) -> frozenset[str]:
        return self._named(self._searcher.in_value(data)) | self._secrets_in(data)

    def _in_rows(self, rows: bytes) -> frozenset[str]:
        return self._named(self._searcher.in_rows(rows)) | self._secrets_in(rows)

    def _in_archive(self, archive: bytes) -> frozenset[str]:
        reader = ArchiveReader(BytesIO(archive))
        found = self._in_value(repr(reader.entries).encode())
        return found.union(*(self._in_rows(b"\n".join(block.rows())) for block in reader.blocks()))

    def _named(self, digests: Iterable[int]) -> frozenset[str]:
        return frozenset(self._people[digest] for digest in digests)

    def _secrets_in(self, data: bytes) -> frozenset[str]:
        layers = list(_layers(data))
        return frozenset(name for name, value in self._secrets.items() if any(value in layer for layer in layers))


def files_that_hold(values: Iterable[str], folder: Path) -> list[str]:
    """Names of the files below a folder in which one of some values stands, byte by byte.

    For a database's pages: their values stand wall to wall, so that no decoder can tell where one begins.
    """
    command = ["grep", "--recursive", "--files-with-matches", "--text", "--no-messages", "--fixed-strings", "--file=-"]
    done = subprocess.run(
        [*command, "--", "."],
        cwd=folder,
        input="\n".join(values).encode(),
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    return sorted(done.stdout.decode().splitlines())


def _identifiers(kind: str, value: str) -> list[Identifier]:
    """The forms in which the proof looks for a value."""
    extract, raw = Extractor(()), value.encode()
    match kind:
        case "email":
            return list(extract.of_account(raw))
        case "name":
            first, _, last = value.partition(" ")
            return list(extract.full_name(first.encode(), last.encode()))
        case "phone":
            return list(extract.everything(raw))
        case "username":
            return list(extract.username(raw))
        case "token":
            return list(extract.of_column("token", (), raw))
        case _:
            return list(extract.of_column("password", (), raw))


def _layers(data: bytes) -> Iterator[bytes]:
    """A text, then all that hides in it, then all that hides in that."""
    for _ in range(DEEPEST):
        data = text.of_value(data)
        yield data
        data = text.SEPARATOR.join(chain.from_iterable(decode(data) for decode in DECODERS))
        if not data:
            return


def _copy(connection: psycopg.Connection[tuple[object, ...]], schema: str, table: str) -> bytes:
    """All rows of a table in COPY's text format."""
    statement = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(schema, table))
    with connection.cursor().copy(statement) as rows:
        return b"".join(bytes(piece) for piece in rows)
