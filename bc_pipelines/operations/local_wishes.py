"""What the developer chose for a pull. Only the shape belongs here; asking belongs to the command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bc_pipelines.checks.verdict import Verdict

Old = Literal["keep", "drop"]


@dataclass(frozen=True)
class Login:
    """An account that the developer logs in with.

    Attributes:
        email: its address, which is its user name too.
        password: in plain text, for as long as the pull takes.
    """

    email: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Wishes:
    """What the developer chose.

    Attributes:
        old: what becomes of a database that no pull made; None where nothing was said.
        end_connections: whether connections to the old database may be ended.
        scratch: folder for work files.
        login: a superuser to create in the new database.
        checkout: the site's own folder, whose migrations are compared with the database's.
        judged: is told each check's name and verdict as it falls.
    """

    old: Old | None
    end_connections: bool
    scratch: Path
    login: Login | None = None
    checkout: Path | None = None
    judged: Callable[[str, Verdict], None] = lambda _name, _verdict: None
