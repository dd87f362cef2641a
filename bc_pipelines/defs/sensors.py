"""What is noticed by itself: a new backup of production, and (in `last_words`) a reset that did not come to its end."""

from collections.abc import Iterator

import dagster as dg

from bc_pipelines import settings
from bc_pipelines.defs import last_words
from bc_pipelines.defs.jobs import adopt_production_backup
from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import HerokuError

# The daemon gives an evaluation 60 seconds and then fails it without our reason. One request can take 40 of them, and
# the pause when requests are used up is twenty poll intervals; the next tick looks again anyway.
_PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.5


@dg.sensor(
    job=adopt_production_backup,
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.STOPPED,
)
def new_production_backup(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Adopt a new backup of production once, as soon as Heroku lists it.

    | What Heroku lists                    | What happens                                       |
    |--------------------------------------|----------------------------------------------------|
    | no finished backup                   | skipped                                            |
    | the newest one was seen already      | skipped                                            |
    | a newer one                          | one run; its identity is remembered in the cursor  |
    | Heroku does not answer               | skipped with the reason; looked at again next time |
    """
    try:
        newest = _newest_backup()
    except (settings.SettingsError, HerokuError) as reason:
        yield dg.SkipReason(str(reason))
        return
    if newest is None:
        yield dg.SkipReason("Production has no finished backup yet.")
    elif newest[0] == context.cursor:
        yield dg.SkipReason(f"Backup {newest[1]} was adopted already.")
    else:
        context.update_cursor(newest[0])
        yield dg.RunRequest(run_key=newest[0], tags={"bc_pipelines/backup": newest[1]})


def _newest_backup() -> tuple[str, str] | None:
    now = settings.load()
    api = now.heroku
    with HerokuClient(
        api.platform_url, api.data_url, api.api_key, poll_interval=_POLL_SECONDS, retry_for=_PATIENCE_SECONDS
    ) as heroku:
        done = [t for t in heroku.transfers(now.production.heroku_app) if t.kind == "backup" and t.good]
    newest = max(done, key=lambda transfer: transfer.created_at, default=None)
    return (newest.uuid, newest.name) if newest else None


ALL = [new_production_backup, *last_words.ALL]
