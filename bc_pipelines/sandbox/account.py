"""The ordinary user that PostgreSQL runs as where the sandbox itself is run by root.

PostgreSQL refuses to run as root. Does not belong here: anything about PostgreSQL itself.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bc_pipelines.sandbox.errors import SandboxError


@dataclass(frozen=True)
class Account:
    """An unprivileged user, or the present one.

    Attributes:
        uid: user id, or None to stay who we are.
        gid: its group, or None likewise.
    """

    uid: int | None = None
    gid: int | None = None

    def groups(self) -> Sequence[int] | None:
        """Give the supplementary groups for `subprocess`: none at all for another user."""
        return None if self.uid is None else ()

    def run(self, command: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a program as this user and collect what it prints.

        Args:
            command: the program and its arguments; no secrets.
            environment: its whole environment.

        Returns:
            The result, whatever the exit code; both outputs are in `stdout`.
        """
        return subprocess.run(
            command,
            user=self.uid,
            group=self.gid,
            extra_groups=self.groups(),
            env=environment,
            # The present folder may be one that this user cannot enter.
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def can_enter(self, folder: Path) -> bool:
        """Say whether this user can get to a folder through all its parents."""
        if self.uid is None:
            return True
        return self.run(["test", "-x", str(folder)], {"PATH": os.defpath}).returncode == 0

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def unprivileged() -> Account:
    """Choose who PostgreSQL runs as.

    Returns:
        `nobody` if we are root, otherwise ourselves.

    Raises:
        SandboxError: we are root and there is no user `nobody`.
    """
    if os.geteuid() != 0:
        return Account()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise SandboxError(
            "PostgreSQL does not run as root and this machine has no user `nobody`. "
            "Nothing was changed; run this as an ordinary user."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)
