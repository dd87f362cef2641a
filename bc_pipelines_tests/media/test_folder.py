"""A folder as a listing: its order, what is refused, when a file is the same as an object, and what fits into it."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.media.errors import MediaError, Refused
from bc_pipelines.media.fit import Fitting, in_the_way
from bc_pipelines.media.folder import PART, Folder, Walk
from bc_pipelines.media.guard import Limits, insist, objections
from bc_pipelines.media.listing import Item
from bc_pipelines.media.plan import Action, Change, Copied, Plan, make_plan

LONG_AGO = datetime(2026, 11, 2, tzinfo=UTC)
LATER = datetime(2036, 11, 2, tzinfo=UTC)


def write(folder: Path, *keys: str, body: bytes = b"picture") -> None:
    """Write files."""
    for key in keys:
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(body)


def md5(body: bytes) -> str:
    """As S3 does."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def items(*keys: str) -> list[Item]:
    """A listing in S3's order."""
    return [Item(key, 7, md5(b"picture"), LONG_AGO) for key in sorted(keys, key=str.encode)]


def test_files_come_in_the_order_of_keys(tmp_path: Path) -> None:
    """A folder stands among files where its keys do, at every depth, and letters beyond ASCII go by their bytes."""
    keys = [
        "a.jpg",
        "a/b.jpg",
        "a/b/c.jpg",
        "a0.jpg",
        "a-1/x",
        "A.jpg",
        "caf\u00e9/1",
        "cafe/1",
        "\U0001f600",
        "\uff5e",
    ]
    write(tmp_path, *keys)
    (tmp_path / "empty").mkdir()
    listed = list(Walk(Folder(tmp_path)))
    assert [item.key for item in listed] == sorted(keys, key=str.encode)
    assert {(item.size, item.is_file) for item in listed} == {(7, True)}


def test_a_prefix_is_all_that_is_looked_at(tmp_path: Path) -> None:
    """Only keys with the prefix are listed, and folders that cannot have any are not even opened."""
    write(tmp_path, "original_images/a.jpg", "original_images_old/a.jpg", "images/b.jpg")
    (tmp_path / "images" / "loop").symlink_to(tmp_path)
    walk = Walk(Folder(tmp_path, "original_images/"))
    assert [item.key for item in walk] == ["original_images/a.jpg"]
    assert not walk.refused


