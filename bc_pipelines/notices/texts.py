"""The words: one text for colleagues, another for the client, others for a reset that stopped or was undone.

They are the runbook's two notices, told of what a reset did. Belongs here: sentences and figures. Does not belong here:
gathering what they say (see `operations.notices`). They hold counts, names of hosts and backups, and settings; never a
value of a row, so no account's name or address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bc_pipelines.notices.notice import Notice, Part

SEARCHED = (
    "Before the copy was used, it was searched for the e-mail addresses, full names, telephone numbers, user names and "
    "tokens in production's backup that are not staff's; none was found but what the website itself publishes, or what "
    "the council has looked at and declared public. "
    "The restored database was looked at once more: nothing that the public sent in is there, but for search terms "
    "that editors have promoted."
)
NOT_SEARCHED = (
    "Not looked into were PDFs and pictures, nor names that are spelt differently; our page on privacy "
    "(docs/privacy.md) lists all limits. Published content stays as it is, with the contact details that it publishes, "
    "and so do old drafts. Replaced accounts keep their numbers, groups and dates."
)


@dataclass(frozen=True)
class Figures:
    """What a finished reset counted.

    Attributes:
        finished: when it was done.
        took: from its plan to its end.
        down: how long the site was closed.
        rows_removed: rows that were left out of the copy.
        rows_rewritten: rows in which something was replaced.
        accounts_kept: staff accounts.
        accounts_replaced: all other accounts.
        accounts_put_back: staff accounts that only staging had.
        files_copied: images and documents.
        bytes_copied: their size.
        files_deleted: images and documents that no row names.
        release: of the app that runs.
        checks_passed: of the reset's checks.
        checks_warned: likewise.
        checks_failed: likewise.
        failed: what failed, as `staging/served_pages: every host answers`.
    """

    finished: datetime
    took: timedelta
    down: timedelta
    rows_removed: int
    rows_rewritten: int
    accounts_kept: int
    accounts_replaced: int
    accounts_put_back: int
    files_copied: int
    bytes_copied: int
    files_deleted: int
    release: str
    checks_passed: int
    checks_warned: int
    checks_failed: int
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """What a notice may say about a reset.

    Attributes:
        reset_id: of the reset; empty before it has one.
        app: the Heroku app that was reset.
        host: of its main site.
        asked_by: who asked for it; empty where nobody said.
        source_backup: production's backup that it was made from; empty before that is known.
        rollback_point: the backup that leads back; likewise.
        lost: what was made on it since the reset before, by kind of content; None where nobody could count it.
        keeps_passwords: whether staff keep their password.
        staff_domains: whose accounts are staff's.
        only_images: whether only images as they were uploaded were copied.
        branch: the Git branch that was reset and pushed, or None where it is what it was.
        merged: the branches that were merged into it again.
        report: where the report is, in words.
        figures: None before the reset is done.
    """

    reset_id: str
    app: str
    host: str
    asked_by: str
    source_backup: str
    rollback_point: str
    lost: Mapping[str, int] | None
    keeps_passwords: bool
    staff_domains: tuple[str, ...]
    only_images: bool
    branch: str | None
    merged: tuple[str, ...]
    report: str
    figures: Figures | None


def colleague_notice(told: Told) -> Notice:
    """What colleagues read: what happened, what it means for their work, and how to go back."""
    asked = f", as {told.asked_by} asked" if told.asked_by else ""
    return Notice(
        subject=f"Staging was reset from production{asked}.",
        parts=(
            Part("", tuple(_opening(told))),
            Part("Code", tuple(_code(told))),
            Part("What was on it", (_lost(told), _way_back(told))),
            *_figures_for_colleagues(told),
            Part("Report", (told.report,)),
        ),
        mark=_mark("Reset", told),
    )


def client_notice(told: Told) -> Notice:
    """What the client reads: logging in, test content, personal data."""
    when = f" on {_day(told.figures.finished)}" if told.figures else ""
    return Notice(
        subject=f"The staging site was reset{when}",
        parts=(
            Part("", ("Hello,", *_opening(told))),
            Part("Logging in", tuple(_logging_in(told))),
            Part("Test content", tuple(_test_content(told))),
            Part("Personal data", tuple(_personal_data(told))),
            *_figures_for_the_client(told),
            Part("", (told.report, "If anything looks wrong, please answer this message.")),
        ),
        mark=_mark("Reset", told),
    )


def stopped_notice(app: str, kind: str, record_id: str, standing: str) -> Notice:
    """What colleagues read when a reset, or the way back from one, stopped after its wipe.

    Args:
        app: the Heroku app that is in maintenance.
        kind: which of both.
        record_id: its id.
        standing: where things stand and what to do next, in words.
    """
    return Notice(
        subject=f"The {kind} of {app} stopped after its wipe: the site is in maintenance.",
        parts=(Part("", (standing,)),),
        mark=f"Stopped: {record_id}",
    )


@dataclass(frozen=True)
class Undone:
    """What is told of a reset that was undone.

    Attributes:
        app: the Heroku app.
        host: of its main site.
        rollback_id: of the way back.
        reset_id: of the reset that was undone.
        asked_by: who asked for it; empty where nobody said.
        rollback_point: the backup that was restored.
        down: how long the site was closed; None where it is still in maintenance, as it was before the reset.
        branch: what became of the Git branch, in words; empty where the reset left it alone.
        pull_anew: the branch, if it is another one now; empty if not.
    """

    app: str
    host: str
    rollback_id: str
    reset_id: str
    asked_by: str
    rollback_point: str
    down: timedelta | None
    branch: str
    pull_anew: str


def undone_notice(undone: Undone) -> Notice:
    """What colleagues read when staging is again what it was before a reset."""
    asked = f", as {undone.asked_by} asked" if undone.asked_by else ""
    if undone.down is None:
        state = "It is in maintenance, as it was before the reset."
    else:
        state = f"It was closed for {_duration(undone.down)}."
    back = (
        f"The staging site, https://{undone.host}/, holds its own backup {undone.rollback_point} again: what was made "
        f"there before the reset {undone.reset_id} is back, and what was made since is gone. {state}"
    )
    code = [undone.branch] if undone.branch else []
    if undone.pull_anew:
        code.append("Where your CI deploys, the site runs the reset's code until that is released, and then restarts.")
        code.append(
            "Please delete your local branch, to avoid accidentally merging in the reset's: "
            f"git branch -D {undone.pull_anew}"
        )
    return Notice(
        subject=f"The reset of {undone.app} was undone{asked}.",
        parts=(
            Part("", (back, "Images and documents stay as the reset left them.")),
            *((Part("Code", tuple(code)),) if code else ()),
        ),
        mark=f"Undone: {undone.rollback_id}",
    )


def _opening(told: Told) -> Iterator[str]:
    was = "was replaced" if told.figures else "is replaced"
    source = f" (its backup {told.source_backup})" if told.source_backup else ""
    down = f", and was closed for {_duration(told.figures.down)}" if told.figures else ""
    when = f" on {_moment(told.figures.finished)}" if told.figures else ""
    yield f"The staging site, https://{told.host}/, {was} by a copy of production{source}{when}{down}."
    if told.figures and told.figures.checks_failed:
        yield (
            f"{_count(told.figures.checks_failed, 'check')} failed, and somebody has to look at it: "
            f"{'; '.join(told.figures.failed)}."
        )


def _code(told: Told) -> Iterator[str]:
    was = "was" if told.figures else "is"
    if told.branch is None:
        yield f"No branch {was} reset, merged or pushed: your local staging branch is as good as before."
    else:
        merged = f", with {', '.join(told.merged)} merged in" if told.merged else ""
        yield (
            f"The branch {told.branch} {was} reset{merged}. Please delete your local one, to avoid accidentally "
            f"merging in the old version: git branch -D {told.branch}"
        )
    if told.figures:
        yield f"The site runs its own release, {told.figures.release}, whose migrations were applied to the new data."


def _lost(told: Told) -> str:
    if told.lost is None:
        return "What was made on staging since its last reset is gone. It was not counted: an earlier run had wiped it."
    lost = ", ".join(f"{count:,} {kind}" for kind, count in told.lost.items() if count)
    return f"Made on staging since its last reset, and gone now: {lost or 'nothing that was counted'}."


def _way_back(told: Told) -> str:
    if not told.rollback_point:
        return "A backup of staging is made first; it leads back."
    return (
        f"It can be had back: start the job roll_back_staging, or bucks reset roll-back --confirm {told.app} "
        f"(backup {told.rollback_point})."
    )


def _logging_in(told: Told) -> Iterator[str]:
    domains = " and ".join(f"@{domain}" for domain in told.staff_domains)
    kept = _count(told.figures.accounts_kept, "account") if told.figures else "accounts"
    if told.keeps_passwords:
        yield (
            f"Staff accounts ({kept} with an address {domains}) have been copied across, so your old staging password "
            "will no longer work. Log in with your production password (and then change it), or use the 'forgot "
            "password' feature."
        )
    else:
        yield (
            f"Staff accounts ({kept} with an address {domains}) have been copied across without their passwords, so "
            "neither your old staging password nor your production password works. Use the 'forgot password' feature."
        )
    if told.figures:
        yield (
            f"All other accounts ({told.figures.accounts_replaced:,}) were replaced by invented ones that nobody can "
            "log in with."
        )
        if told.figures.accounts_put_back:
            back = _count(told.figures.accounts_put_back, "staff account")
            yield f"{back} that only staging had: put back as before."


def _test_content(told: Told) -> Iterator[str]:
    yield f"Any test content has been reset. This is probably the biggest inconvenience. Sorry. {_lost(told)}"
    if told.rollback_point:
        yield "If you miss something badly, tell us soon: there is a backup of how it was."


def _personal_data(told: Told) -> Iterator[str]:
    removed = f" ({_count(told.figures.rows_removed, 'row')})" if told.figures else ""
    yield (
        "What the public sent in never came to staging: form submissions, subscriptions to job and blog alerts, "
        f"feedback and the like. They were taken out of the copy on its way, with sessions and logs{removed}."
    )
    yield SEARCHED
    yield NOT_SEARCHED
    yield "If you know of personal data that is left, please let us know, and we will remove it from staging."


def _figures_for_colleagues(told: Told) -> Iterator[Part]:
    found = told.figures
    if found is None:
        yield Part("Figures", ("They are counted during the reset.",))
        return
    passwords = "with their passwords" if told.keeps_passwords else "without their passwords"
    checks = f"{found.checks_passed} passed, {found.checks_warned} warned, {found.checks_failed} failed"
    yield Part(
        "Figures",
        (
            f"Personal data: {_count(found.rows_removed, 'row')} removed, {found.rows_rewritten:,} rewritten",
            f"Accounts: {found.accounts_kept:,} of staff kept {passwords}, {found.accounts_replaced:,} replaced, "
            f"{found.accounts_put_back:,} put back",
            _media(told, found),
            f"Checks: {checks}",
            f"Closed for {_duration(found.down)}; the whole reset took {_duration(found.took)}",
        ),
    )


def _figures_for_the_client(told: Told) -> Iterator[Part]:
    found = told.figures
    if found is not None:
        took = f"The reset took {_duration(found.took)}; the site was closed for {_duration(found.down)} of these."
        yield Part("Figures", (_media(told, found), took))


def _media(told: Told, found: Figures) -> str:
    what = "Images, without renditions" if told.only_images else "Images and documents"
    return (
        f"{what}: {found.files_copied:,} copied ({found.bytes_copied / 1e6:,.1f} MB), {found.files_deleted:,} deleted"
    )


def _mark(kind: str, told: Told) -> str:
    return f"{kind}: {told.reset_id}" if told.reset_id else "The id of the reset stands here."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _duration(time: timedelta) -> str:
    seconds = round(time.total_seconds())
    return _count(seconds, "second") if seconds < 120 else _count(round(seconds / 60), "minute")


def _day(when: datetime) -> str:
    return f"{when.day} {when:%B %Y}"


def _moment(when: datetime) -> str:
    return f"{_day(when)}, {when:%H:%M} UTC"
