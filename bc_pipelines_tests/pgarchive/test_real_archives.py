"""Archives of real pg_dumps: copied, emptied and rewritten, loaded by the real pg_restore, compared row by row."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from bc_pipelines.pgarchive import (
    ArchiveReader,
    ArchiveWriter,
    Block,
    UnsupportedArchive,
    copytext,
    unsupported,
)
from bc_pipelines.pgarchive.toc import DataState, write_entries, write_header
from bc_pipelines_tests.pgarchive.conftest import World

VERSIONS = {12: "1.14", 13: "1.14", 14: "1.14", 15: "1.14", 16: "1.15", 17: "1.16", 18: "1.16"}


def rewrite(source: Path, target: Path, treat: Callable[[ArchiveWriter, Block], object]) -> Path:
    """Write a copy of an archive, each block treated as told."""
    with source.open("rb") as read, target.open("w+b") as written:
        reader = ArchiveReader(read)
        writer = ArchiveWriter(written, reader.header, reader.entries)
        for block in reader.blocks():
            treat(writer, block)
        writer.finish()
    return target


def decode_and_encode(writer: ArchiveWriter, block: Block) -> None:
    """Take every value of a block out of its row, and put it back."""
    with writer.block(block.dump_id) as rows:
        for batch in block.row_batches():
            rows.write_rows([copytext.join(copytext.split(line)) for line in batch])


def rows_by_table(archive: Path) -> dict[str, list[bytes]]:
    """Every row of an archive as it stands, by table."""
    with archive.open("rb") as stream:
        return {
            f"{block.table.schema}.{block.table.name}": list(block.rows()) for block in ArchiveReader(stream).blocks()
        }


@pytest.fixture(scope="module", params=["level 9", "uncompressed", "piped"])
def archive(request: pytest.FixtureRequest, world: World) -> Path:
    """Archives of one database, written in every way that changes the layout."""
    target = world.folder / f"{request.param}.dump"
    if request.param == "piped":
        piped = world.cluster.run("pg_dump", "--format=custom", database="world")
        target.write_bytes(piped.stdout)
        return target
    return world.cluster.dump(
        target, "--compress=9" if request.param == "level 9" else "--compress=0", database="world"
    )


@pytest.fixture(scope="module")
def expected(world: World) -> dict[str, list[str]]:
    """What stands in the dumped database."""
    contents = world.contents("world")
    assert len(contents) == 15, contents.keys()
    return contents


def test_header_and_table_of_contents_survive_byte_for_byte(world: World, archive: Path) -> None:
    """Read and written again, header and table of contents are pg_dump's own bytes, but for the blocks' places."""
    with archive.open("rb") as stream:
        reader = ArchiveReader(stream)
        length = reader.position
    assert reader.header.version_text == VERSIONS[world.major]
    assert reader.header.dbname == "world"
    assert unsupported(reader.entries) == ()
    written = write_header(reader.header) + write_entries(reader.header, reader.entries, {})
    original = archive.read_bytes()[:length]
    differing = sum(ours != theirs for ours, theirs in zip(written, original, strict=True))
    with_data = [entry for entry in reader.entries if entry.has_data]
    if "piped" in archive.name:
        assert differing == 0
        assert {entry.data_state for entry in with_data} == {DataState.POSITION_NOT_SET}
    else:
        assert 0 < differing <= 9 * len(with_data)
        assert {entry.data_state for entry in with_data} == {DataState.POSITION_SET}


def test_a_verbatim_copy_loads(world: World, archive: Path, expected: dict[str, list[str]], tmp_path: Path) -> None:
    """A verbatim copy restores with two jobs, without one warning, to equal data; counted rows are the rows."""
    counts: dict[str, int] = {}

    def copy(writer: ArchiveWriter, block: Block) -> None:
        if block.table.name != "customer":
            counts[f"{block.table.schema}.{block.table.name}"] = writer.copy_block(block, count_rows=True)
        else:
            writer.copy_block(block)

    assert world.loads(rewrite(archive, tmp_path / "copy.dump", copy)) == expected
    lengths = {table: len(rows) for table, rows in rows_by_table(archive).items()}
    assert lengths.pop("public.customer") == 3000
    assert counts == lengths


def test_rewritten_and_emptied_blocks_load(
    world: World, archive: Path, expected: dict[str, list[str]], tmp_path: Path
) -> None:
    """Blocks written empty restore as empty tables; values decoded and encoded again restore to equal data."""
    purged = {"refers", "no_columns", "event_2026_rest", "empty"}

    def treat(writer: ArchiveWriter, block: Block) -> None:
        if block.table.name in purged:
            writer.empty_block(block.dump_id)
        else:
            decode_and_encode(writer, block)

    treated = rewrite(archive, tmp_path / "treated.dump", treat)
    assert rows_by_table(treated) == {
        table: [] if table.split(".", 1)[1] in purged else rows for table, rows in rows_by_table(archive).items()
    }
    assert world.loads(treated) == {table: [] if table in purged else rows for table, rows in expected.items()}


def test_every_trap_is_read_as_postgresql_means_it(world: World) -> None:
    """Each value that needs care comes out of the archive as the server itself gives it."""
    with world.archive.open("rb") as stream:
        found = {
            block.table.name: [copytext.split(line) for line in block.rows()]
            for block in ArchiveReader(stream).blocks()
        }
    query = "SELECT id::text, value, raw::text, doc::text, list::text FROM traps ORDER BY traps.id"
    real = [
        [value if value is None else value.encode() for value in row]
        for row in world.cluster.execute(query, database="world")
    ]
    assert found["traps"] == real
    assert found["blank"] == [[b""], [None], [rb"\."], [b""], [rb"\N"], [b""]]
    assert len(found["no_columns"]) == 5


def test_partitions_loaded_via_their_root_keep_their_own_name(world: World, tmp_path: Path) -> None:
    """With --load-via-partition-root each block is still known by its partition, and the root that COPY fills."""
    target = world.cluster.dump(tmp_path / "root.dump", "--load-via-partition-root", database="world")
    with target.open("rb") as stream:
        tables = {table.name: table.into for table in ArchiveReader(stream).tables}
    assert tables["event_2026_rest"] == tables["event_2025"] == ("public", "event")
    assert tables["parent"] == ("public", "parent")


@pytest.mark.parametrize("option", ["--inserts", "--column-inserts", "--rows-per-insert=10"])
def test_dumps_of_inserts_are_refused(world: World, tmp_path: Path, option: str) -> None:
    """A dump whose rows are INSERT commands is refused before its first row, naming each table."""
    target = world.cluster.dump(tmp_path / "inserts.dump", option, database="world")
    with target.open("rb") as stream:
        reader = ArchiveReader(stream)
        assert reader.tables == ()
        with pytest.raises(UnsupportedArchive, match=r"TABLE DATA public\.traps .*--inserts"):
            next(reader.blocks())


@pytest.fixture
def extra(world: World) -> Iterator[str]:
    """The name of a database for things that are refused; emptied of them afterwards."""
    world.cluster.create_database("extra")
    yield "extra"
    world.cluster.execute("DROP SUBSCRIPTION IF EXISTS news", database="extra")


@pytest.mark.parametrize(
    ("statements", "refused"),
    [
        (["SELECT lo_from_bytea(0, 'secret')"], {"BLOB", "BLOBS", "BLOB METADATA"}),
        (
            [
                "CREATE SUBSCRIPTION news CONNECTION 'host=127.0.0.1 password=hunter2' PUBLICATION p"
                " WITH (connect = false, slot_name = NONE)"
            ],
            {"SUBSCRIPTION"},
        ),
        (
            [
                "CREATE FOREIGN DATA WRAPPER w",
                "CREATE SERVER s FOREIGN DATA WRAPPER w",
                "CREATE USER MAPPING FOR postgres SERVER s OPTIONS (password 'hunter2')",
            ],
            {"USER MAPPING"},
        ),
    ],
    ids=["large object", "subscription", "user mapping"],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_may_hold_secrets_is_refused_by_name(
    world: World, extra: str, tmp_path: Path, statements: list[str], refused: set[str]
) -> None:
    """Large objects, subscriptions and user mappings are refused by kind and name, without their contents."""
    for statement in statements:
        world.cluster.execute(statement, database=extra)
    target = world.cluster.dump(tmp_path / "refused.dump", database=extra)
    with target.open("rb") as stream:
        reader = ArchiveReader(stream)
    lines = unsupported(reader.entries)
    assert lines
    assert all(any(line.startswith(kind) for kind in refused) for line in lines)
    assert "hunter2" not in "".join(lines)


def test_statistics_are_known_and_can_be_left_out(world: World, tmp_path: Path) -> None:
    """pg_dump 18's statistics hold values of rows; an archive written without them loads, and holds none."""
    if world.major < 18:
        pytest.skip("only pg_dump 18 and later dump statistics")
    world.cluster.execute("ANALYZE", database="world")
    source = world.cluster.dump(tmp_path / "statistics.dump", "--statistics", database="world")
    assert b"@customer.example" in source.read_bytes()[:200_000]
    with source.open("rb") as read, (tmp_path / "without.dump").open("w+b") as written:
        reader = ArchiveReader(read)
        assert unsupported(reader.entries) == ()
        kept = [entry for entry in reader.entries if entry.desc != "STATISTICS DATA"]
        assert len(kept) < len(reader.entries)
        writer = ArchiveWriter(written, reader.header, kept)
        for block in reader.blocks():
            writer.copy_block(block)
        writer.finish()
    world.cluster.restore(tmp_path / "without.dump", database="restored")
    with (tmp_path / "without.dump").open("rb") as stream:
        entries = ArchiveReader(stream).entries
    assert not any("@customer.example" in (entry.defn or "") for entry in entries)


