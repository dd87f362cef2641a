"""A message to colleagues that is posted once for a reset or a way back, and stands in nobody's way.

Belongs here: what the record says of it before and after, and the thread. Does not belong here: when and what is told
(see `stopped` and `undone`), and the notices of a finished reset, which have checks of their own (see `notices`).
"""

from __future__ import annotations

from datetime import UTC, datetime

from bc_pipelines.contacts import SlackChannel
from bc_pipelines.notices import slack
from bc_pipelines.notices.errors import NotSent, PerhapsSent
from bc_pipelines.notices.notice import Notice, as_slack
from bc_pipelines.operations.notices import SENDING, SENT, thread_of
from bc_pipelines.operations.record import Records, ResetRecord

# Who waits for this has something more important to say.
_PATIENCE_SECONDS = 10


def post_once(records: Records, record: ResetRecord, fact: str, channel: SlackChannel, notice: Notice) -> str:
    """Post a notice to colleagues, unless the record says that this was done or begun.

    Args:
        records: where the record is.
        record: of the reset or the way back.
        fact: name of the record's fact about this notice.
        channel: where colleagues are told.
        notice: the words.

    Returns:
        What came of it, in a sentence; empty where it was done or begun before.

    Raises:
        OutOfReach: Dagster's database does not answer.
    """
    sending = {"state": SENDING, "since": datetime.now(UTC).isoformat()}
    if records.swap(record, fact, None, sending) is None:
        return ""
    thread = thread_of(records, record)
    try:
        posted = slack.post(channel, as_slack(notice), thread=thread, patience=_PATIENCE_SECONDS)
    except NotSent as refused:
        records.swap(record, fact, sending, None)
        return f"Colleagues were not told of it on Slack. {refused}"
    except PerhapsSent as doubt:
        return f"Colleagues may have been told of it on Slack, or not. {doubt}"
    sent = {"state": SENT, "channel": posted.channel, "ts": posted.ts, "thread": thread or posted.ts}
    records.swap(record, fact, sending, sent)
    return "Colleagues were told of it on Slack."
