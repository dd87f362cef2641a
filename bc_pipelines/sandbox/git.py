"""The site's repository as the sandbox has it: a bare one, served over https with a password, and its few commits.

Belongs here: what is in it and where it answers. Does not belong here: the server (`git_server.py`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.folder import remove
from bc_pipelines.sandbox.processes import base_environment
from bc_pipelines.sandbox.world import World

NAME = "buckinghamshire.git"
USER = "robot"
MAIN, STAGING = "master", "staging"
_DAY = 86_400
_LIMIT = 60

# Branch, its files, days since its commit, and whether staging and the main branch hold it.
_BRANCHES = (
    ("feature/119-cookie-banner", {"bc/cookies/apps.py": "class CookiesConfig:\n    name = 'bc.cookies'\n"}, 60, "m"),
    ("feature/098-carousel", {"bc/home/carousel.py": "SLIDES = 3\n"}, 200, "s"),
    ("feature/123-extra-spangles", {"bc/project_styleguide/spangles.css": ".spangle { color: gold; }\n"}, 12, "s"),
    ("feature/131-waste-search", {"bc/search/waste.py": "POSTCODE_FIELD = 'postcode'\n"}, 5, "s"),
    ("feature/140-not-ready", {"bc/events/models.py": "# To do.\n"}, 1, ""),
)


def folder(world: World) -> Path:
    """The folder that is served; it holds the repository."""
    return world.root / "git"


def url(world: World) -> str:
    """The repository's address, without user and password."""
    return f"https://{world.address('git')}/{NAME}"


def command(world: World) -> tuple[str, ...]:
    """Give the server's command line; the password is in its environment."""
    pem, key = (str(world.certificates / name) for name in ("server.pem", "server.key"))
    port = str(world.ports["git"])
    return (sys.executable, "-m", "bc_pipelines.sandbox.git_server", str(folder(world)), port, pem, key)


def server_environment(world: World) -> dict[str, str]:
    """Give the server the one user and password that it knows."""
    return {"BC_SANDBOX_GIT_USER": USER, "BC_SANDBOX_GIT_PASSWORD": world.secrets["git_password"]}


def fill(world: World) -> None:
    """Make the repository, unless it is there.

    Args:
        world: the sandbox's; its server need not run.

    Raises:
        SandboxError: git is missing or refused.
    """
    if not (folder(world) / NAME).is_dir():
        make_repository(folder(world) / NAME, history(time.time()))


def make_repository(place: Path, stream: str = "") -> None:
    """Make a bare repository that may be pushed to over HTTP.

    Args:
        place: its folder, which does not exist yet.
        stream: what is in it, for git fast-import.

    Raises:
        SandboxError: git is missing or refused.
    """
    partial = place.with_name(f"{place.name}.part")
    remove(partial)
    _git("init", "--quiet", "--bare", "--template=", f"--initial-branch={MAIN}", str(partial))
    _git("--git-dir", str(partial), "config", "http.receivepack", "true")
    _git("--git-dir", str(partial), "fast-import", "--quiet", stdin=stream)
    partial.rename(place)


def history(now: float) -> str:
    """The site's commits, as git fast-import reads them; dates count back from now."""
    lines: list[str] = []
    mark = 0

    def commit(branch: str, days: int, message: str, files: dict[str, str], *parents: int) -> int:
        nonlocal mark
        mark += 1
        author = f"Web Team <web.team@buckinghamshire.example> {int(now) - days * _DAY - 60 + mark} +0000"
        lines.extend((f"commit refs/heads/{branch}", f"mark :{mark}", f"author {author}", f"committer {author}"))
        lines.append(f"data {len(message.encode())}\n{message}")
        lines.extend(f"{word} :{parent}" for word, parent in zip(("from", "merge"), parents, strict=False))
        lines.extend(f"M 644 inline {path}\ndata {len(text.encode())}\n{text}" for path, text in files.items())
        lines.append("")
        return mark

    first = {"manage.py": "import django\n", "bc/__init__.py": "", "bc/settings/base.py": "DEBUG = False\n"}
    begun = commit(MAIN, 400, "The council's site", first)
    tips = {name: commit(name, days, f"Begin {name}", files, begun) for name, files, days, _ in _BRANCHES}
    main = begun
    for name, files, days, where in _BRANCHES:
        if where == "m":
            main = commit(MAIN, days - 1, f"Merge branch '{name}'", files, main, tips[name])
    staging = main
    for name, files, days, where in _BRANCHES:
        if where == "s":
            staging = commit(STAGING, days - 1, f"Merge branch '{name}' into staging", files, staging, tips[name])
    commit(MAIN, 3, "Release 2.4", {"bc/__init__.py": "VERSION = '2.4'\n"}, main)
    return "\n".join(lines) + "\n"


def _git(*arguments: str, stdin: str = "") -> None:
    hermetic = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 - its place differs between systems
            env={**base_environment(), **hermetic},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=_LIMIT,
            check=False,
        )
    except FileNotFoundError:
        raise SandboxError("There is no git in PATH; install Debian's `git`, or your system's.") from None
    if done.returncode:
        raise SandboxError(f"The site's repository could not be made: {done.stderr.strip()}")
