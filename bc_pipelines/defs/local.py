"""Group `local`: sanitised archives for developers' machines, and the local database on such a machine.

The team's server makes the archive; it needs no local database. `local/database` exists only where one is configured,
and needs neither the team's settings nor a token where the archive store answers.
"""

from collections.abc import Callable

import dagster as dg
from pydantic import Field

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.defs.backups import DEVELOPMENT, PRODUCTION, STAGING, Results
from bc_pipelines.defs.common import (
    OWNERS,
    Metadata,
    bytes_progress,
    check_result,
    check_specs,
    clear_errors,
    table,
    transfer_progress,
)
from bc_pipelines.defs.evidence import archive_metadata, every_column_verdict, proof_verdict
from bc_pipelines.defs.reaper import mark
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import local_archive, local_choice, local_data, local_make, tidy
from bc_pipelines.operations.archives import Watch
from bc_pipelines.operations.local_data import Pulled
from bc_pipelines.operations.local_source import environment_named
from bc_pipelines.operations.local_wishes import Old, Wishes

ARCHIVE = dg.AssetKey(["local", "sanitised_archive"])
DATABASE = dg.AssetKey(["local", "database"])
Judged = Callable[[str, Verdict], None]
_OF_THE_ARCHIVE = {
    "every_column_classified": "Every table and column had a rule, and the rows add up: read = written + purged.",
    "proof_found_nothing": "An independent search of the written archive for every identifier of the raw backup.",
    "store_is_private": "A stranger gets neither the archive nor a list.",
}


class ArchiveConfig(dg.Config):
    """Whose archive is made."""

    environment: str = Field(default="production", description="production, staging or development.")


class PullConfig(dg.Config):
    """What is pulled, and what becomes of what was there."""

    environment: str = Field(description="production, staging or development.")
    old: str = Field(default="", description="keep or drop: a local database that no pull made. Empty: refuse.")


class Pulls:
    """Carries out a pull that the UI started; a command puts its own in this one's place."""

    def pull(self, environment: str, old: Old | None, judged: Judged, watch: Watch) -> Pulled:
        """Pull an environment's data as `bucks pull data` does.

        Args:
            environment: its name.
            old: what becomes of a database that no pull made.
            judged: is told each check's name and verdict as it falls.
            watch: is told how far the work is.
        """
        with local_choice.prepared(environment, local_choice.Way()) as ready:
            watch.wait(ready.origin.told)
            wishes = Wishes(old, end_connections=False, scratch=ready.scratch, judged=judged)
            return local_data.pull(ready.origin, ready.target, ready.laptop, wishes, watch)


@dg.asset(
    key=ARCHIVE,
    deps=[PRODUCTION, STAGING, DEVELOPMENT],
    group_name="local",
    owners=OWNERS,
    # The lineage shows only the last part of a key, and staging has one of this name, too.
    kinds={"postgres", "s3", "local"},
    check_specs=check_specs(ARCHIVE, _OF_THE_ARCHIVE, blocking=True),
)
def sanitised_archive(context: dg.AssetExecutionContext, config: ArchiveConfig, tools: ToolsResource) -> Results:
    """A backup without anybody in it, staff neither, in the archive store, for developers' machines to fetch.

    A recent backup is adopted; a new one is captured only if there is none. A failed search stores nothing.
    """
    with clear_errors():
        environment = environment_named(config.environment, tools.now.settings.environments)
        progress = transfer_progress(context), bytes_progress(context)
        backup, done = local_archive.make(tools.now, environment, *progress)
    yield check_result(every_column_verdict(done.manifest), "every_column_classified", ARCHIVE)
    proof = proof_verdict(done.proof)
    yield check_result(proof, "proof_found_nothing", ARCHIVE)
    if not proof.passed:
        raise dg.Failure(f"{proof.summary} The file was removed, nothing was stored.", allow_retries=False)
    with clear_errors():
        private = tidy.store_is_private(tools.now, done.key)
        if not private.passed:
            local_archive.discard(tools.now.archives, done.key)
    yield check_result(private, "store_is_private", ARCHIVE)
    if not private.passed:
        raise dg.Failure(f"{private.summary} The archive was deleted again.", allow_retries=False)
    names = {"environment": environment.name, "backup": backup.name, "key": done.key}
    yield dg.MaterializeResult(metadata=names | archive_metadata(done))


@dg.asset(
    key=DATABASE,
    deps=[ARCHIVE],
    group_name="local",
    owners=OWNERS,
    kinds={"postgres", "local"},
    check_specs=check_specs(DATABASE, local_make.CHECKS, blocking=True),
)
def database(context: dg.AssetExecutionContext, config: PullConfig, pulls: dg.ResourceParam[Pulls]) -> Results:
    """The database on this machine: made beside the old one from a sanitised archive, checked, swapped in by name."""
    mark(context.instance, context.run.run_id)
    verdicts: list[tuple[str, Verdict]] = []
    stopped: dg.Failure | None = None
    try:
        with clear_errors():
            old = _old(config.old)
            done = pulls.pull(config.environment, old, lambda *each: verdicts.append(each), _Logged(context))
    except dg.Failure as failure:
        stopped = failure
    for name, verdict in verdicts:
        yield check_result(verdict, name, DATABASE)
    if stopped is not None:
        raise stopped
    yield dg.MaterializeResult(metadata=_metadata(done))


class _Logged:
    """Progress as lines of a run's log."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._log = context.log

    def stage(self, title: str, total: int | None) -> None:
        self.wait(title if total is None else f"{title} {total:,} bytes")

    def wait(self, title: str) -> None:
        if title:
            self._log.info(title)

    def at(self, done: int) -> None:
        """Lines do not say how far it is."""


def _old(said: str) -> Old | None:
    if said == "keep":
        return "keep"
    if said == "drop":
        return "drop"
    return None


def _metadata(done: Pulled) -> Metadata:
    return {
        "database": done.database,
        "environment": done.environment,
        "backup": f"{done.backup} of {done.made}",
        "rows": done.rows,
        "rows left out": done.rows_left_out,
        "accounts replaced": done.accounts_replaced,
        "sites": table({"here": here, "for": host} for here, host in done.sites.items()),
        "private pages": "bucks local status says what they ask for",
        "to undo": "bucks local undo" if done.before else "there was none before",
        "seconds": done.seconds,
    }