def test_links_inside_count_and_links_out_are_named(tmp_path: Path) -> None:
    """A link to a file of the folder is that file; every other link, and what is no file, is named."""
    folder = tmp_path / "media"
    write(folder, "a/b.jpg")
    write(tmp_path, "secret.txt")
    (folder / "inside.jpg").symlink_to("a/b.jpg")
    (folder / "out.jpg").symlink_to(tmp_path / "secret.txt")
    (folder / "up").symlink_to(tmp_path)
    (folder / "folder").symlink_to("a")
    (folder / "broken.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(folder / "pipe")
    (folder / os.fsdecode(b"\xff.jpg")).write_bytes(b"")
    (folder / "line\nbreak.jpg").write_bytes(b"")
    walk = Walk(Folder(folder))
    assert [item.key for item in walk] == ["a/b.jpg", "inside.jpg"]
    assert walk.refused == {
        "out.jpg": "a link out of the folder",
        "up": "a link out of the folder",
        "folder": "a link to a folder",
        "broken.jpg": "a link to nothing",
        "pipe": "no file",
        "\\xff.jpg": "not UTF-8",
        "line\nbreak.jpg": "a control character",
    }
    found = objections(
        Plan(source_count=1),
        walk.folder,
        Folder(tmp_path / "other"),
        "production",
        limits=Limits(),
        deletes=False,
        unfit=walk.refused,
    )
    with pytest.raises(Refused, match=r"'out\.jpg' \(a link out of the folder\)"):
        insist(found)


def test_a_folder_that_is_not_there_is_empty_and_a_file_is_an_error(tmp_path: Path) -> None:
    """A first pull makes the folder; what cannot be read is unknown, never absent."""
    assert not list(Walk(Folder(tmp_path / "none")))
    write(tmp_path, "file")
    with pytest.raises(MediaError, match="Nothing was copied"):
        list(Walk(Folder(tmp_path / "file")))


def test_what_is_half_downloaded_is_no_part_of_the_folder(tmp_path: Path) -> None:
    """The temporary names of a download that was broken off are never listed, and so never pushed."""
    write(tmp_path, "a.jpg.82c8a0b6.bucks-12ab", "a.jpg")
    assert [item.key for item in Walk(Folder(tmp_path))] == ["a.jpg"]


@pytest.mark.parametrize(
    ("etag", "modified", "reason"),
    [
        (md5(b"picture"), LATER, ""),
        (md5(b"another"), LONG_AGO, "other bytes"),
        (f"{md5(hashlib.md5(b'picture', usedforsecurity=False).digest())}-1", LATER, ""),
        (f"{'0' * 32}-1", LATER, "older than here"),
        (f"{'0' * 32}-1", LONG_AGO, ""),
        (f"{'0' * 32}-3", LATER, "older than here"),
    ],
)
def test_a_file_is_the_same_by_its_bytes_or_else_by_its_time(
    tmp_path: Path, etag: str, modified: datetime, reason: str
) -> None:
    """One part: the bytes decide. Several parts of boto3's size: a match decides. Else the time does."""
    write(tmp_path, "a.jpg")
    folder = Folder(tmp_path)
    plan = make_plan([Item("a.jpg", 7, etag, modified)], Walk(folder), has_bytes_of=folder.has_bytes_of)
    assert [change.reason for change in plan.changes] == ([reason] if reason else [])
    assert list(plan.recognised) == ([] if reason else ["a.jpg"])


def test_parts_are_taken_together_as_boto3_does(tmp_path: Path) -> None:
    """The ETag of an upload in two parts of eight megabytes is worked out from the file."""
    body = bytes(PART) + b"the rest"
    write(tmp_path, "film.mp4", body=body)
    etag = (
        md5(b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in (body[:PART], body[PART:]))) + "-2"
    )
    folder = Folder(tmp_path)
    assert folder.has_bytes_of(next(iter(Walk(folder))), etag) is True


