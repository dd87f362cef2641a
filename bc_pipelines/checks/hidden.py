"""Whether search engines are kept off every staging host, before anybody can reach it.

The site prints `noindex` only while a host is *not* that of a Site record, or the host is named in NONINDEXED_HOSTS,
or SEO_NOINDEX is set (bc/project_styleguide/templates/patterns/base.html). So moving the Site records to staging's
hosts is what makes staging visible. Judged twice here: from config vars, for the plan, and from pages that a one-off
dyno renders while maintenance is still on. What is served afterwards is judged in `served.py`.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from bc_pipelines.checks.verdict import Row, Verdict, listed

MARK = "bc-pipelines-page "
REMEDY = "Name every staging host in the config var NONINDEXED_HOSTS, or set SEO_NOINDEX=true, or switch basic auth on."
_BLOCKING = frozenset({"noindex", "none"})


def render_command(hosts: Iterable[str]) -> str:
    """Write the command line that makes a one-off dyno render the home page of every host.

    Args:
        hosts: the staging hosts.

    Returns:
        One physical line for a POSIX shell; its output is for `judge_rendered`.
    """
    text = files(__package__).joinpath("rendered_pages.py").read_text(encoding="utf-8")
    program = f"{text}\nprint_answers({MARK!r}, {list(hosts)!r})\n"
    # repr() makes one line of it: the command travels through Heroku's API and two shells.
    return f"python manage.py shell -c {shlex.quote(f'exec({program!r})')}"


def judge_rendered(output: str, hosts: Sequence[str]) -> Verdict:
    """Judge what the dyno printed.

    Args:
        output: what `render_command` printed, whatever else stands between.
        hosts: the staging hosts; every one must have been answered.

    Returns:
        The verdict; its rows are the hosts.
    """
    answers = _answers(output)
    rows = tuple(_rendered_row(host, answers.get(host)) for host in hosts)
    return verdict_on_hosts(rows, "would be hidden")


def judge_config(
    hosts: Sequence[str], *, nonindexed_hosts: str | None, seo_noindex: str | None, basic_auth: str | None
) -> Verdict:
    """Predict from the app's config vars whether every host will be hidden once the Site records have moved.

    Args:
        hosts: the staging hosts.
        nonindexed_hosts: value of NONINDEXED_HOSTS, or None if it is not set. The site splits it at commas and keeps
            any blanks, so a host behind a blank does not count.
        seo_noindex: value of SEO_NOINDEX, or None.
        basic_auth: value of BASIC_AUTH_ENABLED, or None.

    Returns:
        The verdict; its rows are the hosts.
    """
    named = frozenset((nonindexed_hosts or "").split(","))
    everywhere = [
        words
        for words, value in (("SEO_NOINDEX is on", seo_noindex), ("basic auth is on", basic_auth))
        if (value or "").strip().lower() == "true"
    ]
    rows: list[Row] = []
    for host in hosts:
        reasons = everywhere + (["named in NONINDEXED_HOSTS"] if host in named else [])
        rows.append({"host": host, "hidden": bool(reasons), "why": ", ".join(reasons) or "nothing would hide it"})
    return verdict_on_hosts(tuple(rows), "would be hidden")


def why_hidden(status: int, meta: Iterable[str], header: str) -> str:
    """Say what keeps search engines off a page.

    Args:
        status: HTTP status of the page.
        meta: contents of its `meta name="robots"` elements.
        header: its X-Robots-Tag header, or an empty text.

    Returns:
        The reason in words, or an empty text if nothing does.
    """
    if status == 401:
        return "asks for a password (401)"
    if _says_noindex(meta):
        return "noindex in the page"
    # A part may be meant for one robot only ("otherbot: noindex"): that hides from nobody else.
    if _says_noindex(header.split(",")):
        return "noindex in the X-Robots-Tag header"
    return ""


def verdict_on_hosts(rows: tuple[Row, ...], hidden: str) -> Verdict:
    """Put rows with `host`, `hidden` and `why` into one verdict.

    Args:
        rows: one a host.
        hidden: what is said of a host that search engines may not list, such as `are hidden`.

    Returns:
        The verdict; no hosts at all is a failure.
    """
    visible = [f"{row['host']} ({row['why']})" for row in rows if not row["hidden"]]
    facts = {"hosts": len(rows), "hidden": len(rows) - len(visible)}
    if not rows:
        return Verdict(False, "No staging hosts were given, so nothing could be judged.", facts)
    if visible:
        summary = f"Nothing shows that these hosts {hidden} from search engines: {listed(visible)}. {REMEDY}"
        return Verdict(False, summary, facts, rows)
    unread = [str(row["host"]) for row in rows if row.get("robots.txt forbids reading")]
    if unread:
        summary = (
            f"robots.txt of {listed(unread)} forbids reading pages, so search engines never see that they say "
            "noindex and may still list them. Let robots.txt allow everything."
        )
        return Verdict(False, summary, facts, rows)
    return Verdict(True, f"All {len(rows)} staging hosts {hidden} from search engines.", facts, rows)


def _answers(output: str) -> dict[str, Mapping[str, Any]]:
    answers: dict[str, Mapping[str, Any]] = {}
    for line in output.splitlines():
        _, mark, text = line.partition(MARK)
        if not mark:
            continue
        try:
            answer = json.loads(text)
        except ValueError:
            continue
        if isinstance(answer, dict):
            answers[str(answer.get("host"))] = answer
    return answers


def _rendered_row(host: str, answer: Mapping[str, Any] | None) -> Row:
    row: dict[str, str | int | float | bool] = {
        "host": host,
        "hidden": False,
        "why": "the dyno said nothing of it",
        "status": 0,
        "title": "",
        "robots.txt forbids reading": False,
    }
    if answer is None:
        return row
    if "error" in answer:
        return row | {"why": f"the page could not be rendered ({answer['error']})"}
    status = int(answer["status"])
    why = why_hidden(status, answer["robots"], answer["x_robots_tag"])
    # An error page says nothing of the page that visitors will get.
    hidden = bool(why) and status in (200, 401)
    return row | {
        "hidden": hidden,
        "why": why if hidden else f"status {status}, {why or 'nothing hides it'}",
        "status": status,
        "title": str(answer["title"]),
        "robots.txt forbids reading": bool(answer["robots_txt_disallows"]) and status != 401,
    }


def _says_noindex(rules: Iterable[str]) -> bool:
    return any(word.strip().lower() in _BLOCKING for rule in rules for word in rule.split(","))
