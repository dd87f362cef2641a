"""What the site answers, asked from inside: this file's text runs in `manage.py shell` on a one-off dyno.

It goes there as it stands here, so it may import only the standard library and what every Django site has. Nothing in
this package imports it; `hidden.py` reads its text.
"""

import json
import re
import sys
from html.parser import HTMLParser
from typing import Any


class Head(HTMLParser):
    """Collects the title and what `meta name="robots"` says."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.robots: list[str] = []
        self.in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a robots rule, or that a title begins."""
        attributes = {name: value or "" for name, value in attrs}
        self.in_title = tag == "title" and not self.title
        if tag == "meta" and attributes.get("name", "").lower() == "robots":
            self.robots.append(attributes.get("content", ""))

    def handle_endtag(self, tag: str) -> None:
        """Note that a title ends."""
        self.in_title = False

    def handle_data(self, data: str) -> None:
        """Take the title's text."""
        if self.in_title:
            self.title += data


def ask(host: str, path: str) -> Any:  # noqa: ANN401 - Django ships no types
    """Request a path as a visitor of a host would, past proxy and TLS."""
    from django.test import Client

    client = Client(raise_request_exception=False)
    proxy = {"HTTP_X_FORWARDED_FOR": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "https"}
    return client.get(path, secure=True, HTTP_HOST=host, **proxy)


def text_of(response: Any) -> str:  # noqa: ANN401
    """The body of a response, streaming or not."""
    body: bytes = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode("utf-8", "replace")


def describe(host: str) -> dict[str, Any]:
    """What a host shows a search engine."""
    response, robots = ask(host, "/"), ask(host, "/robots.txt")
    head = Head()
    head.feed(text_of(response))
    rules = text_of(robots) if robots.status_code == 200 else ""
    return {
        "host": host,
        "status": response.status_code,
        "robots": head.robots,
        "x_robots_tag": response.headers.get("X-Robots-Tag", ""),
        "title": " ".join(head.title.split()),
        "robots_txt_disallows": bool(re.search(r"(?im)^\s*disallow:\s*/\s*$", rules)),
    }


def print_answers(mark: str, hosts: list[str]) -> None:
    """Print one line for each host: a mark that nothing else prints, then JSON."""
    for host in hosts:
        try:
            answer = describe(host)
        except Exception as error:
            # The type alone: the message may quote what the site holds.
            answer = {"host": host, "error": type(error).__name__}
        sys.stdout.write(f"{mark}{json.dumps(answer)}\n")