def test_a_pipe_can_be_read_while_pg_dump_writes_it(world: World) -> None:
    """An archive is read straight off the pipe of a running pg_dump, which cannot seek."""
    with subprocess.Popen(
        [world.cluster.bin_dir / "pg_dump", "--format=custom", "--dbname", world.cluster.url("world")],
        stdout=subprocess.PIPE,
    ) as dump:
        blocks = ArchiveReader(cast(BinaryIO, dump.stdout)).blocks()
        counts = {block.table.name: block.count_rows() for block in blocks}
    assert dump.returncode == 0
    assert counts["customer"] == 3000


def test_pg_restore_goes_straight_to_one_table(world: World, tmp_path: Path) -> None:
    """A copy of an archive without places has them: pg_restore finds a table though every other block is ruined."""
    piped = tmp_path / "piped.dump"
    piped.write_bytes(world.cluster.run("pg_dump", "--format=custom", database="world").stdout)
    copy = rewrite(piped, tmp_path / "copy.dump", decode_and_encode)
    with copy.open("rb") as stream:
        reader = ArchiveReader(stream)
        begin, wanted = reader.position, b""
        assert {entry.data_state for entry in reader.entries if entry.has_data} == {DataState.POSITION_SET}
        ruined = bytearray(copy.read_bytes())
        for block in reader.blocks():
            rows = list(block.rows())
            if block.table.name == "customer":
                wanted = b"\n".join(rows)
            else:
                ruined[begin : reader.position] = b"\xff" * (reader.position - begin)
            begin = reader.position
    copy.write_bytes(ruined)
    one_table = ("--data-only", "--table=customer", "--file=-")
    restored = world.cluster.run("pg_restore", *one_table, copy)
    assert (restored.returncode, restored.stderr) == (0, b"")
    assert wanted.count(b"\n") == 2999
    assert wanted in restored.stdout


def test_pg_restore_lists_the_same_entries(world: World, archive: Path, tmp_path: Path) -> None:
    """pg_restore sees in our copy the same entries, in the same order, as in the original."""
    copy = rewrite(archive, tmp_path / "copy.dump", decode_and_encode)
    original, ours = (
        [line for line in world.cluster.run("pg_restore", "--list", path).stdout.splitlines() if line[:1] != b";"]
        for path in (archive, copy)
    )
    assert ours == original
    assert len(ours) > 40
