"""The code location as a whole: nothing lost, nothing orphaned, nothing that a run could do by itself."""

import subprocess
import sys

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from bc_pipelines.definitions import build_definitions, defs

INSPECTED = {
    "cache": {"answers", "encrypted", "asks_for_password", "evicts_when_full"},
    "front_end_cache": {"private_pages_are_not_kept", "no_cookie_on_kept_pages", "visitors_are_told_apart"},
    "file_storage": {
        "images_are_public",
        "list_is_not_public",
        "nobody_else_can_write",
        "encrypted",
        "has_a_way_back",
        "in_its_region",
    },
    "dns": {"every_host_resolves", "no_dangling_alias", "caa_allows_the_issuer"},
    "tls": {
        "certificate_is_current",
        "certificate_is_for_its_host",
        "chain_is_trusted",
        "old_versions_are_refused",
        "http_leads_to_https",
    },
}
ASSETS = {
    "preflight": {"staging/branches", "staging/reset_plan", "staging/extra_accounts", "staging/rollback_plan"},
    "backups": {"production/backup", "staging/backup", "development/backup"},
    "database": {
        "staging/sanitised_archive",
        "staging/database",
        "staging/accounts",
        "staging/site_records",
        "staging/rolled_back",
    },
    "media": {"production/media", "development/media", "staging/incoming_media", "staging/media"},
    "code": {"staging/branch", "staging/release"},
    "cleanup": {"staging/ready", "staging/served_pages"},
    "comms": {"staging/reset_report", "staging/colleague_notice", "staging/client_notice"},
    "local": {"local/sanitised_archive"},
    "infrastructure": {f"{environment}/{area}" for environment in ("production", "staging") for area in INSPECTED},
}
CHECKS = {
    "production/backup": {
        "backup_succeeded",
        "backup_is_complete",
        "backup_is_recent",
        "catalogue_covers_backup",
    },
    "staging/backup": {"backup_succeeded", "backup_is_complete", "backup_is_recent", "raw_copies"},
    "development/backup": {"backup_succeeded", "backup_is_complete", "backup_is_recent"},
    "staging/branches": {"every_branch_merges", "migrations_come_together", "nothing_only_on_staging"},
    "staging/reset_plan": {"plan_is_acceptable", "token_may_reset"},
    "staging/sanitised_archive": {
        "every_column_classified",
        "proof_found_nothing",
        "archive_store_is_private",
        "no_old_archive",
    },
    "staging/incoming_media": {"plan_is_safe", "production_has_every_file"},
    "staging/media": {"every_file_present", "nothing_extra", "headers_kept", "private_files_left_out"},
    "staging/branch": {"pushed_as_planned"},
    "staging/release": {"ci_passes", "is_released"},
    "staging/database": {"every_row_arrived", "nothing_submitted_is_left"},
    "staging/accounts": {"only_staff_kept", "staff_can_log_in"},
    "staging/site_records": {"no_production_host", "site_settings_still_attached"},
    "staging/ready": {
        "hidden_from_search_engines",
        "no_migration_is_missing",
        "still_nothing_submitted",
        "still_only_staff",
        "front_end_cache_purged",
    },
    "staging/rollback_plan": {"token_may_roll_back"},
    "staging/rolled_back": {
        "every_row_is_back",
        "carries_what_it_carried",
        "sites_as_they_were",
        "branch_as_it_was",
        "front_end_cache_purged",
        "hidden_from_search_engines",
        "hidden_as_served",
    },
    "staging/served_pages": {
        "every_host_answers",
        "nothing_points_at_production",
        "editors_links",
        "hidden_as_served",
    },
    "staging/colleague_notice": {"message_is_there"},
    "staging/client_notice": {"mail_was_accepted"},
}
CHECKS["local/sanitised_archive"] = {"every_column_classified", "proof_found_nothing", "store_is_private"}
CHECKS |= {f"production/{area}": names for area, names in INSPECTED.items()}
CHECKS |= {f"staging/{area}": names for area, names in INSPECTED.items()}
CHECKS["production/front_end_cache"] = {*INSPECTED["front_end_cache"], "home_page_may_be_kept"}
CHECKS["staging/cache"] = {*INSPECTED["cache"], "is_not_productions"}
CHECKS["production/dns"] = {*INSPECTED["dns"], "sender_policy_is_sound", "dmarc_is_there"}
CHECKS["production/tls"] = {*INSPECTED["tls"], "hsts_is_set"}
CHECKS["staging/file_storage"] = {*INSPECTED["file_storage"], "is_not_productions"}
NOT_BLOCKING = {
    "is_not_productions",
    "hsts_is_set",
    "home_page_may_be_kept",
    "sender_policy_is_sound",
    "dmarc_is_there",
    *(name for names in INSPECTED.values() for name in names),
    "no_migration_is_missing",
    "every_branch_merges",
    "branch_as_it_was",
    "front_end_cache_purged",
    "migrations_come_together",
    "nothing_only_on_staging",
    "staff_can_log_in",
    "site_settings_still_attached",
    "every_host_answers",
    "nothing_points_at_production",
    "editors_links",
    "hidden_as_served",
    "raw_copies",
    "no_old_archive",
    "production_has_every_file",
    "every_file_present",
    "nothing_extra",
    "headers_kept",
    "private_files_left_out",
    "message_is_there",
    "mail_was_accepted",
}


