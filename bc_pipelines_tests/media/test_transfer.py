"""Media between a bucket and a folder, on two real servers: what arrives, what is noticed, what is never done."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bc_pipelines.media.errors import MediaError, Refused
from bc_pipelines.media.fit import Fitting, in_the_way
from bc_pipelines.media.folder import Folder, Walk
from bc_pipelines.media.guard import Limits, insist, objections
from bc_pipelines.media.listing import listing
from bc_pipelines.media.move import Moved, delete
from bc_pipelines.media.plan import Action, Change, Copied, Plan, make_plan
from bc_pipelines.media.rclone import Keys, Mover
from bc_pipelines.media.transfer import clear, content_type, pull, push, sweep
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.conftest import Pair
from bc_pipelines_tests.media.test_contract import ODD

MOVER = Mover(Keys(servers.ACCESS_KEY, servers.SECRET_KEY))
KEYS = ("documents/a b.pdf", "images/\u6c34.jpg", "images/100%.jpg", "original_images/caf\u00e9.jpg", "#;[x].png")


def plan_of_pull(pair: Pair, folder: Folder, ledger: Mapping[str, Copied] | None = None) -> Plan:
    """What a pull would do now."""
    return make_plan(listing(pair.source), Walk(folder), ledger=ledger, has_bytes_of=folder.has_bytes_of)


def plan_of_push(pair: Pair, folder: Folder) -> Plan:
    """What a push would do now."""
    return make_plan(Walk(folder), listing(pair.target), has_bytes_of=folder.has_bytes_of)


def pulled(pair: Pair, folder: Folder, mover: Mover = MOVER) -> Moved:
    """Make the folder what the source is."""
    plan = plan_of_pull(pair, folder)
    return clear(plan, folder, pull(plan, pair.source, folder, mover))


def files(folder: Folder) -> dict[str, bytes]:
    """Everything in a folder, its temporary files too."""
    return {
        path.relative_to(folder.path).as_posix(): path.read_bytes()
        for path in folder.path.rglob("*")
        if not path.is_dir()
    }


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder that is not there yet."""
    return Folder(tmp_path / "media")


def test_a_bucket_arrives_in_a_folder_and_a_second_run_does_nothing(pair: Pair, folder: Folder) -> None:
    """Every object is there to the byte; with the ledger of the first run, the second reads no file's bytes."""
    for key in KEYS:
        pair.put(pair.source, key, key.encode())
    moved = pulled(pair, folder)
    assert files(folder) == {key: key.encode() for key in KEYS}
    assert moved.bytes_copied == sum(len(key.encode()) for key in KEYS)
    assert not plan_of_pull(pair, folder).changes
    known = make_plan(listing(pair.source), Walk(folder), ledger=moved.copied)
    assert (known.kept, known.changes, known.recognised) == (len(KEYS), [], {})


def test_edited_and_deleted_files_are_put_right(pair: Pair, folder: Folder) -> None:
    """A file of the same size with other bytes is replaced; what the source lost goes, and its empty folder too."""
    pair.put(pair.source, "images/a.jpg", b"ours!")
    pulled(pair, folder)
    folder.file("images/a.jpg").write_bytes(b"other")
    folder.file("old/er").mkdir(parents=True)
    folder.file("old/er/b.jpg").write_bytes(b"gone")
    moved = pulled(pair, folder)
    assert moved.deleted == ["old/er/b.jpg"]
    assert files(folder) == {"images/a.jpg": b"ours!"}
    assert [path.name for path in folder.path.iterdir()] == ["images"]


def test_a_folder_goes_to_a_bucket_with_the_right_types(pair: Pair, folder: Folder) -> None:
    """Each object has its name's content type, and nothing of the bucket is deleted; a second run does nothing."""
    pair.put(pair.target, "stays.jpg")
    names = {
        "a.JPG": "image/jpeg",
        "b.webp": "image/webp",
        "c.csv": "text/csv",
        "d/e.docx": "",
        "f": "",
        "g.svg.gz": "",
    }
    for name in names:
        folder.file(name).parent.mkdir(parents=True, exist_ok=True)
        folder.file(name).write_bytes(name.encode())
    moved = push(plan_of_push(pair, folder), folder, pair.target, MOVER)
    moved.insist()
    assert pair.keys(pair.target) == [*sorted(names), "stays.jpg"]
    for name, kind in names.items():
        head = pair.target.client.head_object(Bucket=pair.target.name, Key=name)
        assert head["ContentType"] == content_type(name)
        assert kind in ("", head["ContentType"])
        assert pair.body(pair.target, name) == name.encode()
    again = make_plan(Walk(folder), listing(pair.target), ledger=moved.copied)
    assert ({change.action for change in again.changes}, again.kept) == ({Action.DELETE}, len(names))
    assert delete(again, pair.target, Moved()).deleted == ["stays.jpg"]


