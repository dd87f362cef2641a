"""The places of `bucks archive sanitise`: which are refused, and that both results get there or none."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from bc_pipelines.operations.archive_places import Places
from bc_pipelines.operations.errors import Refused


def test_places_are_looked_at_first(tmp_path: Path) -> None:
    """A folder that is missing, a folder in place of a file, and two results in one place are refused."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    for places, words in (
        (Places(tmp_path / "missing" / "clean.dump"), "There is no folder"),
        (Places(tmp_path / "folder", force=True), "not an ordinary file"),
        (Places(tmp_path / "link", force=True), "not an ordinary file"),
        (Places(tmp_path / "one", tmp_path / "folder" / ".." / "one"), "cannot be both"),
    ):
        with pytest.raises(Refused, match=words):
            places.check()


def drafted(places: Places, stack: ExitStack) -> list[Path]:
    """Both drafts, written."""
    drafts = places.drafts(stack)
    for draft in drafts:
        draft.write_text("new", encoding="utf-8")
    return drafts


@pytest.mark.parametrize("before", [None, "old"])
def test_both_get_there_or_none(tmp_path: Path, before: str | None) -> None:
    """Where the archive cannot be put in its place, the manifest's place is as it was before."""
    places = Places(tmp_path / "clean.dump", tmp_path / "manifest.json", force=True)
    assert places.manifest
    if before:
        places.manifest.write_text(before, encoding="utf-8")
    (places.target / "in the way").mkdir(parents=True)
    with ExitStack() as stack:
        drafts = drafted(places, stack)
        with pytest.raises(IsADirectoryError):
            places.fill(drafts)
    assert [path.read_text() for path in tmp_path.iterdir() if path.is_file()] == ([before] if before else [])


def test_a_manifest_that_cannot_be_placed_stops_both(tmp_path: Path) -> None:
    """Where the manifest cannot be put in its place, the old archive stays."""
    places = Places(tmp_path / "clean.dump", tmp_path / "manifest.json", force=True)
    assert places.manifest
    places.target.write_text("old", encoding="utf-8")
    with ExitStack() as stack:
        drafts = drafted(places, stack)
        drafts[1].unlink()
        with pytest.raises(FileNotFoundError):
            places.fill(drafts)
    assert places.target.read_text(encoding="utf-8") == "old"
    assert not places.manifest.exists()


def test_what_is_there_is_replaced(tmp_path: Path) -> None:
    """Both places get the new files, and no folder of drafts is left."""
    places = Places(tmp_path / "clean.dump", tmp_path / "manifest.json", force=True)
    for file in places.files:
        file.write_text("old", encoding="utf-8")
    with ExitStack() as stack:
        places.fill(drafted(places, stack))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"clean.dump": "new", "manifest.json": "new"}
