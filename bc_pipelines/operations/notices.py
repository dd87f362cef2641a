"""Who is told of a finished reset, each once: what is said, and what the record says of having said it.

Belongs here: gathering figures, the record's note before and after sending, and what to do where nobody knows whether
a notice went out. Does not belong here: words (see `notices.texts`), servers (see `notices.mail` and `notices.slack`),
and the message that a reset stopped (see `stopped`).

A notice is noted as "sending" before it is handed over, and as "sent" afterwards. Whoever is killed in between leaves
"sending" behind: nothing is sent again on a guess, and nothing is taken for sent. On Slack the next attempt looks into
the channel; of an e-mail a person has to say whether it arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

from bc_pipelines.checks import notices as checks
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.notices import mail, slack
from bc_pipelines.notices.errors import NotSent, PerhapsSent
from bc_pipelines.notices.notice import Notice, as_markdown, as_slack
from bc_pipelines.notices.texts import Figures, Told, client_notice, colleague_notice
from bc_pipelines.operations.code import LOST
from bc_pipelines.operations.errors import GateClosed, Refused
from bc_pipelines.operations.plan import Plan
from bc_pipelines.operations.record import Kind, Records, ResetRecord, State
from bc_pipelines.operations.reset import TYPED
from bc_pipelines.operations.restore import manifest_of
from bc_pipelines.operations.standing import standing
from bc_pipelines.operations.taken_up import down_for, first_of
from bc_pipelines.operations.tools import Tools
from bc_pipelines.settings import Settings

AfterLooking = Literal["", "arrived", "lost"]
SENDING = "sending"
SENT = "sent"
STOPPED = "stopped_notice"
"""The fact of a record that says that colleagues were told that it stopped."""
_NOT_ON_SLACK = "Colleagues are not told: notices.slack_channel is not set."
_NOT_BY_MAIL = "The client is not told: notices.client_addresses is not set."


class Which(StrEnum):
    """A notice, by the name of its fact in a record and of its asset."""

    COLLEAGUES = "colleague_notice"
    CLIENT = "client_notice"


@dataclass(frozen=True)
class Outcome:
    """What came of a notice.

    Attributes:
        text: what is told, as Markdown.
        state: whether it was sent now, or before, or not, or is sent to nobody.
        words: the same in a sentence.
        facts: of the sent notice, for people: when, where to, as what.
    """

    text: str
    state: Literal["sent", "sent before", "not sent", "not configured"]
    words: str
    facts: Mapping[str, Any]


def require_finished(tools: Tools, run_id: str, step: str) -> ResetRecord:
    """The reset that a notice tells of: that of this run, else the newest one, if staging still is what it made.

    Raises:
        Refused: it is not finished, or staging has changed since, so that the notice would be wrong.
    """
    environment = tools.settings.staging.name
    record, newest = tools.records.of_run(run_id), tools.records.last_wiped(environment)
    record = record or newest
    if record is None or record.state is not State.DONE or record.kind is not Kind.RESET:
        raise Refused(
            f"{step} tells of a finished reset, and the newest one of {environment} is not finished or was undone. "
            "Nobody was told anything. bucks reset status says where it stands."
        )
    if newest is not None and newest.id != record.id:
        raise Refused(
            f"{step}: {environment} was wiped again after reset {record.id}, so its notice would be wrong. Nobody was "
            f"told anything. The newer one is {newest.kind} {newest.id}."
        )
    return record


def may_tell(tools: Tools, run_id: str, step: str) -> ResetRecord:
    """The reset that a run may tell of, under the lock: whoever has that knows that no other run is sending just now.

    Raises:
        Refused: another run has staging, or as `require_finished`.
    """
    # A run that has it already, because it is the reset's own, keeps it.
    tools.lock.acquire(run_id, "notice")
    return require_finished(tools, run_id, step)


def tell_colleagues(tools: Tools, record: ResetRecord) -> Outcome:
    """Tell colleagues on Slack, unless that was done; in the thread that says that it had stopped, if there is one.

    Args:
        tools: the run's tools; the lock must be held.
        record: of the finished reset.

    Raises:
        GateClosed: it was not sent, or nobody knows; staging is ready all the same.
        Refused: the lock was lost; nothing was sent.
    """
    notice, channel = colleague_notice(told_of(tools, record)), tools.settings.contacts.slack
    if channel is None:
        return _nobody(notice, _NOT_ON_SLACK)

    def deliver() -> dict[str, Any]:
        posted = slack.post(channel, as_slack(notice), thread=thread_of(tools.records, record))
        return {"channel": posted.channel, "ts": posted.ts}

    def look(since: datetime) -> dict[str, Any] | None:
        posted = slack.find(channel, notice.mark, since)
        return {"channel": posted.channel, "ts": posted.ts} if posted else None

    return _once(tools, record, Which.COLLEAGUES, notice, deliver, look)


def tell_client(tools: Tools, record: ResetRecord, after_looking: AfterLooking = "") -> Outcome:
    """Tell the client by e-mail, unless that was done.

    Args:
        tools: the run's tools; the lock must be held.
        record: of the finished reset.
        after_looking: only where nobody knows whether it went out: what a person found.

    Raises:
        GateClosed: it was not sent, or nobody knows; staging is ready all the same.
        Refused: the lock was lost; nothing was sent.
    """
    notice, way = client_notice(told_of(tools, record)), tools.settings.contacts.mail
    if way is None:
        return _nobody(notice, _NOT_BY_MAIL)
    name, finished = f"reset.{record.id}.client", record.finished_at or datetime.now(UTC)

    def deliver() -> dict[str, Any]:
        done = mail.send(way, mail.message_of(way, notice, name, finished))
        return {
            "message_id": done.message_id,
            "addresses": done.asked,
            "refused": list(done.refused),
            "answer": done.answer,
        }

    def look(since: datetime) -> dict[str, Any] | None:
        if after_looking == "arrived":
            return {"message_id": mail.message_id(way, name), "seen_by_a_person": True}
        if after_looking == "lost":
            return None
        raise NotSent(
            f"Look into the client's mailbox, or into the log of {way.host} since {since:%d %B %Y %H:%M} UTC, for the "
            f"message {mail.message_id(way, name)}. Then say what you found: bucks reset notices --send "
            "--after-looking arrived (or lost), or the same as after_looking of staging/client_notice in the Launchpad."
        )

    return _once(tools, record, Which.CLIENT, notice, deliver, look)


def look_at_message(tools: Tools, record: ResetRecord) -> Verdict:
    """Whether the message to colleagues can be read in the channel."""
    channel, sent = tools.settings.contacts.slack, record.facts.get(Which.COLLEAGUES, {})
    if channel is None or "ts" not in sent:
        return checks.nobody_to_ask(_NOT_ON_SLACK if channel is None else "No message was sent that could be read.")
    return checks.message_is_there(channel.api_url, channel.token, sent, record.id)


def look_at_mail(tools: Tools, record: ResetRecord) -> Verdict:
    """What the mail server answered to the e-mail to the client."""
    sent = record.facts.get(Which.CLIENT, {})
    if "message_id" not in sent:
        return checks.nobody_to_ask(_NOT_BY_MAIL)
    return checks.mail_was_accepted(sent)


def _once(
    tools: Tools,
    record: ResetRecord,
    which: Which,
    notice: Notice,
    deliver: Callable[[], dict[str, Any]],
    look: Callable[[datetime], dict[str, Any] | None],
) -> Outcome:
    """Send a notice once, by way of the record.

    Raises:
        GateClosed: it was not sent, or nobody knows.
        Refused: the lock was lost, so that another run may be sending it; this one sent nothing.
    """
    noted: Mapping[str, Any] | None = record.facts.get(which)
    if noted is not None and noted["state"] == SENT:
        return _before(notice, noted)
    try:
        found = None if noted is None else look(datetime.fromisoformat(noted["since"]))
        if found is not None:
            return _note_sent(tools, record, which, notice, noted, found)
        tools.lock.assert_held()
        sending = {"state": SENDING, "since": datetime.now(UTC).isoformat()}
        if tools.records.swap(record, which, noted, sending) is None:
            raise NotSent("Another run is sending it at this moment.")
    except (NotSent, PerhapsSent) as doubt:
        raise GateClosed(f"{_doubt(noted)}{doubt} {standing(record)}") from None
    try:
        delivered = deliver()
    except NotSent as refused:
        # So that the next attempt need not ask anybody. What was in doubt is none any more.
        tools.records.swap(record, which, sending, None)
        raise GateClosed(f"The notice was not sent. {refused} {standing(record)}") from None
    except PerhapsSent as doubt:
        raise GateClosed(f"{doubt} {standing(record)}") from None
    return _note_sent(tools, record, which, notice, sending, delivered)


def _note_sent(
    tools: Tools, record: ResetRecord, which: Which, notice: Notice, noted: object, found: dict[str, Any]
) -> Outcome:
    sent = {"state": SENT, "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", **found}
    tools.records.swap(record, which, noted, sent)
    return Outcome(as_markdown(notice), "sent", "It was sent.", _shown(sent))


def _doubt(noted: Mapping[str, Any] | None) -> str:
    if noted is None:
        return ""
    since = datetime.fromisoformat(noted["since"])
    return (
        f"Nobody knows whether this notice went out: a run began to send it on {since:%d %B %Y %H:%M} UTC and did not "
        "come back to say so. It is not sent again on a guess. "
    )


def _nobody(notice: Notice, words: str) -> Outcome:
    return Outcome(as_markdown(notice), "not configured", words, {})


def _shown(noted: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in noted.items() if name != "state"}


def thread_of(records: Records, record: ResetRecord) -> str:
    """The first message that told that this one, or one that it takes up or undoes, had stopped, or empty."""
    before = (records.get(str(record.facts.get(name, ""))) for name in ("broken_off", "undoes"))
    told = (each.facts.get(STOPPED, {}) for each in (record, *before) if each is not None)
    return next((str(each["thread"]) for each in told if "thread" in each), "")


def told_of(tools: Tools, record: ResetRecord) -> Told:
    """Everything that a notice may say about a finished reset."""
    facts, first = record.facts, first_of(tools.records, record)
    return _told(
        tools.settings,
        facts.get("chosen", {}),
        reset_id=record.id,
        asked_by=record.requested_by if record.approval == TYPED else f"its schedule ({record.approval})",
        source_backup=str(facts.get("source_backup") or ""),
        rollback_point=str(facts.get("rollback_point") or ""),
        lost=_lost(facts, first),
        **_code(facts),
        figures=_figures(record, first, manifest_of(tools, record.id)),
        report=_report(tools.settings, str(facts.get("report_key", ""))),
    )


def _lost(facts: Mapping[str, Any], first: ResetRecord) -> Mapping[str, int] | None:
    """What is gone of the database by the first one's count, and of the branch by that of whichever replaced it."""
    if first.kind is not Kind.RESET:
        return None
    code = facts.get("code", {})
    commits = {LOST.format(code["branch"]): code["lost"]} if "lost" in code else {}
    return {**first.facts.get("acknowledged", {}).get("lost", {}), **commits}


