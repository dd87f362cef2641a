"""The root folder: whose it is, and who may change it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from bc_pipelines.sandbox import folder
from bc_pipelines.sandbox.errors import SandboxError


def mode(path: Path) -> int:
    """Give the permission bits of a path."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    """Nobody else can look into a new root; as root, others may only pass through."""
    folder.claim(tmp_path / "a" / "b")
    assert mode(tmp_path / "a" / "b") == (0o711 if os.geteuid() == 0 else 0o700)


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A folder with files but no world.json is not a sandbox's."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SandboxError, match=r"holds files but no world\.json"):
        folder.claim(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_refused(tmp_path: Path) -> None:
    """A root that is a file is refused."""
    (tmp_path / "file").touch()
    with pytest.raises(SandboxError, match="not a folder"):
        folder.claim(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that belongs to another user")
def test_another_users_folder_is_refused(tmp_path: Path) -> None:
    """A sandbox belongs to the user who made it, even for root."""
    (tmp_path / "root").mkdir()
    os.chown(tmp_path / "root", 65534, 65534)
    with pytest.raises(SandboxError, match="another user"):
        folder.claim(tmp_path / "root")


def test_two_commands_take_turns(tmp_path: Path) -> None:
    """While one command holds a sandbox, another waits, and then gives up with words."""
    with (
        folder.locked(tmp_path),
        pytest.raises(SandboxError, match="Another command"),
        folder.locked(tmp_path, seconds=0.2),
    ):
        pass
    with folder.locked(tmp_path, seconds=0.2):
        pass


def test_private_files_are_private_from_the_first_byte(tmp_path: Path) -> None:
    """A file is replaced whole, with mode 0600 whatever the umask."""
    before = os.umask(0)
    try:
        folder.write_private(tmp_path / "secret", "one")
        folder.write_private(tmp_path / "secret", "two")
    finally:
        os.umask(before)
    assert (tmp_path / "secret").read_text() == "two"
    assert mode(tmp_path / "secret") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_removing_never_follows_a_link(tmp_path: Path) -> None:
    """A link is removed, and what it leads to stays."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    folder.remove(tmp_path / "link")
    folder.remove(tmp_path / "never there")
    assert (tmp_path / "kept" / "file").exists()
    assert not (tmp_path / "link").is_symlink()


def test_the_default_root_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BC_SANDBOX names the root; without it, it stands in the checkout."""
    monkeypatch.setenv("BC_SANDBOX", str(tmp_path))
    assert folder.default_root() == tmp_path.resolve()
    monkeypatch.delenv("BC_SANDBOX")
    assert folder.default_root().name == ".sandbox"
