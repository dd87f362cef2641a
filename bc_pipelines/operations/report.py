"""The report of one reset: a page that a client can read without Dagster, kept in the archive store.

Belongs here: gathering what the record and the manifest say, and the page's words. Does not belong here: judging
(the verdicts come from the checks, by way of the caller) and sending anything to anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from bc_pipelines.operations.record import ResetRecord
from bc_pipelines.operations.restore import manifest_of
from bc_pipelines.operations.tools import Tools


@dataclass(frozen=True)
class CheckLine:
    """One asset check of the run, for the report.

    Attributes:
        asset: the asset's key, as `staging/database`.
        name: the check's name.
        passed: its verdict.
        warning: whether a failure is only a warning.
        summary: its words.
    """

    asset: str
    name: str
    passed: bool
    warning: bool
    summary: str


def write_report(tools: Tools, record: ResetRecord, checks: Iterable[CheckLine]) -> tuple[str, str]:
    """Write the page and store it.

    Args:
        tools: the run's tools.
        record: of the reset.
        checks: every check of the run so far.

    Returns:
        The key in the archive store, and the page.
    """
    page = render(record, manifest_of(tools, record), tuple(checks), tools.settings.staging.sites)
    key = f"reports/{record.id}.html"
    tools.archives.put_text(key, page, "text/html; charset=utf-8")
    return key, page


def render(
    record: ResetRecord, manifest: Mapping[str, Any], checks: tuple[CheckLine, ...], sites: Mapping[str, str]
) -> str:
    """The page, complete in itself: no script, no picture, no style from elsewhere."""
    touched = [t for t in manifest["tables"] if t["rows_purged"] or t["rows_rewritten"]]
    touched.sort(key=lambda t: (-t["rows_purged"], -t["rows_rewritten"], t["table"]))
    failed = [c for c in checks if not c.passed and not c.warning]
    sections = [
        _figures(record, manifest, checks),
        _table("Checks", ("", "what", "check", "found"), [_check_row(c) for c in checks]),
        _table(
            "Personal data",
            ("table", "rows in production", "removed", "rewritten", "on staging"),
            [(t["table"], t["rows_read"], t["rows_purged"], t["rows_rewritten"], t["rows_written"]) for t in touched],
        ),
        _table(
            "Accounts by e-mail domain",
            ("domain", "kept", "replaced"),
            [(d["domain"], d["kept"], d["replaced"]) for d in manifest["accounts"]["by_domain"]],
        ),
        _table("Site records", ("on production", "on staging"), list(sites.items())),
        _WHAT_STAYS,
    ]
    verdict = "went through" if not failed else f"has {len(failed)} failed check(s)"
    return _PAGE.format(title=f"Reset of {escape(record.app)}", verdict=verdict, body="\n".join(sections))


def _figures(record: ResetRecord, manifest: Mapping[str, Any], checks: tuple[CheckLine, ...]) -> str:
    facts = record.facts
    rows = [
        ("Reset", record.id),
        ("Began", _moment(record.started_at)),
        ("Asked for by", record.requested_by or "not said"),
        ("Allowed by", record.approval),
        ("Made from", f"production's backup {facts.get('source_backup')}"),
        ("Way back", f"backup {facts.get('rollback_point')} of {record.app}"),
        ("Down for", f"{float(facts.get('downtime_seconds', 0)):.0f} seconds"),
        ("Rows removed", f"{sum(t['rows_purged'] for t in manifest['tables']):,}"),
        ("Rows rewritten", f"{sum(t['rows_rewritten'] for t in manifest['tables']):,}"),
        ("Accounts", f"{manifest['accounts']['kept']} kept, {manifest['accounts']['replaced']} replaced"),
        ("Checks", _checks_in_words(checks)),
    ]
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    return f"<dl>{cells}</dl>"


def _checks_in_words(checks: tuple[CheckLine, ...]) -> str:
    passed = sum(check.passed for check in checks)
    warnings = sum(not check.passed and check.warning for check in checks)
    failed = len(checks) - passed - warnings
    return f"{passed} passed, {warnings} warned, {failed} failed"


def _check_row(check: CheckLine) -> tuple[str, str, str, str]:
    mark = "✓" if check.passed else ("!" if check.warning else "✗")
    return mark, check.asset, check.name.replace("_", " "), check.summary


def _table(title: str, heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    numbers = [isinstance(value, int) for value in rows[0]] if rows else [False] * len(heads)
    head = "".join(
        f'<th class="n">{escape(name)}</th>' if number else f"<th>{escape(name)}</th>"
        for name, number in zip(heads, numbers, strict=True)
    )
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    return f'<td class="n">{value:,}</td>' if isinstance(value, int) else f"<td>{escape(str(value))}</td>"


def _moment(when: datetime) -> str:
    return f"{when:%d %B %Y, %H:%M} UTC"


_WHAT_STAYS = """<h2>What stays, and what was not looked into</h2>
<p>Staff accounts keep their names, addresses and, where the council chose so, their passwords. Published content stays
as it is, with the contact details that it publishes; so do old drafts. Replaced accounts keep their numbers, groups and
dates, so they are pseudonymised, not anonymous. Text inside PDFs and pictures was not searched.</p>"""

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
<p>This reset {verdict}.</p>
{body}
</body>
</html>
"""
