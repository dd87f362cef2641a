"""A database of the site with the commands and the server that run on it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bc_pipelines_tests.postgres import Cluster

SITE = Path(__file__).resolve().parents[3] / "bc_pipelines" / "sandbox" / "site"
HOSTS = tuple(f"{label}.buckinghamshire.example" for label in ("www", "jobs", "internaljobs", "fis", "careadvice"))
SEED, SCALE = 2026, 2
COMMAND_SECONDS = 240

# Ends the server when it is told to, or when standard input ends because the parent has died.
_UNTIL_INPUT_ENDS = '"$@" & server=$!; read -r order; kill $server; wait $server'


@dataclass(frozen=True)
class Copy:
    """One database of the site.

    Attributes:
        cluster: where it is.
        database: its name.
        media: the folder that stands for its bucket.
    """

    cluster: Cluster
    database: str
    media: Path

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """What a dyno of this copy would find in its environment; `settings` are added."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "PATH", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "DATABASE_URL": self.cluster.url(self.database).replace("postgresql:", "postgres:"),
            "SECRET_KEY": "a key for tests",
            "ALLOWED_HOSTS": ",".join((*HOSTS, "elsewhere.example")),
            "AWS_S3_ENDPOINT_URL": "https://s3.example",
            "AWS_STORAGE_BUCKET_NAME": "media-production",
            "BC_MEDIA_ROOT": str(self.media),
            **settings,
        }

    def manage(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` as a one-off dyno does; the caller looks at the return code."""
        return subprocess.run(
            (sys.executable, "manage.py", *command),
            cwd=SITE,
            env=self.environment(settings),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def copied(self, name: str, media: Path) -> "Copy":
        """A new database with the same rows."""
        self.cluster.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.database}"')
        return Copy(self.cluster, name, media)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """What a query returns."""
        return self.cluster.execute(statement, database=self.database)

    @contextmanager
    def served(self, **settings: str) -> Iterator[httpx.Client]:
        """Run the site's own WSGI server, as a web dyno does.

        Args:
            settings: environment variables beyond those of every copy.

        Yields:
            A client that asks it as the router would: set the header Host to choose the site.
        """
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            server = (sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", "--threads", "4")
            options = ("--no-control-socket", "--graceful-timeout", "1", "bc_pipelines.sandbox.site.wsgi")
            process = subprocess.Popen(
                ("/bin/sh", "-c", _UNTIL_INPUT_ENDS, "sh", *server, *options),
                cwd=SITE,
                env=self.environment(settings),
                stdin=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
            )
        # The listener is open before the server is, so a first request waits instead of failing.
        headers = {"X-Forwarded-Proto": "https"}
        try:
            with httpx.Client(base_url=address, headers=headers, timeout=COMMAND_SECONDS) as client:
                yield client
        finally:
            process.communicate(b"stop\n", timeout=COMMAND_SECONDS)