def test_an_object_that_vanished_is_noticed(pair: Pair, folder: Folder) -> None:
    """The mover ends with success when a name is missing; the run does not, and nothing is deleted."""
    pair.put(pair.source, "a.jpg")
    pair.put(pair.source, "gone.jpg")
    folder.path.mkdir()
    folder.file("old.jpg").write_bytes(b"stays")
    plan = plan_of_pull(pair, folder)
    pair.source.client.delete_object(Bucket=pair.source.name, Key="gone.jpg")
    moved = pull(plan, pair.source, folder, MOVER)
    assert (list(moved.copied), moved.changed, moved.failed) == (["a.jpg"], ["gone.jpg"], {})
    with pytest.raises(MediaError, match=r"gone\.jpg"):
        clear(plan, folder, moved)
    assert sorted(files(folder)) == ["a.jpg", "old.jpg"]
    assert pulled(pair, folder).deleted == ["old.jpg"]


def test_an_object_that_grew_is_noticed(pair: Pair, folder: Folder) -> None:
    """What arrives with another size than was listed counts as changed; a second run sees that it is right."""
    pair.put(pair.source, "a.jpg", b"short")
    plan = plan_of_pull(pair, folder)
    pair.put(pair.source, "a.jpg", b"much longer")
    assert pull(plan, pair.source, folder, MOVER).changed == ["a.jpg"]
    assert pulled(pair, folder).clean
    assert files(folder) == {"a.jpg": b"much longer"}


def test_a_file_that_changes_while_it_is_pushed_is_noticed(pair: Pair, folder: Folder) -> None:
    """A file that was edited or removed after it was listed counts as changed; a second run sends what is there."""
    folder.path.mkdir()
    folder.file("a.jpg").write_bytes(b"first")
    folder.file("b.jpg").write_bytes(b"first")
    plan = plan_of_push(pair, folder)
    folder.file("a.jpg").write_bytes(b"later")
    folder.file("b.jpg").unlink()
    moved = push(plan, folder, pair.target, MOVER)
    assert (moved.changed, moved.copied) == (["a.jpg", "b.jpg"], {})
    push(plan_of_push(pair, folder), folder, pair.target, MOVER).insist()
    assert pair.body(pair.target, "a.jpg") == b"later"


def test_a_link_inside_is_pushed_as_the_file_that_it_leads_to(pair: Pair, folder: Folder) -> None:
    """A link to a file of the folder becomes an object with that file's bytes."""
    folder.path.mkdir()
    folder.file("a.jpg").write_bytes(b"picture")
    folder.file("b.jpg").symlink_to("a.jpg")
    push(plan_of_push(pair, folder), folder, pair.target, MOVER).insist()
    assert pair.body(pair.target, "b.jpg") == b"picture"


def test_a_pull_replaces_a_link_and_never_writes_through_it(pair: Pair, folder: Folder, tmp_path: Path) -> None:
    """Where the folder has a link out of it, the object takes the link's place and what it led to is untouched."""
    pair.put(pair.source, "a.jpg")
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    folder.path.mkdir()
    folder.file("a.jpg").symlink_to(outside)
    pulled(pair, folder)
    assert not folder.file("a.jpg").is_symlink()
    assert outside.read_bytes() == b"precious"


def test_a_wrong_secret_moves_nothing_and_is_not_shown(on_rclone: Pair, folder: Folder) -> None:
    """Keys that the server does not take are a failure with S3's word for it."""
    pair, wrong = on_rclone, Mover(Keys(servers.ACCESS_KEY, "not-the-secret"))
    pair.put(pair.source, "a.jpg")
    moved = pull(plan_of_pull(pair, folder), pair.source, folder, wrong)
    with pytest.raises(MediaError, match=r"a\.jpg (Forbidden|SignatureDoesNotMatch)"):
        moved.insist()
    assert "not-the-secret" not in repr(wrong)
    folder.file("b.jpg").write_bytes(b"picture")
    moved = push(plan_of_push(pair, folder), folder, pair.target, wrong)
    assert moved.failed == {"b.jpg": "SignatureDoesNotMatch"}
    assert not pair.keys(pair.target)


