"""Telling colleagues that a reset, or the way back from one, stopped and left the site in maintenance: once.

Belongs here: when that is told, and what the record says of it. Does not belong here: the words (see `standing`), and
the notices of a finished reset (see `notices`).
"""

from __future__ import annotations

from datetime import UTC, datetime

from bc_pipelines.contacts import SlackChannel
from bc_pipelines.notices import slack
from bc_pipelines.notices.errors import NotSent, PerhapsSent
from bc_pipelines.notices.notice import as_slack
from bc_pipelines.notices.texts import stopped_notice
from bc_pipelines.operations.lock import holder_of
from bc_pipelines.operations.notices import SENDING, SENT, STOPPED, thread_of
from bc_pipelines.operations.record import Records, ResetRecord
from bc_pipelines.operations.standing import is_closed, standing
from bc_pipelines.settings import Settings

# Who waits for this has something more important to say.
_PATIENCE_SECONDS = 10


def tell(settings: Settings, run_id: str) -> str:
    """Tell colleagues on Slack that a run left an environment in maintenance, unless its reset was told of before.

    Args:
        settings: what the product was told.
        run_id: of the run; it has ended.

    Returns:
        What came of it, for the run's own last message; empty where there was nothing to tell or nobody to be told.

    Raises:
        OutOfReach: Dagster's database does not answer.
    """
    channel, records = settings.contacts.slack, Records(settings.dagster_database_url)
    record = records.of_run(run_id)
    if channel is None or record is None or not is_closed(record) or STOPPED in record.facts:
        return ""
    holder = holder_of(settings.dagster_database_url)
    if holder is not None and holder.run_id != run_id:
        # Another run is mending it already.
        return ""
    sending = {"state": SENDING, "since": datetime.now(UTC).isoformat()}
    if records.swap(record, STOPPED, None, sending) is None:
        return ""
    return _post(records, record, channel, sending)


def _post(records: Records, record: ResetRecord, channel: SlackChannel, sending: dict[str, str]) -> str:
    notice = stopped_notice(record.app, record.kind, record.id, standing(record))
    thread = thread_of(records, record)
    try:
        posted = slack.post(channel, as_slack(notice), thread=thread, patience=_PATIENCE_SECONDS)
    except NotSent as refused:
        records.swap(record, STOPPED, sending, None)
        return f"Colleagues were not told of it on Slack. {refused}"
    except PerhapsSent as doubt:
        return f"Colleagues may have been told of it on Slack, or not. {doubt}"
    sent = {"state": SENT, "channel": posted.channel, "ts": posted.ts, "thread": thread or posted.ts}
    records.swap(record, STOPPED, sending, sent)
    return "Colleagues were told of it on Slack."
