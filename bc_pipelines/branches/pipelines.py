"""What GitLab tells of the pipelines that a push begins, by its REST API.

Belongs here: asking, and reading what comes back. Does not belong here: waiting for an end (see `operations.release`)
and judging it (see `checks.pipeline`).

Source: GitLab's documentation of the *Pipelines API* and the *Jobs API*, and of the statuses of a pipeline.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import stamina

from bc_pipelines.branches.errors import BranchesError
from bc_pipelines.repository import GITLAB_TOKEN, GitLab

_SILENCE = 30.0
_LONGEST = 4 << 20
_PAGE = 100
_MOST_PAGES = 20
_RATE_LIMITED = 429
_TROUBLE_FROM = 500
_REFUSED = (401, 403)
_SHOWN = 80


class PipelinesError(BranchesError):
    """GitLab cannot be asked, or answers something that is not as documented."""


class _Again(PipelinesError):
    """The same request may be answered in a moment."""


@dataclass(frozen=True)
class Pipeline:
    """One pipeline: `status` is GitLab's own word, `page` where a person sees it, `commit` what it is of."""

    id: int
    status: str
    page: str
    commit: str


@dataclass(frozen=True)
class Job:
    """One job of a pipeline; `optional` where its failure does not fail the pipeline."""

    name: str
    status: str
    optional: bool


class Pipelines:
    """The pipelines of one project.

    Args:
        gitlab: where the project is. The token is sent there and nowhere else.
        http: a client that sends it with every request.
        pace: seconds that pauses before retries are scaled from.
    """

    def __init__(self, gitlab: GitLab, http: httpx.Client, pace: float) -> None:
        self._gitlab = gitlab
        self._http = http
        self._pace = pace
        self._project = f"{gitlab.url.rstrip('/')}/api/v4/projects/{quote(gitlab.project, safe='')}"

    def of_branch(self, branch: str, limit: float) -> tuple[Pipeline, ...]:
        """The newest pipelines of a branch, a hundred at most, newest first; those of merge requests are none of it.

        Args:
            branch: its name.
            limit: seconds for which a request that fails is repeated.

        Raises:
            PipelinesError: GitLab cannot be asked.
        """
        asked = {"ref": branch, "order_by": "id", "sort": "desc", "per_page": str(_PAGE)}
        # Not left to the server: a parameter that it does not know would be passed over.
        found = [self._read(each) for each in self._list("pipelines", asked, limit) if each.get("ref") == branch]
        return tuple(sorted(found, key=lambda each: each.id, reverse=True))

    def jobs(self, pipeline: Pipeline, limit: float) -> tuple[Job, ...]:
        """The jobs of a pipeline, all of them: which of them failed may decide.

        Raises:
            PipelinesError: GitLab cannot be asked.
        """
        found: list[Mapping[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            asked = {"per_page": str(_PAGE), "page": str(page)}
            part = self._list(f"pipelines/{pipeline.id}/jobs", asked, limit)
            found += part
            if len(part) < _PAGE:
                break
        return tuple(
            Job(_plain(each.get("name")), _plain(each.get("status")), each.get("allow_failure") is True)
            for each in found
        )

    def reach(self, limit: float) -> None:
        """Have GitLab show whether it knows the token and the project.

        Raises:
            PipelinesError: it does not.
        """
        self._list("pipelines", {"per_page": "1"}, limit)

    def _read(self, json: Mapping[str, Any]) -> Pipeline:
        number = json.get("id")
        if type(number) is not int:
            raise self._unexpected()
        page = f"{self._gitlab.url.rstrip('/')}/{self._gitlab.project}/-/pipelines/{number}"
        return Pipeline(number, _plain(json.get("status")), page, _plain(json.get("sha")))

    def _list(self, path: str, parameters: Mapping[str, str], limit: float) -> list[Mapping[str, Any]]:
        caller = stamina.RetryingCaller(
            attempts=None,
            timeout=max(limit, 0.001),
            wait_initial=self._pace / 10,
            wait_jitter=self._pace / 10,
            wait_max=self._pace * 5,
        )
        # Without arguments: stamina logs those of what it retries.
        return caller(_Again, lambda: self._ask(path, parameters))

    def _ask(self, path: str, parameters: Mapping[str, str]) -> list[Mapping[str, Any]]:
        try:
            status, content = self._exchange(f"{self._project}/{path}", parameters)
        except httpx.TransportError as error:
            raise _Again(
                f"GitLab at {self._gitlab.url} cannot be reached ({type(error).__name__}). Look at the network, at "
                "repository.gitlab.url and at the certificates trusted (SSL_CERT_FILE)."
            ) from None
        if status == _RATE_LIMITED or status >= _TROUBLE_FROM:
            raise _Again(f"GitLab at {self._gitlab.url} is in trouble: it answered with status {status}.")
        if status in _REFUSED:
            raise PipelinesError(
                f"GitLab at {self._gitlab.url} does not accept the token (status {status}). {GITLAB_TOKEN} must hold "
                "one that is still valid, with the scope read_api and, in that project, the role Reporter."
            )
        if status == httpx.codes.NOT_FOUND:
            raise PipelinesError(
                f"GitLab at {self._gitlab.url} shows no project {self._gitlab.project}. Correct repository.gitlab."
                f"project, or let the token of {GITLAB_TOKEN} read it (role Reporter)."
            )
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            answer = None
        if status != httpx.codes.OK or not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
            raise self._unexpected()
        return answer

    def _exchange(self, url: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        """Send once and read the answer to its end, which must come even where every byte comes in time."""
        until, content = time.monotonic() + _SILENCE, bytearray()
        with self._http.stream("GET", url, params=parameters) as response:
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > _LONGEST or time.monotonic() > until:
                    raise httpx.ReadError("the answer has no end", request=response.request)
        return response.status_code, bytes(content)

    def _unexpected(self) -> PipelinesError:
        return PipelinesError(
            f"GitLab at {self._gitlab.url} gave an answer that is not as documented. Is repository.gitlab.url the "
            "address of a GitLab, without /api?"
        )


@contextmanager
def pipelines(gitlab: GitLab, pace: float) -> Iterator[Pipelines]:
    """Have the pipelines of a project, over connections that are closed at the end.

    Args:
        gitlab: where it is.
        pace: seconds that pauses before retries are scaled from.
    """
    headers = {"PRIVATE-TOKEN": gitlab.token, "Accept-Encoding": "identity", "User-Agent": "bc-pipelines"}
    # Redirects are not followed: the token is for this address.
    with httpx.Client(headers=headers, timeout=httpx.Timeout(_SILENCE, connect=10)) as http:
        yield Pipelines(gitlab, http, pace)


def _plain(word: object) -> str:
    """One short line of what GitLab says."""
    text = word if isinstance(word, str) else ""
    return "".join(letter for letter in text if letter.isprintable())[:_SHOWN] or "unknown"
