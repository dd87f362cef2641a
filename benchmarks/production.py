"""A believable production in a throw-away cluster, and dumps of it through a pipe, as Heroku makes them.

The site's own migrations and seed make everything but the bulk, which is page revisions, as on a real site. The seed
makes a few of every kind of people, and SQL repeats them, so that there is enough to search for.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import psycopg

from bc_pipelines_tests.postgres import Cluster
from benchmarks.crowd import Crowd
from benchmarks.history import REVISIONS_A_PAGE, History

CHECKOUT = Path(__file__).resolve().parents[1]
REVISIONS = 900
"""Revisions that one step of the scale adds: 10 MB of JSON."""
SUBMISSIONS, ALERTS, ACCOUNTS = 3_000, 2_000, 50

DATABASE = "production"
_SITE = CHECKOUT / "bc_pipelines" / "sandbox" / "site"
_TOOL_SECONDS = 3600

_REVISIONS = """
    COPY wagtailcore_revision
        (created_at, object_id, object_str, content, content_type_id, base_content_type_id) FROM STDIN"""
_LOG_ENTRIES = """
    INSERT INTO wagtailcore_pagelogentry
        (label, action, data, timestamp, content_changed, deleted, content_type_id, page_id, revision_id, uuid)
    SELECT object_str, 'wagtail.edit', '{"comment": {"text": "Asked for by letter."}}', created_at, true, false,
        content_type_id, object_id::int, id, gen_random_uuid()
    FROM wagtailcore_revision WHERE id > %s"""


class Production:
    """The database of a production site.

    Args:
        cluster: a running server, on which it is made.
        largest: how large it will grow: how many times ``REVISIONS`` and the others.
        media: an empty folder for the seed's files.
    """

    def __init__(self, cluster: Cluster, largest: int, media: Path) -> None:
        self.revisions = 0
        self._cluster = cluster
        cluster.create_database(DATABASE)
        self._manage(media, "migrate", "--no-input")
        self._manage(media, "seed")
        pages = max(2, REVISIONS * largest // REVISIONS_A_PAGE)
        self._history = History(pages, self._envelope()).revisions()

    def grow(self, scale: int) -> None:
        """Let people send in, and editors save, until it is as large as a scale says; it never shrinks."""
        Crowd(SUBMISSIONS * scale, ALERTS * scale, ACCOUNTS * scale).fill(self._cluster, DATABASE)
        self._edit(REVISIONS * scale - self.revisions)
        self.revisions = REVISIONS * scale

    def _edit(self, revisions: int) -> None:
        """Save that many more revisions, and a line of the pages' log for each."""
        with psycopg.connect(self._cluster.url(DATABASE)) as connection:
            newest, page, information_page = connection.execute(
                """SELECT (SELECT max(id) FROM wagtailcore_revision),
                    (SELECT id FROM django_content_type WHERE (app_label, model) = ('wagtailcore', 'page')),
                    (SELECT id FROM django_content_type WHERE model = 'informationpage')"""
            ).fetchone() or (0, 0, 0)
            with connection.cursor() as cursor, cursor.copy(_REVISIONS) as copy:
                for row in islice(self._history, revisions):
                    copy.write_row(("2026-01-05 09:30:00+00", *row, information_page, page))
            connection.execute(_LOG_ENTRIES, (newest,))

    def dump(self, target: Path) -> Path:
        """Dump it through a pipe, so that the archive carries no offsets."""
        command = (self._cluster.bin_dir / "pg_dump", "--format=custom", "--no-owner", "--no-privileges")
        with (
            target.open("wb") as file,
            subprocess.Popen(command, env=connection(self._cluster, DATABASE), stdout=subprocess.PIPE) as process,
        ):
            shutil.copyfileobj(cast(BinaryIO, process.stdout), file)
        if process.returncode:
            raise RuntimeError("pg_dump failed")
        return target

    def _envelope(self) -> dict[str, object]:
        rows = self._cluster.execute(
            "SELECT content FROM wagtailcore_revision WHERE content ? 'intro_text' ORDER BY id LIMIT 1",
            database=DATABASE,
        )
        content: dict[str, object] = rows[0][0]
        return content

    def _manage(self, media: Path, *command: str) -> None:
        settings = {
            "DATABASE_URL": self._cluster.url(DATABASE),
            "SECRET_KEY": "a key for benchmarks",
            "AWS_S3_ENDPOINT_URL": "https://s3.example",
            "BC_MEDIA_ROOT": str(media),
        }
        _run((sys.executable, "manage.py", *command), settings, cwd=_SITE)


def dump(cluster: Cluster, database: str, target: Path) -> None:
    """Dump a database into a file."""
    options = ("--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    _run((cluster.bin_dir / "pg_dump", *options, database), connection(cluster, database), cwd=CHECKOUT)


def restore(cluster: Cluster, archive: Path, database: str) -> None:
    """Load an archive with two jobs into a database that is empty."""
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--jobs=2", f"--dbname={database}")
    _run((cluster.bin_dir / "pg_restore", *options, archive), connection(cluster, database), cwd=CHECKOUT)


def connection(cluster: Cluster, database: str) -> dict[str, str]:
    """The environment of a client program."""
    return {
        "PATH": os.defpath,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(cluster.port),
        "PGUSER": "postgres",
        "PGPASSWORD": cluster.password,
        "PGDATABASE": database,
    }


def _run(command: tuple[str | Path, ...], environment: Mapping[str, str], cwd: Path) -> None:
    done = subprocess.run(
        command,
        env={"PATH": os.defpath, **environment},
        cwd=cwd,
        capture_output=True,
        timeout=_TOOL_SECONDS,
        check=False,
    )
    if done.returncode:
        what = " ".join(str(word) for word in (Path(command[0]).name, *command[1:3]))
        raise RuntimeError(f"{what} failed:\n{done.stderr.decode(errors='replace')[-2000:]}")
