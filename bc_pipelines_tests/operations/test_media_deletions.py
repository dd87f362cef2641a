"""What is deleted at the end of a move of media, and what is said of it."""

from pathlib import Path

import pytest

from bc_pipelines.media.errors import MediaError
from bc_pipelines.media.folder import Folder
from bc_pipelines.media.ledger import FileLedger
from bc_pipelines.media.plan import Action, Change, Plan
from bc_pipelines.media.rclone import Mover
from bc_pipelines.operations import media_local
from bc_pipelines.operations.media_local import LocalPlan
from bc_pipelines_tests.media.conftest import Pair
from bc_pipelines_tests.media.conftest import addresses as addresses
from bc_pipelines_tests.media.conftest import on_moto as on_moto


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
