"""What is deleted at the end of a move of media, and what is said of it."""

from pathlib import Path

import pytest

from bc_pipelines.media.errors import MediaError
from bc_pipelines.media.folder import Folder
from bc_pipelines.media.ledger import FileLedger
from bc_pipelines.media.plan import Action, Change, Plan
from bc_pipelines.media.rclone import Mover
from bc_pipelines.operations import media_local, media_sync
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.lock import ResetLock
from bc_pipelines.operations.media_local import LocalPlan
from bc_pipelines.operations.media_places import Route
from bc_pipelines.operations.media_sync import MediaPlan
from bc_pipelines.operations.tools import Tools
from bc_pipelines_tests.media.conftest import Pair
from bc_pipelines_tests.media.conftest import addresses as addresses
from bc_pipelines_tests.media.conftest import on_moto as on_moto
from bc_pipelines_tests.postgres import Cluster


def too_much(*keys: str) -> Plan:
    """A plan that deletes some keys and does nothing else."""
    return Plan([Change(Action.DELETE, key, 1, "", "no row of the database names it") for key in keys])


def test_a_file_that_cannot_be_deleted_is_told(on_moto: Pair, tmp_path: Path) -> None:
    """A pull whose deletions fail does not end well: it was asked for, and what is too much is still there."""
    (tmp_path / "media" / "stays" / "below").mkdir(parents=True)
    ledger = FileLedger(tmp_path / "ledger", "a way")
    folder = Folder(tmp_path / "media")
    planned = LocalPlan(too_much("stays"), on_moto.source, folder, (), Mover(), ledger, {})
    with pytest.raises(MediaError, match="stays"):
        media_local.carry_out(planned, deletes=True)


def test_what_came_to_be_named_meanwhile_is_not_deleted(tools: Tools, on_moto: Pair, tmp_path: Path) -> None:
    """An object that nothing named when the plan was made, and that an editor's upload names by now, stays."""
    for key in ("images/rendered-meanwhile.jpg", "images/left-over.jpg"):
        on_moto.put(on_moto.target, key)
    way = Route(on_moto.source, on_moto.target, on_moto.source.name, through_here=False)
    planned = MediaPlan(
        plan=too_much("images/rendered-meanwhile.jpg", "images/left-over.jpg"),
        way=way,
        objections=(),
        absent=(),
        ledger=FileLedger(tmp_path / "ledger", "a way"),
        before={},
        newly_named=lambda: {"images/rendered-meanwhile.jpg"},
    )
    tools.lock.acquire("a-run", "push")
    moved = media_sync.carry_out(tools, planned, None, deletes=True)
    assert moved.deleted == ["images/left-over.jpg"]
    assert on_moto.keys(on_moto.target) == ["images/rendered-meanwhile.jpg"]


def test_a_push_that_lost_the_lock_deletes_nothing(cluster: Cluster, on_moto: Pair, tmp_path: Path) -> None:
    """A long push whose connection broke may have met a reset, so what it was to delete stays."""
    on_moto.put(on_moto.target, "images/a.jpg")
    ledger = FileLedger(tmp_path / "ledger", "a way")
    planned = LocalPlan(too_much("images/a.jpg"), Folder(tmp_path), on_moto.target, (), Mover(), ledger, {})
    lock = ResetLock(cluster.url())
    lock.acquire("a-run", "push")
    cluster.execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")
    with pytest.raises(Refused, match="lock of this reset was lost"):
        media_local.carry_out(planned, deletes=True, before_deleting=lock.assert_held)
    assert on_moto.keys(on_moto.target) == ["images/a.jpg"]
