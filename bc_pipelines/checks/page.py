"""What one HTML page says: its title, its rules for robots, and where its links lead. Nothing is fetched or judged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal
from urllib.parse import urljoin

Place = Literal[
    "canonical address",
    "social media tags",
    "navigation",
    "media",
    "form",
    "structured data",
    "scripts and styles",
    "sitemap",
    "redirect",
    "editors' content",
]
EDITORS: Place = "editors' content"

_CONTAINERS = frozenset({"main", "article", "nav", "header", "footer"})
_WRITTEN_BY_EDITORS = frozenset({"main", "article"})
_MEDIA = frozenset({"img", "source", "video", "audio", "track", "embed"})


@dataclass(frozen=True)
class Link:
    """An absolute address in a page, and in which place of the page it stands."""

    place: Place
    url: str


@dataclass(frozen=True)
class Content:
    """What a page says.

    Attributes:
        title: text of its `title`, blanks collapsed.
        robots: contents of its `meta name="robots"` elements.
        links: every address in it, made absolute.
    """

    title: str
    robots: tuple[str, ...]
    links: tuple[Link, ...]


def read_page(html: str, url: str) -> Content:
    """Read a page.

    Args:
        html: its text.
        url: its address, against which relative addresses are resolved.

    Returns:
        What it says. Links inside `main` or `article` are editors' content; images, forms, structured data and what
        stands in the head are the site's own wherever they are.
    """
    parser = _Parser(url)
    # Python's parser gives up at a marked section that is none; browsers take it for a comment.
    parser.feed(html.replace("<![", "&lt;!["))
    parser.close()
    return Content(" ".join(parser.title.split()), tuple(parser.robots), tuple(parser.links))


class _Parser(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.title = ""
        self.robots: list[str] = []
        self.links: list[Link] = []
        self._containers: list[str] = []
        self._inside = ""
        self._json = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in _CONTAINERS:
            self._containers.append(tag)
        if tag == "title" and not self.title:
            self._inside = "title"
        if tag == "script" and attributes.get("type", "").lower() == "application/ld+json":
            self._inside, self._json = "json", ""
        if tag == "meta" and attributes.get("name", "").lower() == "robots":
            self.robots.append(attributes.get("content", ""))
        for place, address in self._addresses(tag, attributes):
            self._add(place, address)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._containers:
            # An element that was never closed ends with the one around it.
            while self._containers.pop() != tag:
                pass
        if tag == "script" and self._inside == "json":
            for address in _addresses_in_json(self._json):
                self._add("structured data", address)
        if tag in ("title", "script"):
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        elif self._inside == "json":
            self._json += data

    def _addresses(self, tag: str, attributes: dict[str, str]) -> Iterator[tuple[Place, str]]:
        """Yield every address of an element with the place that it stands in."""
        if tag in ("a", "area"):
            yield self._place_of_link(), attributes.get("href", "")
        elif tag == "iframe":
            yield (EDITORS if self._in_editors_content() else "media"), attributes.get("src", "")
        elif tag == "form":
            yield "form", attributes.get("action", "")
        elif tag in _MEDIA:
            yield "media", attributes.get("src", "")
            yield "media", attributes.get("poster", "")
        elif tag == "object":
            yield "media", attributes.get("data", "")
        elif tag == "script":
            yield "scripts and styles", attributes.get("src", "")
        else:
            yield from _addresses_in_head(tag, attributes)
        yield "form", attributes.get("formaction", "")
        for candidate in re.split(r",\s+", attributes.get("srcset", "")):
            yield "media", candidate.strip().partition(" ")[0]

    def _place_of_link(self) -> Place:
        return EDITORS if self._in_editors_content() else "navigation"

    def _in_editors_content(self) -> bool:
        """Whether the innermost part of the page is one that editors fill: a `nav` inside `main` is not."""
        return bool(self._containers) and self._containers[-1] in _WRITTEN_BY_EDITORS

    def _add(self, place: Place, address: str) -> None:
        address = address.strip()
        if not address or address.startswith("#"):
            return
        try:
            absolute = urljoin(self.url, address)
        except ValueError:
            # Not an address at all, such as "http://[".
            return
        if absolute.startswith(("http://", "https://")):
            self.links.append(Link(place, absolute))


def _addresses_in_head(tag: str, attributes: dict[str, str]) -> Iterator[tuple[Place, str]]:
    content = attributes.get("content", "")
    if tag == "link":
        styles = {"stylesheet", "icon", "preload", "manifest", "preconnect", "dns-prefetch"}
        own = not styles & set(attributes.get("rel", "").lower().split())
        yield ("canonical address" if own else "scripts and styles"), attributes.get("href", "")
    elif tag == "base":
        yield "canonical address", attributes.get("href", "")
    elif tag == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
        yield "redirect", content.partition("=")[2].strip(" '\"")
    elif tag == "meta" and content.startswith(("http://", "https://", "//")):
        yield "social media tags", content


def _addresses_in_json(text: str) -> Iterator[str]:
    try:
        value = json.loads(text)
    except ValueError:
        return
    yield from _strings(value)


def _strings(value: object) -> Iterator[str]:
    """Yield every text of a JSON value that is an absolute address."""
    if isinstance(value, str) and value.startswith(("http://", "https://", "//")):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
