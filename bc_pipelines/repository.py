"""Where the site's code is kept and which of its branches make up staging, as settings and variables say.

Belongs here: `[repository]` in `environments.toml`, and the user and password for it. Does not belong here: git (see
`branches`), and what a reset does with it (see `operations.code`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bc_pipelines.tables import SettingsError, flag, only, required, text, texts

STALE_DAYS = 90
GITLAB_TOKEN = "BC_GITLAB_TOKEN"  # noqa: S105 - a variable's name
_NETWORK = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR")
# As git-check-ref-format(1) has it, and narrower: what could be taken for an option or a pattern is no name.
_ODD = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|/\.|[/.]$|\.lock(/|$)|^@$")


@dataclass(frozen=True)
class GitLab:
    """The GitLab whose CI runs after a push.

    Attributes:
        url: its https address, without a user.
        project: path of the site's project there.
        deploys: whether a pipeline of staging's branch ends in a release on Heroku.
        token: one that may read pipelines.
    """

    url: str
    project: str
    deploys: bool
    token: str = field(repr=False)


@dataclass(frozen=True)
class Repository:
    """The site's repository.

    Attributes:
        url: its https address, without a user.
        main: the branch that production is released from.
        staging: the branch that staging is released from; a reset makes it anew from `main`.
        merge: patterns of the branches that are merged back; None for each that staging holds and that is not stale.
        stale_days: a branch without a commit for more days is stale.
        user: for the address; with access tokens, most servers take any.
        password: or access token; empty where none is set, for a repository that anybody may read.
        cache: folder of this machine's own copy. It holds nothing that the repository does not hold.
        network: variables for git: where programs are, and about proxies and certificates.
        gitlab: whose CI is waited for; None for nobody's.
    """

    url: str
    main: str
    staging: str
    merge: tuple[str, ...] | None
    stale_days: int
    user: str
    password: str = field(repr=False)
    cache: Path
    network: Mapping[str, str] = field(repr=False)
    gitlab: GitLab | None = None


def network_of(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Variables about proxies and certificates, for a program that is started."""
    return {name: value for name, value in variables.items() if name.upper() in _NETWORK}


def read_repository(table: Mapping[str, Any], variables: Mapping[str, str], scratch: Path) -> Repository | None:
    """Read `[repository]`.

    Args:
        table: as parsed; empty where the section is left out.
        variables: environment variables.
        scratch: folder for the copy, where BC_GIT_CACHE names none.

    Returns:
        The repository, or None where none is configured.

    Raises:
        SettingsError: something is unknown or wrong.
    """
    where = "repository"
    only(table, where, "url", "main", "staging", "merge", "stale_days", "gitlab")
    if not table:
        return None
    main, staging = (_branch(table, key, usual) for key, usual in (("main", "master"), ("staging", "staging")))
    if main == staging:
        raise SettingsError("repository.main and repository.staging name the same branch.")
    days = table.get("stale_days", STALE_DAYS)
    if type(days) is not int or days <= 0:
        raise SettingsError("repository.stale_days must be a whole number of days above 0.")
    return Repository(
        url=_url(text(table, "url", where), "repository.url", "https://git.example/council/site.git"),
        main=main,
        staging=staging,
        merge=texts(table, "merge", where) if "merge" in table else None,
        stale_days=days,
        user=variables.get("BC_GIT_USER") or "bc-pipelines",
        password=variables.get("BC_GIT_PASSWORD") or "",
        # Of each user's own: whoever may write to a copy decides what is merged.
        cache=Path(variables.get("BC_GIT_CACHE") or scratch / f"bc-pipelines-git-{os.geteuid()}"),
        network={"PATH": variables.get("PATH", os.defpath), **network_of(variables)},
        gitlab=_gitlab(table["gitlab"], variables) if "gitlab" in table else None,
    )


def is_plain(branch: str) -> bool:
    """Whether a branch's name is one that nothing can take for an option, a pattern or another place."""
    return bool(branch) and not _ODD.search(branch)


def _branch(table: Mapping[str, Any], key: str, usual: str) -> str:
    branch = text(table, key, "repository") if key in table else usual
    if not is_plain(branch):
        raise SettingsError(f"repository.{key} must be the name of a branch, as {usual}.")
    return branch


def _gitlab(table: object, variables: Mapping[str, str]) -> GitLab:
    where = "repository.gitlab"
    settings = only(table, where, "url", "project", "deploys")
    project = text(settings, "project", where)
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+", project, re.ASCII):
        raise SettingsError(f"{where}.project must be the path of a project, as council/site.")
    token = required(variables, GITLAB_TOKEN, "a token that may read the project's pipelines")
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise SettingsError(f"{GITLAB_TOKEN} holds a character that no token has.")
    url = _url(
        text(settings, "url", where), f"{where}.url", "https://git.example", "the token goes into " + GITLAB_TOKEN
    )
    return GitLab(url, project, flag(settings, "deploys", where), token)


def _url(url: str, where: str, example: str, instead: str = "those go into BC_GIT_USER and BC_GIT_PASSWORD") -> str:
    try:
        parts = urlsplit(url)
        # Looking at the port raises, too, where it is none.
        whole = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        whole = False
    if not whole or re.search(r"[\x00-\x20\x7f-\uffff?#]", url):
        # It may hold a password, so it is not repeated.
        raise SettingsError(f"{where} must be an https address without user and password, as {example}; {instead}.")
    return url
