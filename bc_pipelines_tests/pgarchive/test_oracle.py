"""pgdumplib, another reader of the format, agrees with ours on real archives and on what we write.

It reads only: its writer does not escape values. It holds everything in memory and temporary files, so that the
archives are small, and leaves files for the garbage collector to close, of which Python warns.
"""

from pathlib import Path

import pgdumplib
import pytest

from bc_pipelines.pgarchive import ArchiveReader, copytext
from bc_pipelines_tests.pgarchive.conftest import World
from bc_pipelines_tests.pgarchive.test_real_archives import decode_and_encode, rewrite

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def ours(archive: Path) -> dict[tuple[str, str], list[tuple[str | None, ...]]]:
    """Every value of an archive as our reader sees it, by schema and table."""
    with archive.open("rb") as stream:
        return {
            (block.table.schema, block.table.name): [
                tuple(value if value is None else value.decode() for value in copytext.split(line))
                for line in block.rows()
            ]
            for block in ArchiveReader(stream).blocks()
        }


def theirs(archive: Path) -> dict[tuple[str, str], list[tuple[str | None, ...]]]:
    """The same as pgdumplib sees it."""
    dump = pgdumplib.load(archive)
    tables = [(str(entry.namespace), str(entry.tag)) for entry in dump.entries if entry.desc == "TABLE DATA"]
    return {table: [tuple(row) for row in dump.table_data(*table)] for table in tables}


def test_pgdumplib_reads_the_same_values(world: World) -> None:
    """Both readers find the same values in pg_dump's own archive, but for two tables that pgdumplib cannot read.

    It takes a blank line, which is a row of one empty text, or of no columns, for the end of the data.
    """
    found, expected = ours(world.archive), theirs(world.archive)
    for unread in (("public", "blank"), ("public", "no_columns")):
        assert expected.pop(unread) == []
        assert len(found.pop(unread)) > 4
    assert found == expected


def test_pgdumplib_reads_what_we_write(world: World, tmp_path: Path) -> None:
    """Our rewritten archive holds for pgdumplib what it finds in the original."""
    copy = rewrite(world.archive, tmp_path / "copy.dump", decode_and_encode)
    assert theirs(copy) == theirs(world.archive)