def test_keys_are_in_no_argument(pair: Pair, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on rclone's command line everybody on the machine can read; neither key is."""
    seen: list[str] = []
    popen = subprocess.Popen

    def noted(command: list[object], **how: object) -> object:
        seen.extend(map(str, command))
        return popen(command, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", noted)
    pair.put(pair.source, "a.jpg")
    pulled(pair, folder).insist()
    assert seen
    assert not [part for part in seen if servers.SECRET_KEY in part or servers.ACCESS_KEY in part]


def test_odd_keys_are_refused_by_name_or_left_out_and_all_others_arrive(on_moto: Pair, folder: Folder) -> None:
    """Nothing is written while a key does not fit; without those keys everything else arrives under its own name."""
    for key in ODD:
        on_moto.put(on_moto.source, key, key.encode())
    fitting = Fitting(listing(on_moto.source))
    plan = make_plan(fitting, Walk(folder))
    unfit = {**fitting.unfit, **fitting.twins, **in_the_way(plan, folder)}
    found = objections(plan, on_moto.source, folder, "production", limits=Limits(), deletes=True, unfit=unfit)
    with pytest.raises(Refused, match=r"'/lead\.jpg' \(begins with a slash\)"):
        insist(found)
    without = make_plan(listing(on_moto.source), Walk(folder), left_out=unfit)
    pull(without, on_moto.source, folder, MOVER).insist()
    assert files(folder) == {key: key.encode() for key in ODD if key not in unfit}
    assert "tab\t.jpg" in files(folder)
    assert without.left_out == sorted(unfit)


@contextmanager
def a_small_disk(size: int) -> Iterator[None]:
    """Let no file grow larger, for this process and its children, as a full disk would not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_no_half_file_and_a_second_run_goes_on(pair: Pair, folder: Folder) -> None:
    """What fits stays, what does not is named, nothing of it is left, and with more room the rest arrives."""
    pair.put(pair.source, "large.jpg", bytes(300_000))
    pair.put(pair.source, "small.jpg")
    with a_small_disk(200_000):
        moved = pull(plan_of_pull(pair, folder), pair.source, folder, MOVER)
    assert (list(moved.copied), moved.failed) == (["small.jpg"], {"large.jpg": "file too large"})
    assert list(files(folder)) == ["small.jpg"]
    assert list(pulled(pair, folder).copied) == ["large.jpg"]


def test_a_server_that_is_gone_is_an_error(pair: Pair, folder: Folder) -> None:
    """A connection that cannot be made fails every file, and nothing is deleted."""
    pair.put(pair.source, "a.jpg")
    plan = plan_of_pull(pair, folder)
    plan.changes.append(Change(Action.DELETE, "old.jpg", 1, "", ""))
    folder.path.mkdir()
    folder.file("old.jpg").write_bytes(b"stays")
    nowhere = replace(pair.source, client=servers.nowhere())
    moved = pull(plan, nowhere, folder, replace(MOVER, tries=1))
    assert list(moved.failed) == ["a.jpg"]
    with pytest.raises(MediaError):
        clear(plan, folder, moved)
    assert list(files(folder)) == ["old.jpg"]


def test_progress_adds_up(pair: Pair, folder: Folder) -> None:
    """The last word of a download is all files and all bytes."""
    pair.put(pair.source, "a.jpg", bytes(70_000))
    pair.put(pair.source, "b.jpg", bytes(30_000))
    told: list[tuple[int, int]] = []
    pull(plan_of_pull(pair, folder), pair.source, folder, MOVER, lambda *done: told.append(done))
    assert told[-1] == (2, 100_000)
    assert told == sorted(told)


def test_leftovers_are_swept_away(folder: Folder) -> None:
    """Half-downloaded files of a run that was killed go, and nothing else."""
    folder.path.mkdir()
    for name in ("a.jpg.82c8a0b6.bucks-12ab", "a.jpg", "b.partial"):
        folder.file(name).write_bytes(b"")
    assert sweep(folder) == 1
    assert sorted(files(folder)) == ["a.jpg", "b.partial"]


def test_an_error_ends_the_program(pair: Pair, folder: Folder) -> None:
    """When the caller gives up, as at Ctrl-C, rclone is ended with it, and only temporary names are left."""
    pair.put(pair.source, "a.jpg", bytes(3_000_000))

    def give_up(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(plan_of_pull(pair, folder), pair.source, folder, replace(MOVER, bandwidth="500k"), give_up)
    assert "a.jpg" not in files(folder)
    assert list(pulled(pair, folder).copied) == ["a.jpg"]
    assert list(files(folder)) == ["a.jpg"]


def test_no_keys_at_all_is_said(pair: Pair, folder: Folder) -> None:
    """Where neither the caller nor boto3's usual places have keys, the message says so and nothing is started."""
    program = (
        "from pathlib import Path; from bc_pipelines.media import rclone, bucket\n"
        "b = bucket.Bucket('b', bucket.client('a', 'b', region='eu-west-2'))\n"
        "rclone.run('media:b', '.', ['a'], b, rclone.Mover())"
    )
    variables = {"PATH": os.defpath, "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(folder.path)}
    done = subprocess.run((sys.executable, "-c", program), env=variables, capture_output=True, text=True, check=False)
    assert "There are no keys for the bucket" in done.stderr