def of_newest(tools: Tools) -> tuple[tuple[str, Outcome], tuple[str, Outcome]]:
    """Both notices of the newest finished reset, as they stand; sends nothing.

    Raises:
        Refused: as `require_finished`.
    """
    record = require_finished(tools, "", "This command")
    told, contacts = told_of(tools, record), tools.settings.contacts
    colleagues = _as_noted(record, Which.COLLEAGUES, colleague_notice(told), "" if contacts.slack else _NOT_ON_SLACK)
    client = _as_noted(record, Which.CLIENT, client_notice(told), "" if contacts.mail else _NOT_BY_MAIL)
    return ("To colleagues", colleagues), ("To the client", client)


def _as_noted(record: ResetRecord, which: Which, notice: Notice, nobody: str) -> Outcome:
    noted = record.facts.get(which)
    if noted is not None and noted["state"] == SENT:
        return _before(notice, noted)
    if nobody:
        return _nobody(notice, nobody)
    return Outcome(as_markdown(notice), "not sent", _doubt(noted).strip() or "It was not sent yet.", {})


def _before(notice: Notice, noted: Mapping[str, Any]) -> Outcome:
    return Outcome(as_markdown(notice), "sent before", f"It was sent before, at {noted['at']}.", _shown(noted))


def preview(settings: Settings, plan: Plan) -> tuple[str, str]:
    """Both notices, as Markdown, as they can be read before anything is done; figures are still to come."""
    code = plan.code
    told = _told(
        settings,
        {},
        reset_id="",
        asked_by="",
        source_backup=plan.source_backup or "",
        rollback_point="",
        lost=plan.lost,
        branch=code.staging if code and code.tip != code.staging_tip else None,
        merged=tuple(branch.name for branch in code.chosen) if code else (),
        figures=None,
        report=_report(settings, ""),
    )
    return as_markdown(colleague_notice(told)), as_markdown(client_notice(told))


