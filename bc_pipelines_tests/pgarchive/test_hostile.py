"""Tables of contents made to cost memory, time or somebody's terminal: each is refused, and cheaply."""

import io
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bc_pipelines.pgarchive import ArchiveReader, CorruptArchive, Entry, UnsupportedArchive, copytext, unsupported
from bc_pipelines.pgarchive.identifiers import MAX_STATEMENT
from bc_pipelines.pgarchive.primitives import MAX_TOC_BYTES
from bc_pipelines.pgarchive.schema import Schema
from bc_pipelines_tests.pgarchive.synthetic import data_entry, entry, glue, header

JUST_SHORT_ENOUGH = MAX_STATEMENT - 100
CREATE = "CREATE TABLE public.item "


@contextmanager
def at_most(limit: int) -> Iterator[None]:
    """Insist that no more memory than this many bytes is taken inside."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit


@pytest.mark.parametrize(
    "copy",
    [
        'COPY "' + "a" * JUST_SHORT_ENOUGH,
        'COPY public."' + '""' * (JUST_SHORT_ENOUGH // 2),
        "COPY public.item (" + "a, " * (JUST_SHORT_ENOUGH // 3),
        "--\n" * (JUST_SHORT_ENOUGH // 3),
        "COPY public.item (" + "a" * (MAX_STATEMENT * 4) + ") FROM stdin;\n",
    ],
    ids=["open quote", "quotes", "columns", "remarks", "long"],
)
def test_copy_statements_that_never_end_are_refused_cheaply(copy: str) -> None:
    """A COPY statement of a megabyte that leads nowhere, or of more than that, is refused by its table's name."""
    with at_most(16 << 20):
        (line,) = unsupported([data_entry(7, copy=copy)])
    assert line == "TABLE DATA public.item (dump id 7): its COPY statement is not understood"


