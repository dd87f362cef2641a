"""A repository on a real git server over https with a password, and ways to put commits into it past the product."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bc_pipelines.branches.copy import fetched
from bc_pipelines.branches.git import Git
from bc_pipelines.branches.survey import Survey, survey
from bc_pipelines.repository import Repository
from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines.sandbox.git import make_repository
from bc_pipelines.sandbox.git_server import Server

PASSWORD = "invented-for-git-tests"
DEADLINE = timedelta(seconds=60)
NOW = 1_795_000_000
DAY = 86_400


@dataclass(frozen=True)
class Remote:
    """The site's repository as a test has it.

    Attributes:
        place: the bare repository on the server's side.
        settings: how the product is told of it.
    """

    place: Path
    settings: Repository

    def commit(self, branch: str, files: dict[str, str], *parents: str, days: int = 1, author: str = "A") -> str:
        """Add a commit, with all files of its first parent, and point a branch at it."""
        who = f"{author} <a@council.example> {NOW - days * DAY} +0000"
        lines = [f"commit refs/heads/{branch}", f"author {who}", f"committer {who}", "data 6\nBy us\n"]
        lines += [f"{word} {parent}" for word, parent in zip(("from", "merge"), parents, strict=False)]
        if not parents:
            lines.append("deleteall")
        lines += [f"M 644 inline {path}\ndata {len(text.encode())}\n{text}" for path, text in files.items()]
        self.git("fast-import", "--quiet", "--force", stdin="\n".join(lines) + "\n")
        return self.git("rev-parse", f"refs/heads/{branch}")

    def point(self, branch: str, commit: str) -> None:
        """Point a branch at a commit, whatever it is called."""
        self.git("update-ref", f"refs/heads/{branch}", commit)

    def refs(self) -> dict[str, str]:
        """Every branch and tag with what it points at."""
        shown = self.git("for-each-ref", "--format=%(refname) %(objectname)")
        return dict(line.split(" ") for line in shown.splitlines())

    def git(self, *arguments: str, stdin: str = "") -> str:
        """Run git on the server's side."""
        variables = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
        command = ["git", f"--git-dir={self.place}", *arguments]
        done = subprocess.run(command, env=variables, input=stdin, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def copy(self, **changes: object) -> Iterator[Git]:
        """A fetched copy, by the product."""
        with fetched(replace(self.settings, **changes), DEADLINE) as git:  # type: ignore[arg-type]
            yield git

    def survey(self, **changes: object) -> Survey:
        """What the product sees."""
        with self.copy(**changes) as git:
            return survey(git, datetime.fromtimestamp(NOW, UTC))


def migration(*follows: tuple[str, str], replaces: tuple[tuple[str, str], ...] = ()) -> str:
    """A migration's file as Django writes it."""
    return (
        "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
        f"    replaces = {list(replaces)!r}\n    dependencies = {list(follows)!r}\n    operations = []\n"
    )


@contextmanager
def serving(folder: Path, certificates: Certificates) -> Iterator[str]:
    """A git server on a folder of repositories; gives its address."""
    files = (certificates.certificate, certificates.key)
    with Server(folder, 0, files, "robot", PASSWORD) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def new_remote(folder: Path, address: str, certificates: Certificates, name: str) -> Remote:
    """An empty repository on a server."""
    place = folder / f"{name}.git"
    make_repository(place)
    settings = Repository(
        url=f"{address}/{name}.git",
        main="master",
        staging="staging",
        merge=None,
        stale_days=90,
        user="robot",
        password=PASSWORD,
        cache=folder / f"{name}-copy",
        network={"SSL_CERT_FILE": str(certificates.ca)},
    )
    return Remote(place, settings)