def _told(settings: Settings, chosen: Mapping[str, Any], **known: Any) -> Told:  # noqa: ANN401 - as Told has them
    privacy = settings.privacy
    return Told(
        app=settings.staging.heroku_app,
        host=settings.staging.hosts[0],
        keeps_passwords=chosen.get("staff_passwords", privacy.staff_passwords) == "keep",
        staff_domains=tuple(chosen.get("staff_domains", sorted(privacy.staff_domains))),
        only_images=chosen.get("media_scope", settings.media.scope) == "images",
        **known,
    )


def _code(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The branch that a reset has made anew, and what it merged into it."""
    code = facts.get("code")
    if code is None or facts.get("code_settled") != code["new"] or code["old"] == code["new"]:
        return {"branch": None, "merged": ()}
    return {"branch": code["branch"], "merged": tuple(name for name, _ in code["merged"])}


def _report(settings: Settings, key: str) -> str:
    url = settings.contacts.dagster_url
    if url:
        return f"The report, with every check: {url}/assets/staging/reset_report"
    place = f" (s3://{settings.archive_bucket}/{key})" if key else ""
    return f"The report, with every check, is kept in the archive store{place}; ask for it."


def _figures(record: ResetRecord, first: ResetRecord, manifest: Mapping[str, Any]) -> Figures:
    facts, ended = record.facts, record.finished_at or datetime.now(UTC)
    media = [facts.get(name, {}) for name in ("media_in", "media_settled")]
    judged = facts.get("checks", {})
    return Figures(
        finished=ended.astimezone(UTC),
        took=ended - first.started_at,
        down=down_for(record, first),
        rows_removed=sum(table["rows_purged"] for table in manifest["tables"]),
        rows_rewritten=sum(table["rows_rewritten"] for table in manifest["tables"]),
        accounts_kept=manifest["accounts"]["kept"],
        accounts_replaced=manifest["accounts"]["replaced"],
        accounts_put_back=facts.get("accounts_put_back", 0),
        files_copied=sum(each.get("copied", 0) for each in media),
        bytes_copied=sum(each.get("bytes", 0) for each in media),
        files_deleted=sum(each.get("deleted", 0) for each in media),
        release=f"v{facts.get('release', '?')}",
        checks_passed=judged.get("passed", 0),
        checks_warned=judged.get("warned", 0),
        checks_failed=len(judged.get("failed", ())),
        failed=tuple(judged.get("failed", ())),
    )
