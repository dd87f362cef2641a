"""Telling colleagues that a reset, or the way back from one, stopped and left the site in maintenance: once.

Belongs here: when that is told. Does not belong here: the words (see `standing`), and the notices of a finished reset
(see `notices`).
"""

from __future__ import annotations

from bc_pipelines.notices.texts import stopped_notice
from bc_pipelines.operations.lock import holder_of
from bc_pipelines.operations.notices import STOPPED
from bc_pipelines.operations.record import Records
from bc_pipelines.operations.slack_once import post_once
from bc_pipelines.operations.standing import is_closed, standing
from bc_pipelines.settings import Settings


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
    notice = stopped_notice(record.app, record.kind, record.id, standing(record))
    return post_once(records, record, STOPPED, channel, notice)
