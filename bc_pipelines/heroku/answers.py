"""Takes an HTTP answer of Heroku apart: JSON where there is some, else the right error in plain words.

Nothing is believed about an answer: the Data API has been seen to send the HTML of a 404 labelled as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from bc_pipelines.heroku.errors import (
    Conflict,
    HerokuError,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorised,
    UnexpectedAnswer,
    Unreachable,
)
from bc_pipelines.heroku.redact import without_urls

Parsed = TypeVar("Parsed")

SERVER_TROUBLE_FROM = 500
UNCHANGED = "This request changed nothing."
PERHAPS_CHANGED = "It is not known whether Heroku carried the request out."


@dataclass(frozen=True)
class Answer:
    """A successful answer: its JSON, and headers: to the next page of a list, and what the token is good for."""

    asked: str
    body: Any = field(repr=False)
    next_range: str | None = None
    request_id: str | None = None
    oauth_scope: str = ""

    def read(self, parse: Callable[[Any], Parsed]) -> Parsed:
        """Turn the JSON into a shape of `models`.

        Raises:
            UnexpectedAnswer: The JSON is not what the documentation says.
        """
        try:
            return parse(self.body)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise self.unexpected("something that is not as documented") from None

    def unexpected(self, what: str) -> UnexpectedAnswer:
        """Word the error for an answer that cannot be used."""
        return UnexpectedAnswer(
            f"Heroku answered {self.asked} with {what}.",
            state="The request itself was accepted.",
            next_step="Look at the app with the heroku command before going on; Heroku may have changed its API.",
            request_id=self.request_id,
        )


def take_apart(response: httpx.Response, content: bytes, asked: str) -> Answer:
    """Give the answer of a successful response, or raise what its status means.

    Args:
        response: What came back.
        content: Its body, whole.
        asked: The request in words without secrets: `GET /apps/example`.

    Raises:
        HerokuError: One of its kinds, by status; `UnexpectedAnswer` for a success that holds no JSON.
    """
    request_id = _request_id(response)
    body = _json_or_none(content)
    if response.is_success:
        headers = response.headers
        answer = Answer(asked, body, headers.get("Next-Range"), request_id, headers.get("Oauth-Scope", ""))
        if body is None:
            raise answer.unexpected("something that is not JSON")
        if not (answer.next_range or "").isascii():
            raise answer.unexpected("a next page that cannot be asked for")
        return answer
    error = _error(response.status_code, body, asked, request_id)
    if isinstance(error, RateLimited):
        error.retry_after = _seconds(response.headers.get("Retry-After", ""))
    raise error


@dataclass(frozen=True)
class _Meaning:
    """What a status means: `happened` is a template for the request, the status and Heroku's own words."""

    kind: type[HerokuError]
    happened: str
    next_step: str
    state: str = UNCHANGED


_MEANINGS = {
    401: _Meaning(
        Unauthorised,
        "Heroku does not accept the token ({asked}{told}).",
        "Make a new one with `heroku authorizations:create` and put it where the settings name it.",
    ),
    403: _Meaning(
        Unauthorised,
        "The token may not do this ({asked}{told}).",
        "Give the token's account access to the app; if Heroku asks for a second factor, use an authorisation token.",
    ),
    404: _Meaning(
        NotFound,
        "Heroku knows nothing of what was asked for ({asked}{told}).",
        "Compare the names in the settings with `heroku apps` and `heroku addons`; "
        "the token's account sees only its own apps.",
    ),
    409: _Meaning(
        Conflict,
        "Heroku cannot do this just now ({asked}{told}).",
        "Try again when what else is under way on the app has ended.",
    ),
    429: _Meaning(
        RateLimited,
        "The account has used up its requests to Heroku ({asked}).",
        "Wait a few minutes; the account gets 75 requests a minute back, up to 4500.",
    ),
}
_TROUBLE = _Meaning(
    Unreachable,
    "Heroku is in trouble: it answered {asked} with status {status}{told}.",
    "Look at https://status.heroku.com and try again later.",
    PERHAPS_CHANGED,
)
_REFUSAL = _Meaning(
    Rejected,
    "Heroku refused {asked} with status {status}{told}.",
    "Read what Heroku says about it; the same request will be refused again until that is mended.",
)


def _error(status: int, body: object, asked: str, request_id: str | None) -> HerokuError:
    meaning = _TROUBLE if status >= SERVER_TROUBLE_FROM else _MEANINGS.get(status, _REFUSAL)
    happened = meaning.happened.format(asked=asked, status=status, told=_told(body))
    return meaning.kind(happened, state=meaning.state, next_step=meaning.next_step, request_id=request_id)


def _told(body: object) -> str:
    """Heroku's own `id` and `message`, with nothing in it that could be a secret."""
    if not isinstance(body, dict) or not body.get("message"):
        return ""
    message = _brief(body["message"]).rstrip(".")
    return f": {_brief(body['id'])}, {message}" if body.get("id") else f": {message}"


def _brief(told: object) -> str:
    """One short line of what Heroku says."""
    return " ".join(without_urls(str(told)[:2000]).split())[:300]


def _json_or_none(content: bytes) -> object:
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body


def _seconds(text: str) -> float | None:
    """Read `Retry-After` in seconds; its other form, a date, would need Heroku's clock to be ours."""
    return float(text) if text.isascii() and text.isdigit() else None


def _request_id(response: httpx.Response) -> str | None:
    """The last id, for the header collects those of every request before."""
    ids = response.headers.get("Request-Id", "")
    return ids.rpartition(",")[2].strip()[:64] or None
