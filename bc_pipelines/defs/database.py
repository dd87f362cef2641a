"""Group `database`: production's backup becomes a proven archive, then staging's database, then staging's own site."""

import dagster as dg

from bc_pipelines.checks import accounts as account_checks
from bc_pipelines.checks import sites as site_checks
from bc_pipelines.defs.backups import PRODUCTION, STAGING, Results
from bc_pipelines.defs.common import (
    OWNERS,
    Metadata,
    bytes_progress,
    check_result,
    check_specs,
    clear_errors,
    labelled,
    record_metadata,
    transfer_progress,
)
from bc_pipelines.defs.evidence import archive_metadata, every_column_verdict, proof_verdict
from bc_pipelines.defs.preflight import EXTRA_ACCOUNTS
from bc_pipelines.defs.resources import ToolsResource
from bc_pipelines.operations import mend, ready, restore, sanitise, target, tidy
from bc_pipelines.operations.gates import require_reset
from bc_pipelines.operations.record import State

ARCHIVE = dg.AssetKey(["staging", "sanitised_archive"])
INCOMING_MEDIA = dg.AssetKey(["staging", "incoming_media"])
BRANCH = dg.AssetKey(["staging", "branch"])
RELEASE = dg.AssetKey(["staging", "release"])
DATABASE = dg.AssetKey(["staging", "database"])
ACCOUNTS = dg.AssetKey(["staging", "accounts"])
SITES = dg.AssetKey(["staging", "site_records"])
_STAGING = "staging"
_OF_THE_ARCHIVE = {
    "every_column_classified": "Every table and column had a rule, and the rows add up: read = written + purged.",
    "proof_found_nothing": "An independent search of the written archive for every identifier of the raw backup.",
}
_OF_THE_DATABASE = {
    "every_row_arrived": "Counts every table of staging's database; it must hold exactly what the archive holds."
}
_OF_THE_SITES = {
    "no_production_host": "Every Site record is on its staging host, none on production's, and exactly one is default."
}


