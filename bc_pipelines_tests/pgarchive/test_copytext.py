"""COPY's text format: values to rows and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.pgarchive import CorruptArchive, copytext

# No zero bytes: PostgreSQL's text cannot hold them.
fields = st.binary(max_size=40).map(lambda value: value.replace(b"\0", b"")) | st.text(
    "\\\b\f\n\r\t\vNx.", max_size=400
).map(str.encode)
values = st.lists(st.none() | fields, min_size=1, max_size=6)


@given(values)
def test_values_survive_a_round_trip(fields: list[bytes | None]) -> None:
    """Any values, NULL included, come back from the row that they were written to."""
    assert copytext.split(copytext.join(fields)) == fields


@given(values)
def test_a_row_is_one_line_and_never_the_end_marker(fields: list[bytes | None]) -> None:
    """Whatever the values, a row holds no line break and cannot be taken for the end of the data."""
    line = copytext.join(fields)
    assert b"\n" not in line
    assert b"\r" not in line
    assert line != copytext.END


@given(values)
def test_raw_fields_are_the_escaped_values(fields: list[bytes | None]) -> None:
    """Splitting without unescaping gives each value's escaped form, and putting them together gives the row back."""
    line = copytext.join(fields)
    assert copytext.raw_fields(line) == [copytext.escape(field) for field in fields]
    assert copytext.raw_line(copytext.raw_fields(line)) == line


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (rb"\N", None),
        (rb"\\N", rb"\N"),
        (rb"\\.", rb"\."),
        (rb"a\tb\nc\rd\\e\bf\fg\vh", b"a\tb\nc\rd\\e\bf\fg\x0bh"),
        (b"", b""),
        ("bell \a, U+2028 \u2028, U+0085 \u0085".encode(), "bell \a, U+2028 \u2028, U+0085 \u0085".encode()),
        (rb"\\\\", rb"\\"),
        (rb"\\n", rb"\n"),
    ],
)
def test_what_postgresql_writes(field: bytes, value: bytes | None) -> None:
    """The escapes that COPY TO writes are read, and written the same way."""
    assert copytext.unescape(field) == value
    assert copytext.escape(value) == field


@pytest.mark.parametrize("field", [rb"\x41", rb"\101", rb"\q", b"tail\\", rb"\Nx", b"\\\xff", b"\\n\0"])
def test_other_escapes_are_refused(field: bytes) -> None:
    """An escape that COPY TO never writes is refused, and the message does not repeat the value."""
    with pytest.raises(CorruptArchive) as caught:
        copytext.split(b"fine\t" + field)
    assert field.decode(errors="replace") not in str(caught.value)
    assert caught.value.__cause__ is None
