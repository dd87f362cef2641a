"""A sanitised and proven archive for a local database, and where it comes from.

Belongs here: the shape that a file, Heroku and the archive store are all brought into. Does not belong here: opening
any of them (see `local_source` and `local_archive`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bc_pipelines.operations.archives import Watch


@dataclass(frozen=True)
class Copy:
    """A sanitised and proven archive on this machine, with what its checks must know.

    Attributes:
        path: the file.
        sha256: its digest, in hexadecimal.
        manifest: the sanitiser's, as JSON has it.
        mail_sink: the address that every form in it mails to.
        view_restriction_password: what private pages in it ask for.
    """

    path: Path
    sha256: str
    manifest: Mapping[str, Any]
    mail_sink: str
    view_restriction_password: str = field(repr=False)


@dataclass(frozen=True)
class Origin:
    """Where a copy comes from; nothing is read before it is fetched.

    Attributes:
        environment: whose data it is.
        backup: Heroku's name of the backup, or the file.
        made: when the backup was finished, in ISO 8601; empty where only the archive itself says so.
        told: what the developer must know before anything is read, in a sentence.
        fetch: puts it into a private folder, telling how far that is.
    """

    environment: str
    backup: str
    made: str
    told: str
    fetch: Callable[[Path, Watch], Copy]