def test_a_local_database_brings_its_own_assets_and_jobs() -> None:
    """Where one is configured, and nowhere else, there is a local database with its checks and a job for each pull."""
    there = build_definitions(on_laptop=True)
    dg.Definitions.validate_loadable(there)
    assets = there.resolve_asset_graph()
    more = assets.get_all_asset_keys() - graph().get_all_asset_keys()
    assert {key.to_user_string() for key in more} == {"local/database", "local/media"}
    checks = {key.name for key in assets.asset_check_keys - graph().asset_check_keys}
    of_database = {"every_row_arrived", "nothing_submitted_is_left", "nobody_is_kept"}
    assert checks == {*of_database, "every_file_present", "nothing_extra"}
    jobs = {job.name for job in there.jobs or ()} - {job.name for job in defs.jobs or ()}
    environments = ("production", "staging", "development")
    pulls = {f"pull_{name}_{what}" for name in environments for what in ("data", "media", "images")}
    assert jobs == {*pulls, "push_staging_images", "push_staging_media"}
    for name in jobs:
        assert there.resolve_job_def(name).description
        assert dg.validate_run_config(there.resolve_job_def(name), {})


@pytest.mark.parametrize(
    ("variables", "there"),
    [({}, "False"), *(({name: "x"}, "True") for name in ("BC_LOCAL_DATABASE_URL", "DATABASE_URL"))],
)
def test_the_variables_of_a_local_database_bring_it(variables: dict[str, str], there: str) -> None:
    """A code server decides by the variables that it was started with."""
    program = (
        "from bc_pipelines.definitions import defs\nprint(any(job.name == 'pull_production_data' for job in defs.jobs))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=variables, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == there


def graph() -> AssetGraph:
    """The asset graph as the UI draws it."""
    return defs.resolve_asset_graph()


def test_definitions_are_loadable() -> None:
    """Everything that jobs, schedules and sensors name exists."""
    dg.Definitions.validate_loadable(defs)


def test_every_asset_is_in_the_group_of_its_stage() -> None:
    """The exact set of assets, by group: nothing was lost and nothing slipped in."""
    groups: dict[str, set[str]] = {}
    for key in graph().get_all_asset_keys():
        groups.setdefault(str(graph().get(key).group_name), set()).add(key.to_user_string())
    assert groups == ASSETS


def test_every_check_hangs_on_an_asset_that_exists() -> None:
    """The exact set of checks, by asset, and which of them stop what comes after."""
    found: dict[str, set[str]] = {}
    soft = set()
    for key in graph().asset_check_keys:
        found.setdefault(key.asset_key.to_user_string(), set()).add(key.name)
        if not graph().get(key).blocking:
            soft.add(key.name)
    assert found == CHECKS
    assert soft == NOT_BLOCKING


def test_every_asset_says_what_it_is() -> None:
    """Each asset has a description, an owner and a kind for those who meet it in the UI."""
    for key in graph().get_all_asset_keys():
        node = graph().get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key


@pytest.mark.parametrize("name", [job.name for job in defs.jobs or ()])
def test_every_job_has_one_sentence(name: str) -> None:
    """Each job says what it is for."""
    assert defs.resolve_job_def(name).description


@pytest.mark.parametrize("name", ["reset_staging", "roll_back_staging"])
def test_a_destructive_job_is_never_retried(name: str) -> None:
    """It carries the tag that keeps Dagster from repeating it."""
    tags = defs.resolve_job_def(name).tags
    assert tags["dagster/max_retries"] == "0"


@pytest.mark.parametrize("name", ["reset_staging", "roll_back_staging"])
def test_what_wipes_has_no_name_typed_in_advance(name: str) -> None:
    """`confirm` has no default: without it there is not even a run."""
    with pytest.raises(dg.DagsterInvalidConfigError, match="Missing required config"):
        dg.validate_run_config(defs.resolve_job_def(name), {})


def test_the_way_back_is_a_branch_of_its_own() -> None:
    """Nothing hangs on it, and it hangs on nothing that a reset makes after its wipe."""
    plan, rolled_back = (dg.AssetKey(["staging", name]) for name in ("rollback_plan", "rolled_back"))
    assert graph().get(rolled_back).child_keys == set()
    assert graph().get(plan).child_keys == {rolled_back}
    assert graph().get(plan).parent_keys == {dg.AssetKey(["staging", "backup"])}


def test_nothing_runs_by_itself_until_it_is_switched_on() -> None:
    """In a new installation, schedules and sensors that start something are off; those that only tell are on."""
    assert {s.default_status for s in defs.schedules or ()} == {dg.DefaultScheduleStatus.STOPPED}
    on = {s.name for s in defs.sensors or () if s.default_status is dg.DefaultSensorStatus.RUNNING}
    assert on == {"where_staging_stands_after_a_failure", "where_staging_stands_after_terminate"}
    assert not any(s.targets for s in defs.sensors or () if s.name in on)


def test_a_resource_can_be_replaced() -> None:
    """`build_definitions` takes overrides and leaves the product's own definitions as they are."""
    built = build_definitions({"tools": dg.ResourceDefinition.hardcoded_resource("another")})
    assert built.resources is not None
    assert defs.resources is not None
    assert built.resources["tools"] is not defs.resources["tools"]


def test_loading_needs_no_secret_and_no_heavy_module() -> None:
    """A code server without any environment variable loads the definitions, without pandas, boto3 or Django."""
    program = (
        "import sys, bc_pipelines.definitions\n"
        "heavy = ('pandas', 'boto3', 'django', 'slack_sdk', 'cryptography', 'dns', 'bc_pipelines.sandbox')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={}, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