@pytest.mark.parametrize(
    ("desc", "sql"),
    [
        ("TABLE", CREATE + "(" * JUST_SHORT_ENOUGH),
        ("TABLE", CREATE + "(" + " ".join(f"$a{number}$" for number in range(100_000))),
        ("TABLE", CREATE + "(" + r"e'\'" * (JUST_SHORT_ENOUGH // 4)),
        ("TABLE", CREATE + "(\n    id integer DEFAULT '" + "''" * (JUST_SHORT_ENOUGH // 2)),
        ("TABLE", CREATE + "(\n    id integer\n);" + " " * MAX_STATEMENT),
        ("CONSTRAINT", "ALTER TABLE ONLY public.item\n    ADD CONSTRAINT c UNIQUE " + "a " * (JUST_SHORT_ENOUGH // 2)),
        ("FK CONSTRAINT", 'ALTER TABLE ONLY "' + "a" * JUST_SHORT_ENOUGH),
    ],
    ids=["brackets", "dollars", "escapes", "quotes", "long", "no columns", "open quote"],
)
def test_statements_that_never_end_are_refused_cheaply(desc: str, sql: str) -> None:
    """SQL of a megabyte that leads nowhere, or of more than that, is refused by its entry's name."""
    with at_most(100 << 20), pytest.raises(UnsupportedArchive, match=rf"the SQL of {desc} public\.item \(dump id 1\)"):
        Schema.from_entries([entry(1, desc, defn=sql)])


def test_a_statement_full_of_blanks_is_read_once() -> None:
    """A default with a million blanks inside does not take a million looks at them."""
    sql = f"ALTER TABLE ONLY public.item ALTER COLUMN id SET DEFAULT '{' ' * (JUST_SHORT_ENOUGH - 100)}x';\n"
    table = entry(1, defn=CREATE + "(\n    id text\n);\n")
    column = Schema.from_entries([table, entry(2, "DEFAULT", defn=sql)]).tables["public", "item"].columns[0]
    assert column.default is not None
    assert column.default.endswith("  x'")


def test_more_columns_than_any_site_has_are_refused() -> None:
    """Many heirs of a wide table are refused before their columns are multiplied out."""
    wide = CREATE + "(\n    " + ",\n    ".join(f"c{number} integer" for number in range(1600)) + "\n);\n"
    heirs = [
        entry(number, defn=f"CREATE TABLE public.heir_{number} (\n)\nINHERITS (public.item);\n")
        for number in range(2, 1000)
    ]
    with at_most(64 << 20), pytest.raises(UnsupportedArchive, match="columns together"):
        Schema.from_entries([entry(1, defn=wide), *heirs])


def test_many_generations_and_cycles_of_inheritance_end() -> None:
    """Tables that inherit in a circle are read; more generations than anyone needs are refused."""
    circle = [
        entry(number, defn=f"CREATE TABLE public.t{number} (\n    a integer\n)\nINHERITS (public.t{number % 3 + 1});\n")
        for number in (1, 2, 3)
    ]
    assert Schema.from_entries(circle).ancestors(("public", "t1")) == (("public", "t2"), ("public", "t3"))
    line = [
        entry(number, defn=f"CREATE TABLE public.t{number} (\n)\nINHERITS (public.t{number + 1});\n")
        for number in range(1, 1000)
    ]
    with pytest.raises(UnsupportedArchive, match="levels deep"):
        Schema.from_entries(line)


def test_the_lineage_of_many_partitions_is_found_once() -> None:
    """Thousands of partitions are looked up one by one without going through all the others each time."""
    parts = [
        entry(number, defn=f"CREATE TABLE public.p{number} (\n    a integer\n)\nINHERITS (public.item);\n")
        for number in range(2, 20_000)
    ]
    schema = Schema.from_entries([entry(1, defn=CREATE + "(\n    a integer\n);\n"), *parts])
    assert {schema.ancestors(("public", f"p{number}")) for number in range(2, 20_000)} == {(("public", "item"),)}
    assert len(schema.with_descendants(("public", "item"))) == 19_999


@pytest.mark.parametrize("take_apart", [copytext.split, copytext.raw_fields])
def test_a_row_has_no_more_fields_than_a_table_has_columns(take_apart: Callable[[bytes], object]) -> None:
    """Megabytes of tabs are refused before they become millions of fields; the widest table's row is not."""
    take_apart(b"\t" * (copytext.MAX_FIELDS - 1))
    tabs = b"\t" * (8 << 20)
    with at_most(9 << 20), pytest.raises(CorruptArchive, match="more than 1,600 fields"):
        take_apart(tabs)


def test_a_table_is_defined_only_once() -> None:
    """A second definition of a table, which could give a column another type, is refused."""
    sql = CREATE + "(\n    id integer\n);\n"
    with pytest.raises(UnsupportedArchive, match="dump id 2"):
        Schema.from_entries([entry(1, defn=sql), entry(2, defn=sql)])


@pytest.mark.parametrize(
    ("copied_into", "accepted"),
    [("public.part", True), ("public.root", True), ("public.account", False), ("other.part", False)],
)
def test_rows_go_into_their_own_table_or_one_that_it_is_a_part_of(copied_into: str, accepted: bool) -> None:
    """Rows whose COPY fills a table that their entry does not name, nor one above it, are refused: rules go by name."""
    entries = [
        entry(1, defn="CREATE TABLE public.root (\n    id integer\n)\nPARTITION BY RANGE (id);\n"),
        entry(2, defn="CREATE TABLE public.part (\n    id integer\n);\n"),
        entry(3, "TABLE ATTACH", defn="ALTER TABLE ONLY public.root ATTACH PARTITION public.part DEFAULT;\n"),
        entry(4, defn="CREATE TABLE public.account (\n    id integer\n);\n"),
        data_entry(5, "part", copy=f"COPY {copied_into} (id) FROM stdin;\n"),
    ]
    if accepted:
        assert Schema.from_entries(entries).parents
    else:
        with pytest.raises(UnsupportedArchive, match=r"public\.part \(dump id 5\) go into another table"):
            Schema.from_entries(entries)


@pytest.mark.parametrize("odd", ["\x1b[31mred", "two\nlines", "\udcff", "left\u202eright"])
def test_names_that_cannot_be_shown_are_refused_in_words_that_can(odd: str) -> None:
    """Names with control characters, or that are no UTF-8, are refused; messages carry them escaped."""
    entries: list[Entry] = [
        data_entry(1, odd, copy="COPY public.item (id) FROM stdin;\n"),
        data_entry(2, copy=f'COPY public.item ("{odd}") FROM stdin;\n'),
        entry(3, odd, odd),
    ]
    lines = unsupported(entries)
    assert len(lines) == 3
    assert all(line.isprintable() and line.encode() for line in lines)
    for column in (f'"{odd}" text', f'id public."{odd}"'):
        with pytest.raises(UnsupportedArchive):
            Schema.from_entries([entry(1, defn=f"{CREATE}(\n    {column}\n);\n")])


def test_long_names_are_cut_in_messages() -> None:
    """A name of a megabyte does not make a message of a megabyte."""
    (line,) = unsupported([entry(1, "NEW", "x" * (1 << 20))])
    assert len(line) < 300


def test_a_table_of_contents_is_no_longer_than_any_real_one() -> None:
    """Many strings, each of a fair length, are refused once they are too long together."""
    text = "x" * (1 << 20)
    entries = [entry(number, "FUNCTION", defn=text) for number in range(1, (MAX_TOC_BYTES >> 20) + 2)]
    with at_most(3 * MAX_TOC_BYTES), pytest.raises(CorruptArchive, match="is announced"):
        ArchiveReader(io.BytesIO(glue(header(), entries)))
