"""The ledger: what is stored comes back, whatever is damaged counts as absent, and only lines of use are kept."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.media.errors import MediaError
from bc_pipelines.media.ledger import FileLedger, Ledger, ObjectLedger, packed, renewed, unpacked
from bc_pipelines.media.move import Moved
from bc_pipelines.media.plan import Action, Change, Copied, Plan
from bc_pipelines_tests.media.conftest import Pair

LINES = {"a.jpg": Copied(7, "0f", "@1795856314000000000"), 'b"\r\n,c': Copied(1 << 40, "0f-3", "aa")}
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(st.dictionaries(TEXT, st.builds(Copied, st.integers(0), TEXT, TEXT)), TEXT)
def test_what_is_packed_comes_back(lines: dict[str, Copied], between: str) -> None:
    """Any keys, with quotes and line breaks too; and nothing for another source and target."""
    assert unpacked(packed(lines, between), between) == lines
    assert unpacked(packed(lines, between), f"{between}!") == {}


@given(st.integers(0), st.integers(0, 255), st.integers(0))
def test_damage_counts_as_absence(place: int, byte: int, length: int) -> None:
    """Any byte that is changed and any end that is cut off give the same lines or none, never others and no error."""
    data = bytearray(packed(LINES, "here"))
    data[place % len(data)] = byte
    assert unpacked(bytes(data), "here") in ({}, LINES)
    assert unpacked(packed(LINES, "here")[: length % len(data)], "here") == {}


def test_a_file_keeps_a_ledger(tmp_path: Path) -> None:
    """A file that is not there has no lines; what is stored replaces all others and leaves nothing else behind."""
    ledger: Ledger = FileLedger(tmp_path / "state" / "ledger.gz", "here")
    assert not ledger.load()
    ledger.store(LINES)
    ledger.store({"a.jpg": LINES["a.jpg"]})
    assert ledger.load() == {"a.jpg": LINES["a.jpg"]}
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["ledger.gz"]
    assert (tmp_path / "state" / "ledger.gz").stat().st_mode & 0o77 == 0
    (tmp_path / "state" / "ledger.gz").write_bytes(b"nonsense")
    assert not ledger.load()


def test_an_object_keeps_a_ledger(pair: Pair) -> None:
    """The same in a bucket; unreadable, it has no lines; where it cannot be written, that is an error."""
    ledger: Ledger = ObjectLedger(pair.target, "ledgers/staging.gz", "here")
    assert not ledger.load()
    ledger.store(LINES)
    assert ledger.load() == LINES
    pair.put(pair.target, "ledgers/staging.gz", packed(LINES, "here")[:-9])
    assert not ledger.load()
    pair.target.client.delete_object(Bucket=pair.target.name, Key="ledgers/staging.gz")
    pair.target.client.delete_bucket(Bucket=pair.target.name)
    assert not ledger.load()
    with pytest.raises(MediaError, match="Could not write the ledger"):
        ledger.store(LINES)


def test_lines_are_renewed_by_what_was_done() -> None:
    """New lines for what was copied or recognised, none for what failed or was deleted, none where ETags agree."""
    before = {key: Copied(1, "old", "@1") for key in ("kept", "copied", "failed", "deleted")}
    actions = {"copied": Action.REPLACE, "failed": Action.REPLACE, "same": Action.COPY, "deleted": Action.DELETE}
    plan = Plan(changes=[Change(action, key, 1, "new", "") for key, action in actions.items()])
    plan.recognised["found"] = Copied(1, "old", "@2")
    moved = Moved(copied={"copied": Copied(1, "new", "@3"), "same": Copied(1, "new", "new")}, failed={"failed": "403"})
    assert renewed(before, plan, moved) == {
        "kept": Copied(1, "old", "@1"),
        "found": Copied(1, "old", "@2"),
        "copied": Copied(1, "new", "@3"),
    }