def test_bytes_are_read_only_where_there_is_a_doubt(tmp_path: Path) -> None:
    """Another size, or a line of the ledger that matches both sides, decides unread; an edit undoes the line."""
    write(tmp_path, "known.jpg", "larger.jpg", "edited.jpg")
    source = [Item(key, 7, md5(b"picture"), LONG_AGO) for key in ("edited.jpg", "known.jpg")]
    source.append(Item("larger.jpg", 8, md5(b"pictures"), LONG_AGO))
    stamps = {item.key: item.etag for item in Walk(Folder(tmp_path))}
    ledger = {key: Copied(7, md5(b"picture"), stamps[key]) for key in ("edited.jpg", "known.jpg")}
    before = (tmp_path / "edited.jpg").stat()
    write(tmp_path, "edited.jpg", body=b"EDITED!")
    os.utime(tmp_path / "edited.jpg", ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    read: list[str] = []

    def has_bytes_of(item: Item, etag: str) -> bool | None:
        read.append(item.key)
        return Folder(tmp_path).has_bytes_of(item, etag)

    plan = make_plan(source, Walk(Folder(tmp_path)), ledger=ledger, has_bytes_of=has_bytes_of)
    assert read == ["edited.jpg"]
    assert {change.key: change.reason for change in plan.changes} == {
        "edited.jpg": "other bytes",
        "larger.jpg": "7 bytes there, 8 here",
    }


def test_a_file_that_is_pushed_is_compared_in_the_same_way(tmp_path: Path) -> None:
    """With the folder as the source, a file whose bytes the bucket has stays, and one that was edited goes."""
    write(tmp_path, "same.jpg", "edited.jpg")
    target = [Item(key, 7, md5(body), LATER) for key, body in (("edited.jpg", b"another"), ("same.jpg", b"picture"))]
    folder = Folder(tmp_path)
    plan = make_plan(Walk(folder), target, has_bytes_of=folder.has_bytes_of)
    assert [(change.action, change.key) for change in plan.changes] == [(Action.REPLACE, "edited.jpg")]
    assert plan.changes[0].etag.startswith("@")


UNFIT = {
    "/lead.jpg": "begins with a slash",
    "a//b.jpg": "two slashes",
    "dir/": "ends with a slash",
    "./dot.jpg": "a segment of dots",
    "p/../q.jpg": "a segment of dots",
    "new\nline.jpg": "a line break or NUL",
    "k" * 256: "a segment longer than 255 bytes",
    "file/below.jpg": "file is a key too",
    "a.82c8a0b6.bucks-12ab": "a name of half-downloaded files",
}
TWINS = ("A.JPG", "a.jpg", "caf\u00e9.jpg", "cafe\u0301.jpg", "stra\u00dfe", "STRASSE")
FIT = ("b c.jpg", "tab\t.jpg", "100%.jpg", "\u6c34.jpg", "file", "file.jpg", "file-1", "k" * 255, "...", "..a", "a./b")


def test_keys_that_a_folder_cannot_hold_are_named() -> None:
    """Each is named with its reason, and every item passes all the same; keys left out need not fit."""
    fitting = Fitting(items(*UNFIT, *TWINS, *FIT))
    assert len(list(fitting)) == len(UNFIT) + len(TWINS) + len(FIT)
    assert fitting.unfit == UNFIT
    assert sorted(fitting.twins) == sorted(("a.jpg", "caf\u00e9.jpg", "stra\u00dfe"))
    without = Fitting(items(*UNFIT, *TWINS, *FIT), frozenset((*UNFIT, *fitting.twins)))
    assert len(list(without)) == len(UNFIT) + len(TWINS) + len(FIT)
    assert not without.unfit
    assert not without.twins


def test_what_is_left_out_by_name_is_neither_copied_nor_deleted() -> None:
    """The plan says which keys it left out, on either side."""
    plan = make_plan(items("a//b", "a.jpg", "c"), items("c", "d"), left_out=frozenset(("a//b", "d")))
    assert [change.key for change in plan.changes] == ["a.jpg"]
    assert plan.left_out == ["a//b", "d"]


SEGMENTS = st.text(st.characters(codec="utf-8", exclude_characters="/\n\0"), min_size=1, max_size=3)


@given(st.sets(st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join), max_size=8))
def test_what_is_said_to_fit_does(tmp_path_factory: pytest.TempPathFactory, keys: set[str]) -> None:
    """Any keys that are not named can be written, and come back as they were, in the same order."""
    fitting = Fitting(items(*keys))
    fit = [item.key for item in fitting]
    fit = [key for key in fit if key not in fitting.unfit]
    folder = tmp_path_factory.mktemp("folder")
    write(folder, *fit)
    walk = Walk(Folder(folder))
    listed = [item.key for item in walk]
    assert listed == [key for key in fit if key not in walk.refused]


def test_what_stands_in_the_way_is_named(tmp_path: Path) -> None:
    """A file where a folder must be, a folder where a file must be, and a link through which files would leave."""
    write(tmp_path / "media", "file", "folder/x.jpg")
    (tmp_path / "media" / "link").symlink_to(tmp_path)
    (tmp_path / "media" / "own.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    keys = ("file/a.jpg", "folder", "link/deep/a.jpg", "new/a.jpg", "own.jpg")
    plan = Plan(changes=[Change(Action.COPY, key, 1, "", "") for key in keys])
    assert in_the_way(plan, Folder(tmp_path / "media")) == {
        "file/a.jpg": "file is a file; remove it",
        "folder": "a folder has that name; remove it",
        "link/deep/a.jpg": "link is a link; put a folder in its place",
    }


def test_a_file_that_cannot_be_read_ends_the_plan(tmp_path: Path) -> None:
    """A file that vanished between listing and reading is an error that names it."""
    folder = Folder(tmp_path)
    with pytest.raises(MediaError, match=r"gone\.jpg"):
        folder.has_bytes_of(Item("gone.jpg", 1, "@1", LONG_AGO + timedelta(1)), md5(b""))