@dg.asset(
    key=ARCHIVE,
    deps=[PRODUCTION, STAGING],
    group_name="database",
    owners=OWNERS,
    kinds={"postgres", "s3"},
    check_specs=check_specs(ARCHIVE, _OF_THE_ARCHIVE, blocking=True),
)
def sanitised_archive(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """Production's backup, rewritten while it streams in, searched, and only then stored.

    What the public submitted is emptied, accounts that are not staff are replaced. The raw backup is never written to
    disk. A failed search removes the file and stops the run before there is a materialisation.
    """
    with clear_errors():
        record = require_reset(tools.now, context.run.run_id, "staging/sanitised_archive", State.BACKED_UP)
    with clear_errors(tools.now, record):
        done = sanitise.sanitise_backup(tools.now, record, bytes_progress(context))
    yield check_result(every_column_verdict(done.manifest), "every_column_classified", ARCHIVE)
    proof = proof_verdict(done.proof)
    yield check_result(proof, "proof_found_nothing", ARCHIVE)
    if not proof.passed:
        raise dg.Failure(f"{proof.summary} The file was removed. Staging was not touched.", allow_retries=False)
    yield dg.MaterializeResult(metadata=archive_metadata(done) | record_metadata(record))


@dg.asset_check(asset=ARCHIVE, blocking=True)
def archive_store_is_private(context: dg.AssetCheckExecutionContext, tools: ToolsResource) -> dg.AssetCheckResult:
    """A stranger gets neither the archive nor a list; the bucket is encrypted and in its region, where it tells."""
    with clear_errors():
        record = tools.now.records.of_run(context.run.run_id)
        key = str(record.facts.get("archive_key", "")) if record else ""
        return check_result(tidy.store_is_private(tools.now, key or "archives/none.dump"))


@dg.asset_check(asset=ARCHIVE)
def no_old_archive(tools: ToolsResource) -> dg.AssetCheckResult:
    """How old the oldest archive or list of accounts in the store is; a verified restore deletes its own."""
    with clear_errors():
        return check_result(tidy.oldest_archive(tools.now))


@dg.asset(
    key=DATABASE,
    # Media and release first: until then staging is still up and a failure costs nothing.
    deps=[ARCHIVE, INCOMING_MEDIA, RELEASE],
    group_name="database",
    owners=OWNERS,
    kinds={"heroku", "postgres"},
    check_specs=check_specs(DATABASE, _OF_THE_DATABASE, blocking=True),
)
def database(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """Staging's database, wiped and restored from the sanitised archive. Destructive.

    Staging goes into maintenance first and stays there until `staging/ready`.
    """
    with clear_errors():
        record = require_reset(tools.now, context.run.run_id, "staging/database", State.SANITISED, "accounts_key")
        require_reset(tools.now, context.run.run_id, "staging/database", State.SANITISED, "code_settled")
        require_reset(tools.now, context.run.run_id, "staging/database", State.SANITISED, "release_settled")
    with clear_errors(tools.now, record):
        transfer = restore.wipe_and_restore(tools.now, record, transfer_progress(context))
        verdict = restore.count_what_arrived(tools.now, record)
    yield check_result(verdict, "every_row_arrived", DATABASE)
    with clear_errors(tools.now, record):
        record = require_reset(tools.now, context.run.run_id, "The rest of staging/database", State.RESTORED)
    yield dg.MaterializeResult(metadata={"restore": transfer.name} | labelled(verdict.facts) | record_metadata(record))


@dg.asset_check(asset=DATABASE, blocking=True)
def nothing_submitted_is_left(tools: ToolsResource) -> dg.AssetCheckResult:
    """Searches staging's database itself for anything the public submitted, table by table."""
    with clear_errors(), target.target_database(tools.now, _STAGING) as connection:
        return check_result(ready.nothing_submitted(tools.now, connection))


@dg.asset(key=ACCOUNTS, deps=[DATABASE, EXTRA_ACCOUNTS], group_name="database", owners=OWNERS, kinds={"postgres"})
def accounts(context: dg.AssetExecutionContext, tools: ToolsResource) -> dg.MaterializeResult[None]:
    """Accounts on staging: production's staff, everybody else replaced, and staging's own staff accounts put back."""
    with clear_errors():
        record = require_reset(tools.now, context.run.run_id, "staging/accounts", State.RESTORED, go_on=True)
    with clear_errors(tools.now, record):
        outcome = mend.put_back_accounts(tools.now, record)
    return dg.MaterializeResult(
        metadata={
            "put back": len(outcome.restored),
            "already there": len(outcome.already_there),
            "not put back": len(outcome.skipped),
        }
        | record_metadata(record)
    )


@dg.asset_check(asset=ACCOUNTS, blocking=True)
def only_staff_kept(tools: ToolsResource) -> dg.AssetCheckResult:
    """Every account is either exactly on a staff domain and kept, or replaced and unable to log in."""
    with clear_errors(), target.target_database(tools.now, _STAGING) as connection:
        return check_result(ready.others_replaced(tools.now, connection))


@dg.asset_check(asset=ACCOUNTS)
def staff_can_log_in(tools: ToolsResource) -> dg.AssetCheckResult:
    """Staff accounts are all there, with their password or without it, as the council chose."""
    privacy = tools.now.settings.privacy
    with clear_errors(), target.target_database(tools.now, _STAGING) as connection:
        kept = restore.manifest_of_database(tools.now, connection)["accounts"]["kept"]
        return check_result(account_checks.staff_kept(connection, privacy.staff_domains, privacy.staff_passwords, kept))


@dg.asset(
    key=SITES,
    deps=[DATABASE],
    group_name="database",
    owners=OWNERS,
    kinds={"postgres", "wagtail"},
    check_specs=check_specs(SITES, _OF_THE_SITES, blocking=True),
)
def site_records(context: dg.AssetExecutionContext, tools: ToolsResource) -> Results:
    """Wagtail's Site records, changed in place from production's hosts to staging's."""
    with clear_errors():
        record = require_reset(tools.now, context.run.run_id, "staging/site_records", State.RESTORED, go_on=True)
    with clear_errors(tools.now, record):
        changes = mend.update_site_records(tools.now, record)
        with target.target_database(tools.now, _STAGING) as connection:
            production = tools.now.settings.production.hosts
            verdict = site_checks.sites_moved(connection, tools.now.settings.staging.sites, production)
    yield check_result(verdict, "no_production_host", SITES)
    # Not as a table: in the UI, the hosts would be wider than the page.
    hosts = "\n".join(f"- **{c.site_name}:** `{c.from_host}` became `{c.to_host}`" for c in changes)
    moved: Metadata = {"changed": sum(c.changes for c in changes), "hosts": dg.MetadataValue.md(hosts)}
    yield dg.MaterializeResult(metadata=moved | record_metadata(record))


@dg.asset_check(asset=SITES)
def site_settings_still_attached(tools: ToolsResource) -> dg.AssetCheckResult:
    """Navigation, important pages, social media, system messages and redirects still belong to their sites."""
    with clear_errors(), target.target_database(tools.now, _STAGING) as connection:
        written = restore.rows_written(restore.manifest_of_database(tools.now, connection))
        return check_result(site_checks.settings_attached(connection, written))
