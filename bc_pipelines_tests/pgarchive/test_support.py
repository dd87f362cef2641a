"""Which entries are refused, and what a data entry holds."""

import io

import pytest

from bc_pipelines.pgarchive import ArchiveReader, UnsupportedArchive, unsupported
from bc_pipelines.pgarchive.support import table_data
from bc_pipelines.pgarchive.toc import DataState
from bc_pipelines_tests.pgarchive import synthetic


@pytest.mark.parametrize(
    ("copy", "columns", "into"),
    [
        ("COPY public.item (id, name) FROM stdin;\n", ("id", "name"), ("public", "item")),
        ("COPY public.item  FROM stdin;\n", (), ("public", "item")),
        (
            'COPY "Odd, (x)"."a ""b""" ("select", "c, d", "é", ünï) FROM stdin;\n',
            ("select", "c, d", "é", "ünï"),
            ("Odd, (x)", 'a "b"'),
        ),
        ("-- load via partition root public.root\nCOPY public.root (id) FROM stdin;\n", ("id",), ("public", "root")),
    ],
)
def test_copy_statements_are_understood(copy: str, columns: tuple[str, ...], into: tuple[str, str]) -> None:
    """Quoted names, tables without columns and loading through a partition root are understood."""
    table = table_data(synthetic.data_entry(1, "item", copy=copy))
    assert table is not None
    assert (table.schema, table.name, table.columns, table.into) == ("public", "item", columns, into)


@pytest.mark.parametrize(
    "copy",
    [
        "COPY public.item (id) FROM stdin WITH (FORMAT csv);\n",
        "COPY public.item (id) FROM '/etc/passwd';\n",
        "COPY item (id) FROM stdin;\n",
        "COPY public.item (id) FROM stdin;\nDROP TABLE public.item;\n",
        "COPY public.item (lower(id)) FROM stdin;\n",
        "INSERT INTO public.item VALUES (1);\n",
        "",
    ],
)
def test_other_copy_statements_are_refused(copy: str) -> None:
    """A COPY statement of any other form is refused by the table's name instead of being guessed at."""
    entry = synthetic.data_entry(7, "item", copy=copy)
    assert table_data(entry) is None
    (line,) = unsupported([entry])
    assert line == "TABLE DATA public.item (dump id 7): its COPY statement is not understood"


def test_everything_refused_is_named_at_once() -> None:
    """One call lists every refused entry with kind, name, dump id and reason, and nothing that is supported."""
    entries = [
        synthetic.entry(1, "ENCODING", "ENCODING", namespace=None, defn="SET client_encoding = 'LATIN1';\n"),
        synthetic.entry(2, "TABLE", "fine"),
        synthetic.entry(3, "SUBSCRIPTION", "news", namespace=None),
        synthetic.entry(4, "USER MAPPING", "USER MAPPING x", namespace=None),
        synthetic.entry(5, "QUANTUM TABLE", "future"),
        synthetic.data_entry(6, "inserts", copy=None),
        synthetic.entry(7, "BLOBS", "BLOBS", namespace="", had_dumper=True, data_state=DataState.POSITION_NOT_SET),
        synthetic.entry(8, "SEQUENCE SET", "odd", had_dumper=True, data_state=DataState.POSITION_NOT_SET),
        synthetic.entry(9, None, None),  # type: ignore[arg-type]
    ]
    lines = unsupported(entries)
    assert [line.split("(dump id ")[1].split(")")[0] for line in lines] == list("13456789")
    assert lines[2] == "USER MAPPING USER MAPPING x (dump id 4): its options may hold a password"
    assert lines[3] == "QUANTUM TABLE public.future (dump id 5): unknown entry type"
    assert lines[4] == "TABLE DATA public.inserts (dump id 6): no COPY statement: dumped with --inserts?"


def test_no_block_of_a_refused_archive_is_given_out() -> None:
    """The table of contents of a refused archive can be read, its data cannot; the message names every entry."""
    entries = [synthetic.data_entry(1), synthetic.entry(2, "SUBSCRIPTION", "news"), synthetic.entry(3, "NEW", "thing")]
    reader = ArchiveReader(io.BytesIO(synthetic.archive(synthetic.header(), entries, {})))
    assert len(reader.entries) == 3
    with pytest.raises(UnsupportedArchive, match=r"(?s)news.*thing"):
        next(reader.blocks())
