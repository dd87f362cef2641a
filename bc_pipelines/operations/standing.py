"""Where staging stands when a reset did not come to its end, and the two ways forward, in words.

Belongs here: what is told to the person who finds a stopped reset. Does not belong here: what a state allows (see
`gates`), and when the words are said (see `defs.last_words`).
"""

from __future__ import annotations

from bc_pipelines.operations.lock import holder_of
from bc_pipelines.operations.pages import Page
from bc_pipelines.operations.record import Kind, Records, ResetRecord, State

_ON = {
    Kind.RESET: "To go on: put right what the message names and start the job reset_staging again.",
    Kind.ROLLBACK: "To go on: put right what the message names and start the job roll_back_staging again.",
}
_REST = "Or materialise only what is left: staging/accounts, staging/site_records, staging/ready and what follows them."

_WAIT = "The next run waits for it, or ends it, before anything else."


def standing(record: ResetRecord) -> str:
    """Where things stand after the last step of a reset, and what to do next."""
    if not _touched(record):
        return _untouched(record)
    if record.state.rank >= State.READY.rank and record.kind is Kind.ROLLBACK:
        return _gone_back(record)
    if record.state is State.DONE:
        return (
            f"The reset {record.id} is finished: {record.app} is open and checked, and nothing more is done to it. "
            "Perhaps somebody was not told of it. To send what is missing, and nothing twice: start the job "
            f"send_notices, or bucks reset notices --send. {_way_back(record)} {Page.NOTICE}"
        )
    if record.state.rank >= State.READY.rank:
        return (
            f"{record.app} is open again and holds the sanitised copy; it was hidden from search engines when it was "
            f"opened. {_rollback_point(record)}. {_on(record)} {_way_back(record)} {Page.OPEN_UNFINISHED}"
        )
    return " ".join(
        [
            f"{record.app} is in maintenance and must stay there: "
            "its database may be empty, partial or not yet checked.",
            f"{_rollback_point(record)}, taken before anything was wiped.",
            *_made_anew(record),
            *_restore(record),
            _on(record),
            _way_back(record),
            Page.AFTER_THE_WIPE,
        ]
    )


def standing_after(url: str, run_id: str, environment: str) -> str:
    """Where things stand after a run that was meant to reset an environment and did not come to its end.

    Args:
        url: of Dagster's own database.
        run_id: of the run; it may have ended before it had a record.
        environment: what it was meant to reset.

    Returns:
        The words; empty where another run has the lock, because then nobody should do anything.

    Raises:
        OutOfReach: Dagster's database does not answer.
    """
    records = Records(url)
    record = records.of_run(run_id)
    if record is not None:
        return standing(record)
    holder = holder_of(url)
    if holder is not None and holder.run_id != run_id:
        return ""
    wreck = records.broken_off(environment)
    if wreck is None:
        return f"{environment.capitalize()} was not touched by this run and is as it was. {_ON[Kind.RESET]}"
    if not _touched(wreck):
        return _untouched(wreck)
    return f"This run touched nothing. Unless somebody has gone back and opened it since, {_wreck(wreck, wreck.id)}"


def is_closed(record: ResetRecord) -> bool:
    """Whether a run that stopped has left an environment wiped and in maintenance."""
    return _touched(record) and record.state.rank < State.READY.rank


def _touched(record: ResetRecord) -> bool:
    """Whether a reset came past switching maintenance on, its first change and the only one that loses nothing."""
    return record.wiped and (record.state is not State.WIPING or record.facts.get("maintenance_on") is not False)


def _untouched(record: ResetRecord) -> str:
    if "broken_off" in record.facts:
        return f"This {record.kind} touched no site.{_branch(record)} But {_wreck(record, record.facts['broken_off'])}"
    if not record.wiped:
        came = record.facts.get("media_begun")
        more = " New and changed files of production may be in its media bucket; none was deleted." if came else ""
        more += _branch(record)
        return f"{record.app} was not touched and is as it was.{more} {_ON[record.kind]} {Page.BEFORE_THE_WIPE}"
    return (
        f"The database of {record.app} was not touched and is as it was, but the site may be in maintenance already."
        f"{_branch(record)} {_ON[record.kind]} To open it as it is: heroku maintenance:off -a {record.app}. "
        f"{Page.BEFORE_THE_WIPE}"
    )


def _branch(record: ResetRecord) -> str:
    """Before the wipe, the only thing that others may have noticed, by this reset or by one that it takes up."""
    code = record.facts.get("code")
    if code is None or record.kind is not Kind.RESET:
        return ""
    if not record.facts.get("code_begun") and code["old"] == code["before"]:
        return ""
    kept = f" What it was is kept as the tag {code['tag']}." if code["tag"] else ""
    run = " Where your CI deploys, the app may run it already."
    return f" The branch {code['branch']} may be the new one already; the next reset goes on from there.{run}{kept}"


def _made_anew(record: ResetRecord) -> list[str]:
    """After the wipe of a reset, whose gate is that the branch is what was planned."""
    code = record.facts.get("code")
    if record.kind is not Kind.RESET or code is None or code["old"] in (None, code["new"]):
        return []
    return [f"The branch {code['branch']} is the new one; going back makes it what it was, if nobody pushes to it."]


def _wreck(record: ResetRecord, broken_off: str) -> str:
    return (
        f"{record.app} is still as the broken-off run {broken_off} left it: in maintenance, perhaps without data. "
        f"{_rollback_point(record)}. {_ON[record.kind]} {_way_back(record)} {Page.AFTER_THE_WIPE}"
    )


def _on(record: ResetRecord) -> str:
    """How to go on; what a database with the reset's own rows still lacks may be done alone."""
    alone = record.kind is Kind.RESET and State.RESTORED.rank <= record.state.rank < State.READY.rank
    return f"{_ON[record.kind]} {_REST}" if alone else _ON[record.kind]


def _gone_back(record: ResetRecord) -> str:
    """After a way back nothing sanitised is there, and the site need not be open."""
    how = "in maintenance" if record.facts.get("maintenance_before") else "open"
    raw = ", raw data with it" if record.facts.get("rollback_raw") else ""
    return (
        f"{record.app} holds what its own backup {record.facts.get('rollback_point')} held{raw}, and is {how}, as "
        "before the reset that was undone. Nothing is left to go back from: see to what the message names by hand. "
        f"{Page.ROLLING_BACK}"
    )


def _rollback_point(record: ResetRecord) -> str:
    return f"Rollback point: backup {record.facts.get('rollback_point')} of {record.app}"


def _restore(record: ResetRecord) -> list[str]:
    """What is known of Heroku's restore, for as long as its rows are not counted."""
    name, ended = record.facts.get("restore_transfer"), record.facts.get("restore_ended")
    if record.state is not State.WIPING:
        return []
    if name is None and not record.facts.get("restore_requested"):
        return []
    if name is None:
        return [
            "A restore was asked for and may be running at Heroku: look with heroku pg:backups "
            f"-a {record.app}. {_WAIT}"
        ]
    if ended:
        return [f"Heroku's restore {name} is over: {ended}."]
    return [f"Heroku's restore {name} may still be running: see heroku pg:backups:info {name} -a {record.app}. {_WAIT}"]


def _way_back(record: ResetRecord) -> str:
    """How the rollback point is brought back; who is on that way may also take the other."""
    if record.kind is Kind.ROLLBACK:
        return "Or start the job reset_staging, which keeps this rollback point."
    raw = " It holds raw data and asks for a second confirmation." if record.facts.get("rollback_raw") else ""
    return f"To go back: start the job roll_back_staging, or bucks reset roll-back --confirm {record.app}.{raw}"
