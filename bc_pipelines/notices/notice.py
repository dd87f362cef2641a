"""The shape of a notice, and how it is written for each place where it is read.

Belongs here: plain text, HTML, Slack's own markup and Markdown. Does not belong here: what is said (see `texts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

_URL = re.compile(r"https?://[^\s<>]*[^\s<>.,;:]")
# What Markdown would read as a sign of its own.
_MARKUP = re.compile(r"([\\`*_\[\]<>|~])")


@dataclass(frozen=True)
class Part:
    """A part of a notice.

    Attributes:
        title: above it; empty for none.
        lines: its sentences, one after another; a list where there is a title.
    """

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Notice:
    """What is told.

    Attributes:
        subject: in a few words; the first line where there is no subject.
        parts: in the order in which they are read.
        mark: stands at the very end and is in no other notice, so that it can be found again.
    """

    subject: str
    parts: tuple[Part, ...]
    mark: str


def as_text(notice: Notice) -> str:
    """The notice as plain text, as it stands in an e-mail."""
    return "\n\n".join([*(_text_part(part) for part in notice.parts), notice.mark]) + "\n"


def as_html(notice: Notice) -> str:
    """The same as a simple page: no picture, no style from elsewhere."""
    body = "\n".join([*(_html_part(part) for part in notice.parts), f"<p><small>{escape(notice.mark)}</small></p>"])
    return _PAGE.format(subject=escape(notice.subject), body=body)


def as_slack(notice: Notice) -> str:
    """The same in Slack's markup, in which three characters have to be escaped (Slack, *Formatting text*)."""
    parts = [f"*{_slack(notice.subject)}*", *(_slack_part(part) for part in notice.parts), f"_{_slack(notice.mark)}_"]
    return "\n".join(parts)


def as_markdown(notice: Notice) -> str:
    """The same as the Dagster UI and a terminal show it."""
    return "\n\n".join([f"**{_plain(notice.subject)}**", *_markdown_parts(notice), f"*{_plain(notice.mark)}*"])


def _text_part(part: Part) -> str:
    if not part.title:
        return "\n\n".join(part.lines)
    return "\n".join([part.title, *(f"- {line}" for line in part.lines)])


def _html_part(part: Part) -> str:
    if not part.title:
        return "\n".join(f"<p>{_linked(line)}</p>" for line in part.lines)
    items = "".join(f"<li>{_linked(line)}</li>" for line in part.lines)
    return f"<h2>{escape(part.title)}</h2>\n<ul>{items}</ul>"


def _slack_part(part: Part) -> str:
    if not part.title:
        return "\n".join(_slack(line) for line in part.lines)
    return "\n".join([f"*{_slack(part.title)}*", *(f"• {_slack(line)}" for line in part.lines)])


def _markdown_parts(notice: Notice) -> Iterator[str]:
    for part in notice.parts:
        if part.title:
            yield f"**{_plain(part.title)}**"
            yield "\n".join(f"- {_plain(line)}" for line in part.lines)
        else:
            yield from (_plain(line) for line in part.lines)


def _linked(line: str) -> str:
    """A line of HTML in which addresses of the web can be clicked."""
    pieces, end = [], 0
    for found in _URL.finditer(line):
        url = escape(found[0])
        pieces += [escape(line[end : found.start()]), f'<a href="{url}">{url}</a>']
        end = found.end()
    return "".join([*pieces, escape(line[end:])])


def _slack(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(line: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(line.split()))


_PAGE = """<!doctype html>
<html lang="en-GB">
<head><meta charset="utf-8"><title>{subject}</title></head>
<body style="font: 16px/1.5 sans-serif; color: #1d1d1b; max-width: 40rem">
{body}
</body>
</html>
"""
