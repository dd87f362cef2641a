"""Asking a web server for pages as a visitor would: bounded in time and bytes, patient while a dyno boots.

Nothing is judged here. Where all hosts are answered at one address (a sandbox, a site before its DNS), connections go
there while TLS and the Host header stay those of the host asked for, as with curl's `--connect-to`.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

MAX_BYTES = 2_000_000
REQUEST_SECONDS = 20.0
MAX_REDIRECTS = 3
# What Heroku's router answers while a dyno boots, or while maintenance is being lifted.
BOOTING = frozenset({502, 503, 504})


@dataclass(frozen=True)
class Answer:
    """What a host answered.

    Attributes:
        url: the address asked for, after redirects within the host.
        status: HTTP status, 0 if nothing answered.
        headers: of the answer.
        body: its text, at most `MAX_BYTES` bytes of it.
        redirect: absolute address of a redirect that was not followed, or an empty text.
        problem: why there is no answer, in words, or an empty text.
    """

    url: str
    status: int = 0
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: str = ""
    redirect: str = ""
    problem: str = ""


class Visitor:
    """A visitor without cookies; a context manager.

    Args:
        connect_to: `host:port` that answers for every host, or None for the ordinary way.
        patience: seconds from now during which a host that does not answer yet is asked again.
        auth: login for basic auth, or None.
        tls: how certificates are verified; None for httpx's own way, which heeds SSL_CERT_FILE.
    """

    def __init__(
        self,
        connect_to: str | None,
        patience: float,
        auth: httpx.BasicAuth | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        transport: httpx.BaseTransport = httpx.HTTPTransport(
            verify=tls or True,
            # A kept connection would answer for the next host under the certificate of the last one.
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        if connect_to:
            transport = _ConnectTo(connect_to, transport)
        self._client = httpx.Client(transport=transport, timeout=10, headers={"User-Agent": "bc_pipelines"})
        self._until = time.monotonic() + patience
        self._auth = auth

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, url: str, *, login: bool = False) -> Answer:
        """Fetch an address, following redirects that stay on its host.

        Args:
            url: absolute, `https://`.
            login: whether to send the basic auth login, where there is one.

        Returns:
            The last answer; never raises for what a server does.
        """
        auth = self._auth if login else None
        answer = self._patiently(url, auth)
        for _ in range(MAX_REDIRECTS):
            if not answer.redirect or urlsplit(answer.redirect).netloc != urlsplit(url).netloc:
                break
            answer = self._patiently(answer.redirect, auth)
        return answer

    def _patiently(self, url: str, auth: httpx.BasicAuth | None) -> Answer:
        pause = 0.25
        while True:
            answer, later = self._once(url, auth)
            remaining = self._until - time.monotonic()
            if not later or remaining <= 0:
                return answer
            time.sleep(min(pause, remaining))
            pause = min(pause * 2, 4)

    def _once(self, url: str, auth: httpx.BasicAuth | None) -> tuple[Answer, bool]:
        """Ask once; the second value tells whether asking again later may help."""
        try:
            with self._client.stream("GET", url, auth=auth) as response:
                answer = Answer(
                    url=url,
                    status=response.status_code,
                    headers=response.headers,
                    body=_read(response),
                    redirect=_redirect(response, url),
                )
        except httpx.HTTPError as error:
            untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
            return Answer(url, problem=_in_words(error, untrusted)), not untrusted
        except httpx.InvalidURL:
            return Answer(url, problem="its address is not valid"), False
        return answer, answer.status in BOOTING


class _ConnectTo(httpx.BaseTransport):
    def __init__(self, address: str, inner: httpx.BaseTransport) -> None:
        host, _, port = address.rpartition(":")
        self._host, self._port, self._inner = host, int(port), inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        elsewhere = httpx.Request(
            request.method,
            request.url.copy_with(host=self._host, port=self._port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return self._inner.handle_request(elsewhere)

    def close(self) -> None:
        self._inner.close()


def _read(response: httpx.Response) -> str:
    body, until = b"", time.monotonic() + REQUEST_SECONDS
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BYTES or time.monotonic() > until:
            break
    try:
        return body[:MAX_BYTES].decode(response.charset_encoding or "utf-8", "replace")
    except LookupError:
        return body[:MAX_BYTES].decode("utf-8", "replace")


def _redirect(response: httpx.Response, url: str) -> str:
    location = response.headers.get("Location", "")
    try:
        return urljoin(url, location) if response.is_redirect and location else ""
    except ValueError:
        return ""


def _in_words(error: httpx.HTTPError, untrusted: bool) -> str:
    if untrusted:
        return "its certificate is not valid for this host, or nobody trusts it"
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer in time"
    if isinstance(error, httpx.ConnectError):
        return "no connection can be made"
    return f"the connection broke ({type(error).__name__})"
