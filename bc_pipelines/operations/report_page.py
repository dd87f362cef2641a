"""How the report of a reset looks: a page that is complete in itself, and Markdown for the Dagster UI.

Belongs here: the two forms. Does not belong here: what is said (see `report`).
"""

from __future__ import annotations

import re
from html import escape

from bc_pipelines.operations.report import WHAT_STAYS, Report, Table

_WHAT_STAYS_TITLE = "What stays, and what was not looked into"
# What Markdown would read as a sign of its own: emphasis, code, links, tables, HTML.
_MARKUP = re.compile(r"([\\`*_\[\]<>|~])")


def as_html(report: Report) -> str:
    """The page: no script, no picture, no style from elsewhere."""
    figures = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in report.figures)
    stays = f"<h2>{escape(_WHAT_STAYS_TITLE)}</h2>\n<p>{escape(WHAT_STAYS)}</p>"
    body = "\n".join([f"<dl>{figures}</dl>", *(_html_table(table) for table in report.tables), stays])
    return _PAGE.format(title=escape(report.title), verdict=escape(report.verdict), body=body)


def as_markdown(report: Report) -> str:
    """The same as text, as the Dagster UI shows it behind a click."""
    parts = [
        f"# {_plain(report.title)}",
        _plain(report.verdict),
        "\n".join(f"- **{_plain(name)}:** {_plain(value)}" for name, value in report.figures),
        *(_markdown_table(table) for table in report.tables),
        f"## {_WHAT_STAYS_TITLE}",
        WHAT_STAYS,
    ]
    return "\n\n".join(parts)


def _markdown_table(table: Table) -> str:
    lines = [table.heads, tuple("--:" if number else "---" for number in _numbers(table)), *table.rows]
    rows = [_markdown_row(line, plain=number != 1) for number, line in enumerate(lines)]
    return f"## {_plain(table.title)}\n\n" + "\n".join(rows)


def _markdown_row(cells: tuple[str | int, ...], *, plain: bool) -> str:
    return "| " + " | ".join(_plain(_shown(cell)) if plain else str(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _html_table(table: Table) -> str:
    numbers = _numbers(table)
    head = "".join(
        f'<th class="n">{escape(name)}</th>' if number else f"<th>{escape(name)}</th>"
        for name, number in zip(table.heads, numbers, strict=True)
    )
    body = "".join("<tr>" + "".join(_html_cell(value) for value in row) + "</tr>" for row in table.rows)
    return f"<h2>{escape(table.title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _html_cell(value: str | int) -> str:
    return f'<td class="n">{_shown(value)}</td>' if isinstance(value, int) else f"<td>{escape(value)}</td>"


def _numbers(table: Table) -> list[bool]:
    """Which columns hold numbers."""
    return [isinstance(value, int) for value in table.rows[0]] if table.rows else [False] * len(table.heads)


def _shown(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value


_PAGE = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1d1d1b; max-width: 68rem; margin: 2rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.9rem; margin-bottom: 0 }}
h2 {{ margin-top: 2.5rem; font-size: 1.25rem }}
dl {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .75rem; margin: 2rem 0 }}
dl div {{ background: #f3f5f2; border-left: 4px solid #2c5234; padding: .5rem .75rem }}
dt {{ font-size: .85rem; color: #4a4a48 }}
dd {{ margin: 0; font-weight: 600 }}
table {{ border-collapse: collapse; width: 100%; font-size: .93rem }}
th, td {{ text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #dcdcd6; vertical-align: top }}
th.n, td.n {{ text-align: right; font-variant-numeric: tabular-nums }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{verdict}</p>
{body}
</body>
</html>
"""
