"""The report of one reset: what a client can read of it, as a page of its own and as a text in the Dagster UI.

Belongs here: gathering what the record and the manifest say. Does not belong here: how it looks (see `report_page`),
judging (the verdicts come from the checks, by way of the caller), and sending anything to anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bc_pipelines.operations.record import ResetRecord
from bc_pipelines.operations.restore import manifest_of
from bc_pipelines.operations.taken_up import down_for, first_of
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


@dataclass(frozen=True)
class Table:
    """A part of the report.

    Attributes:
        title: above it.
        heads: names of its columns.
        rows: texts and whole numbers, as many in each row as there are heads.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True)
class Report:
    """What is said of one reset.

    Attributes:
        title: what was reset.
        verdict: whether it went through, in a sentence.
        figures: names and values.
        tables: in the order in which they are read.
    """

    title: str
    verdict: str
    figures: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]


WHAT_STAYS = (
    "Staff accounts keep their names, addresses and, where the council chose so, their passwords. Published content "
    "stays as it is, with the contact details that it publishes; so do old drafts. Replaced accounts keep their "
    "numbers, groups and dates, so they are pseudonymised, not anonymous. Text inside PDFs and pictures was not "
    "searched."
)


def report_of(tools: Tools, record: ResetRecord, checks: Iterable[CheckLine]) -> Report:
    """Gather the report of a reset.

    Args:
        tools: the run's tools.
        record: of the reset.
        checks: every check of the run so far.
    """
    down = down_for(record, first_of(tools.records, record))
    return gather(record, manifest_of(tools, record.id), tuple(checks), tools.settings.staging.sites, down)


def gather(
    record: ResetRecord,
    manifest: Mapping[str, Any],
    checks: tuple[CheckLine, ...],
    sites: Mapping[str, str],
    down: timedelta,
) -> Report:
    """Put together what is said; counts and names only, never a value of a row."""
    failed = sum(not check.passed and not check.warning for check in checks)
    return Report(
        title=f"Reset of {record.app}",
        verdict=f"This reset has {failed} failed check(s)." if failed else "This reset went through.",
        figures=_figures(record, manifest, checks, down),
        tables=(
            Table("Checks", ("", "what", "check", "found"), tuple(_check_row(check) for check in checks)),
            _personal_data(manifest),
            Table(
                "Accounts by e-mail domain",
                ("domain", "kept", "replaced"),
                tuple((d["domain"], d["kept"], d["replaced"]) for d in manifest["accounts"]["by_domain"]),
            ),
            *_branch_table(record.facts),
            Table("Site records", ("on production", "on staging"), tuple(sites.items())),
        ),
    )


def _personal_data(manifest: Mapping[str, Any]) -> Table:
    touched = [t for t in manifest["tables"] if t["rows_purged"] or t["rows_rewritten"]]
    touched.sort(key=lambda t: (-t["rows_purged"], -t["rows_rewritten"], t["table"]))
    return Table(
        "Personal data",
        ("table", "rows in production", "removed", "rewritten", "on staging"),
        tuple((t["table"], t["rows_read"], t["rows_purged"], t["rows_rewritten"], t["rows_written"]) for t in touched),
    )


def _figures(
    record: ResetRecord, manifest: Mapping[str, Any], checks: tuple[CheckLine, ...], down: timedelta
) -> tuple[tuple[str, str], ...]:
    facts = record.facts
    return (
        ("Reset", record.id),
        ("Began", _moment(record.started_at)),
        ("Asked for by", record.requested_by or "not said"),
        ("Allowed by", record.approval),
        ("Made from", f"production's backup {facts.get('source_backup')}"),
        ("Way back", f"backup {facts.get('rollback_point')} of {record.app}"),
        ("Down for", f"{down.total_seconds():.0f} seconds"),
        ("Rows removed", f"{sum(t['rows_purged'] for t in manifest['tables']):,}"),
        ("Rows rewritten", f"{sum(t['rows_rewritten'] for t in manifest['tables']):,}"),
        ("Accounts", f"{manifest['accounts']['kept']} kept, {manifest['accounts']['replaced']} replaced"),
        ("Branch", _branch_in_words(facts)),
        ("Images and documents", _media_in_words(facts)),
        ("Checks", _checks_in_words(checks)),
    )


def _media_in_words(facts: Mapping[str, Any]) -> str:
    come_in, settled = facts.get("media_in", {}), facts.get("media_settled", {})
    copied = come_in.get("copied", 0) + settled.get("copied", 0)
    megabytes = (come_in.get("bytes", 0) + settled.get("bytes", 0)) / 1e6
    return f"{copied:,} copied ({megabytes:.1f} MB), {settled.get('deleted', 0):,} deleted"


def _branch_in_words(facts: Mapping[str, Any]) -> str:
    code = facts.get("code")
    return f"{code['branch']}: {code['main'][0]} with {len(code['merged'])} merged in" if code else "left alone"


def _branch_table(facts: Mapping[str, Any]) -> Iterator[Table]:
    code = facts.get("code")
    if code is None:
        return
    (main, tip), merged = code["main"], code["merged"]
    rows = [("made from", main, tip[:12]), *(("merged in", name, commit[:12]) for name, commit in merged)]
    if code["old"]:
        rows.append(("before", code["tag"] or code["branch"], code["old"][:12]))
    yield Table(f"Branch {code['branch']}", ("", "name", "commit"), tuple(rows))


def _checks_in_words(checks: tuple[CheckLine, ...]) -> str:
    passed = sum(check.passed for check in checks)
    warnings = sum(not check.passed and check.warning for check in checks)
    failed = len(checks) - passed - warnings
    return f"{passed} passed, {warnings} warned, {failed} failed"


def _check_row(check: CheckLine) -> tuple[str, str, str, str]:
    mark = "✓" if check.passed else ("!" if check.warning else "✗")
    return mark, check.asset, check.name.replace("_", " "), check.summary


def _moment(when: datetime) -> str:
    return f"{when:%d %B %Y, %H:%M} UTC"
