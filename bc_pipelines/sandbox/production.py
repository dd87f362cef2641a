"""What production holds: the site's invented content, made by the site itself and kept as a dump for the next time.

The dump and the media beside it are keyed by everything that they depend on. Which of them stands in the database is
written on the database itself, as its comment, so that it cannot disagree with it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bc_pipelines.sandbox import apps, postgres, s3
from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.folder import open_private, private_folder, remove
from bc_pipelines.sandbox.postgres import Cluster
from bc_pipelines.sandbox.processes import base_environment
from bc_pipelines.sandbox.world import BUCKETS, HOST, World

SEED_LIMIT = 1800
"""Seconds that one command of the site may take."""

DATABASE = "production"


def fill(world: World, say: Callable[[str], None]) -> None:
    """Make production hold the content of this world's seed and scale, unless it does.

    Args:
        world: a sandbox whose PostgreSQL and S3 answer.
        say: told what is being done.

    Raises:
        SandboxError: a command of the site, or pg_dump or pg_restore, failed.
    """
    cluster = postgres.clusters(world)[0]
    key = seed_key(world)
    if _filled_with(cluster) == key:
        return
    folder = private_folder(world.root / "production")
    dump, media = folder / f"seed-{key}.dump", folder / f"seed-{key}-media"
    postgres.empty_database(cluster, DATABASE)
    if dump.is_file():
        say("restoring the production that was made before")
        _restore(world, dump)
    else:
        say("making production's database and content (once)")
        _seed(world, media)
        _dump(world, dump)
    if media.is_dir():
        s3.upload(world, media, BUCKETS["production"])
    _mark(cluster, key)


def seed_key(world: World) -> str:
    """Say what production's content depends on.

    Args:
        world: the sandbox's.

    Returns:
        16 hexadecimal digits of a SHA-256 over seed, scale, PostgreSQL's major version and the site's sources.
    """
    digest = hashlib.sha256(f"{world.seed} {world.scale} {world.postgres.major}".encode())
    for path in sorted(apps.SITE.rglob("*.py")):
        digest.update(f"\0{path.relative_to(apps.SITE)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _filled_with(cluster: Cluster) -> str | None:
    with postgres.superuser(cluster) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (DATABASE,)
        ).fetchone()
    return row[0] if row else None


def _mark(cluster: Cluster, key: str) -> None:
    from psycopg import sql

    with postgres.superuser(cluster) as connection:
        comment = sql.SQL("COMMENT ON DATABASE {} IS {}")
        connection.execute(comment.format(sql.Identifier(DATABASE), sql.Literal(key)))


def _seed(world: World, media: Path) -> None:
    remove(media)
    private_folder(media)
    variables = {**apps.config_vars(world, apps.PRODUCTION), "BC_MEDIA_ROOT": str(media)}
    # What a seed cached would outlive the database that it made.
    variables.pop("REDIS_URL", None)
    scale, seed = ("--scale", str(world.scale)), ("--seed", str(world.seed))
    for command in (("migrate", "--no-input"), ("seed", *scale, *seed)):
        _run(world, "seed", (sys.executable, "manage.py", *command), variables)


def _dump(world: World, dump: Path) -> None:
    """Write the dump under another name first: pg_dump leaves an empty file when it fails."""
    partial = dump.with_suffix(".part")
    remove(partial)
    os.close(open_private(partial))
    program = str(world.postgres.bin / "pg_dump")
    options = ("--format=custom", "--no-owner", "--no-privileges", f"--file={partial}")
    _run(world, "production", (program, *options, *_connection(world)), _password(world))
    partial.rename(dump)


def _restore(world: World, dump: Path) -> None:
    program = str(world.postgres.bin / "pg_restore")
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--jobs=2")
    _run(world, "production", (program, *options, *_connection(world), str(dump)), _password(world))


def _connection(world: World) -> tuple[str, ...]:
    port = world.ports["postgres_production"]
    return (f"--host={HOST}", f"--port={port}", f"--username={DATABASE}", f"--dbname={DATABASE}", "--no-password")


def _password(world: World) -> dict[str, str]:
    return {"PGPASSWORD": world.secrets[f"database_{DATABASE}"], "PGSSLMODE": "disable"}


def _run(world: World, log: str, command: tuple[str, ...], variables: Mapping[str, str]) -> None:
    path = world.logs / f"{log}.log"
    output = open_private(path)
    try:
        done = subprocess.run(
            command,
            env={**base_environment(), **variables},
            cwd=apps.SITE,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=SEED_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _not_filled(command, f"was ended after {SEED_LIMIT} s", path) from None
    finally:
        os.close(output)
    if done.returncode != 0:
        raise _not_filled(command, f"ended with {done.returncode}", path)


def _not_filled(command: tuple[str, ...], ending: str, log: Path) -> SandboxError:
    what = " ".join((Path(command[0]).name, *command[1:3]))
    return SandboxError(
        f"Production could not be filled: `{what}` {ending}; what it said is in {log}. "
        "Production's database is not usable. Put the cause right and run `bucks sandbox up` again."
    )
