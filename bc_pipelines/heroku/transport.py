"""Requests to both of Heroku's APIs: headers, trust, retries and deadlines.

Here belongs what is true of every call. Which calls there are stands in the modules named after what they are about.

A request that may be repeated is repeated on lost connections, 429, 500, 502, 503, 504 and answers without JSON, with
jitter, until `retry_for` seconds have passed. One that may not is repeated only where Heroku certainly did nothing: no
connection came about, or 429. In every other case without an answer it raises `LostReply`, and the caller looks what
became of it.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import stamina

from bc_pipelines.heroku.answers import PERHAPS_CHANGED, UNCHANGED, Answer, take_apart
from bc_pipelines.heroku.errors import HerokuError, RateLimited, RefusedByGuard, UnexpectedAnswer, Unreachable
from bc_pipelines.heroku.redact import quieten

Api = Literal["platform", "data"]
Method = Literal["DELETE", "GET", "PATCH", "POST"]
Parsed = TypeVar("Parsed")

V3 = "application/vnd.heroku+json; version=3"
# The variant of the API that the CLI uses where it wants an add-on spelt out inside its attachment.
V3_SDK = "application/vnd.heroku+json; version=3.sdk"
ENOUGH_TOKENS = 20
# Far above every answer that there is: an app's thousand newest transfers take about a megabyte.
LONGEST_ANSWER = 32 << 20
MOST_PAGES = 1_000


@dataclass(frozen=True)
class Patience:
    """How long to go on when Heroku does not answer as it should, in seconds.

    Attributes:
        pace: What every pause is scaled from: the first retry waits about a tenth of it, later ones up to five times
            as long, a wait for used-up requests twenty times as long.
        retry_for: After this a call that keeps failing is given up.
        timeout: After so much silence a connection counts as lost. An answer that comes without a pause but has no
            end is given up after the longer of the two.
    """

    pace: float
    retry_for: float
    timeout: float

    def retrying(self, limit: float | None = None) -> stamina.RetryingCaller:
        """Retries with jitter for as long as `retry_for`, or as `limit` where that is less."""
        return stamina.RetryingCaller(
            attempts=None,
            timeout=self.retry_for if limit is None else min(limit, self.retry_for),
            wait_initial=self.pace / 10,
            wait_jitter=self.pace / 10,
            wait_max=self.pace * 5,
        )


class LostReply(Unreachable):
    """A request that must not be repeated may or may not have been carried out; its sender looks into it."""


class _NotSent(Unreachable):
    """No connection came about, so that Heroku has seen nothing."""


def path(*segments: str | int) -> str:
    """Join segments into a path, each quoted, so that a name can never change which path it is."""
    return "".join(f"/{quote(str(segment), safe='')}" for segment in segments)


class Transport:
    """Sends requests with one token to the Platform API and the Data API.

    Args:
        platform_url: Base URL of the Platform API, https.
        data_url: Base URL of the Data API, https. One server may be both.
        token: An authorisation token of Heroku. It is sent to these two bases and nowhere else.
        patience: How long to go on.

    The certificates trusted are those of the standard variables SSL_CERT_FILE and SSL_CERT_DIR, else certifi's.

    Raises:
        RefusedByGuard: A base is not https, which would send the token in the clear.
    """

    def __init__(self, platform_url: str, data_url: str, token: str, patience: Patience) -> None:
        quieten()
        self._bases: Mapping[Api, str] = {"platform": _https(platform_url), "data": _https(data_url)}
        self.patience = patience
        # A closure, because an attribute would be shown by whoever prints this object's insides.
        self._without_token: Callable[[bytes], bytes] = lambda content: content.replace(token.encode(), b"...")
        self._http = httpx.Client(
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": V3,
                "Accept-Encoding": "gzip",
                "User-Agent": "bc-pipelines",
            },
            timeout=httpx.Timeout(patience.timeout, connect=10),
            # A connection that the server closes just then for idleness would look like a lost answer.
            limits=httpx.Limits(keepalive_expiry=1),
        )

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def get(
        self, api: Api, path: str, headers: Mapping[str, str] | None = None, retry_for: float | None = None
    ) -> Answer:
        """Read one thing, or one page of a list. Raises a `HerokuError`."""
        return self.send("GET", api, path, headers=headers, retry_for=retry_for)

    def get_list(
        self,
        api: Api,
        path: str,
        parse: Callable[[Any], Parsed],
        headers: Mapping[str, str] | None = None,
        retry_for: float | None = None,
    ) -> tuple[Parsed, ...]:
        """Read a whole list, page by page as `Next-Range` leads. Raises a `HerokuError`."""
        answer = self.get(api, path, headers, retry_for)
        found = answer.read(lambda page: [parse(one) for one in page])
        followed: set[str] = set()
        while answer.next_range:
            if answer.next_range in followed or len(followed) > MOST_PAGES:
                raise answer.unexpected("a list whose pages lead back to one that was read, or have no end")
            followed.add(answer.next_range)
            answer = self.get(api, path, {**(headers or {}), "Range": answer.next_range}, retry_for)
            found += answer.read(lambda page: [parse(one) for one in page])
        return tuple(found)

    def send(
        self,
        method: Method,
        api: Api,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
        retry_for: float | None = None,
    ) -> Answer:
        """Send a request until it is answered.

        Args:
            method: The HTTP method.
            api: Which of the two APIs.
            path: The path, made with `path()`.
            body: What to send as JSON; without it the request has no body.
            headers: Headers besides those of every request.
            repeatable: Whether sending it twice does no more than sending it once.
            retry_for: Seconds, where the usual deadline is too long.

        Raises:
            LostReply: It is not repeatable, and whether it was carried out is not known.
            HerokuError: Any other kind, as the answer has it.
        """
        limit = self.patience.retry_for if retry_for is None else min(retry_for, self.patience.retry_for)
        until = time.monotonic() + limit

        def once() -> Answer:
            return self._send_once(method, api, path, body, headers)

        def again(error: Exception) -> bool | float:
            if isinstance(error, RateLimited):
                return max(0.0, min(self._until_tokens_return(error), until - time.monotonic()))
            return isinstance(error, (Unreachable, UnexpectedAnswer) if repeatable else _NotSent)

        try:
            # `once` takes no arguments because stamina logs those of what it retries.
            return self.patience.retrying(limit)(again, once)
        except (Unreachable, UnexpectedAnswer) as error:
            if repeatable or isinstance(error, _NotSent):
                raise
            raise LostReply(
                error.happened, state=PERHAPS_CHANGED, next_step=error.next_step, request_id=error.request_id
            ) from None

    def _send_once(
        self, method: Method, api: Api, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str] | None
    ) -> Answer:
        asked = f"{method} {path}"
        try:
            response, content = self._exchange(method, self._bases[api] + path, body, headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _NotSent(
                f"Heroku could not be reached for {asked} ({type(error).__name__}).",
                state=UNCHANGED,
                next_step="Check the network, the API's addresses in the settings and the certificates trusted "
                "(SSL_CERT_FILE), then try again.",
            ) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Unreachable(
                f"The connection was lost before Heroku answered {asked} ({type(error).__name__}).",
                state=PERHAPS_CHANGED,
                next_step="Look at https://status.heroku.com and at the app before trying again.",
            ) from None
        return take_apart(response, content, asked)

    def _exchange(
        self, method: Method, url: str, body: Mapping[str, Any] | None, headers: Mapping[str, str] | None
    ) -> tuple[httpx.Response, bytes]:
        """Send once and read the answer to its end, which must come even where every byte comes in time."""
        until = time.monotonic() + max(self.patience.retry_for, self.patience.timeout)
        content = bytearray()
        with self._http.stream(method, url, json=body, headers=headers) as response:
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > LONGEST_ANSWER:
                    raise httpx.DecodingError("the answer is longer than any", request=response.request)
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("the answer does not end", request=response.request)
        unpacked = _unpacked(response, bytes(content))
        if not response.is_success:
            # Words of an error are shown, and could repeat what was sent.
            unpacked = self._without_token(unpacked)
        return response, unpacked

    def _until_tokens_return(self, refusal: RateLimited) -> float:
        """Seconds to wait after a 429: as long as Heroku asks, else until there are requests again.

        Asking how many requests are left costs none (Dev Center, *Rate Limits*).
        """
        if refusal.retry_after is not None:
            return max(self.patience.pace, refusal.retry_after)
        try:
            remaining = self._send_once("GET", "platform", "/account/rate-limits", None, None).read(
                lambda body: int(body["remaining"])
            )
        except HerokuError:
            remaining = 0
        return self.patience.pace * (1 if remaining >= ENOUGH_TOKENS else 20)


def _unpacked(response: httpx.Response, content: bytes) -> bytes:
    """Undo the one compression that was asked for, to no more than is ever read.

    httpx's own decoders are not used: a few kilobytes that were packed twice fill any memory before it gives a chunk.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return content
    try:
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        unpacked = unpacking.decompress(content, LONGEST_ANSWER)
    except zlib.error:
        raise httpx.DecodingError("not gzip", request=response.request) from None
    if encoding != "gzip" or not unpacking.eof:
        raise httpx.DecodingError("packed otherwise, cut short or too long", request=response.request)
    return unpacked


def _https(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise RefusedByGuard(
            "An address of Heroku's API in the settings is not an https address.",
            state="Nothing was sent, so the token stayed here.",
            next_step="Correct the address; for the real Heroku leave it at its default.",
        )
    return url.rstrip("/")
