"""What the documents say is so: commands, names and paths in them exist."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bc_pipelines import settings
from bc_pipelines.cli import app
from bc_pipelines.contacts import KEYS
from bc_pipelines.definitions import build_definitions, defs
from bc_pipelines.defs.infrastructure import AREAS
from bc_pipelines.operations.pages import Page
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.page import page
from bc_pipelines.proof.verdict import NEVER_SEARCHED
from bc_pipelines.storage import MediaSettings

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PRIVACY = (CHECKOUT / "docs" / "privacy.md").read_text(encoding="utf-8")
MEDIA = (CHECKOUT / "docs" / "media.md").read_text(encoding="utf-8")
PULLING = (CHECKOUT / "docs" / "pulling.md").read_text(encoding="utf-8")
OPERATING = (CHECKOUT / "docs" / "operating.md").read_text(encoding="utf-8")
INFRASTRUCTURE = (CHECKOUT / "docs" / "infrastructure.md").read_text(encoding="utf-8")
NOTICES = (CHECKOUT / "docs" / "notices.md").read_text(encoding="utf-8")
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"[`\n]make ([a-z]+)\b", README + CONTRIBUTING + PRIVACY))))
def test_every_make_target_that_is_named_exists(target: str) -> None:
    """Whoever types what the documents say gets no "No rule to make target"."""
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


def test_the_table_of_a_reset_names_its_assets() -> None:
    """The README's table has a row for each asset of the reset that it explains, and none that does not exist."""
    named = set(re.findall(r"\| `([a-z]+/[a-z_]+)` \|", README))
    existing = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    assert named <= existing
    assert existing - named == {
        "staging/extra_accounts",
        "development/backup",
        "development/media",
        "production/media",
        "local/sanitised_archive",
        "staging/rollback_plan",
        "staging/rolled_back",
        *(f"{environment}/{area.name}" for environment in ("production", "staging") for area in AREAS),
    }


@pytest.mark.parametrize(
    "name",
    ["preview_staging_reset", "weekly_staging_reset", "new_production_backup", "roll_back_staging", "tidy_history"],
)
def test_named_jobs_schedules_and_sensors_exist(name: str) -> None:
    """Each name in the text is one in the UI."""
    assert f"`{name}`" in README
    known = {job.name for job in defs.jobs or ()} | {
        each.name for each in (*(defs.schedules or ()), *(defs.sensors or ()))
    }
    assert name in known


def test_what_the_page_about_pulling_names_exists() -> None:
    """Jobs, schedules, options and variables of docs/pulling.md are the product's."""
    there = build_definitions(on_laptop=True)
    known = {job.name for job in there.jobs or ()} | {each.name for each in there.schedules or ()}
    named = set(re.findall(r"`((?:make|pull|nightly)_\w+)`", PULLING))
    assert named <= known
    assert {name for name in known if name.endswith("_data") or "local" in name} <= named
    options = CliRunner().invoke(app, ["pull", "data", "--help"], env={"COLUMNS": "200"}).output
    assert [each for each in set(re.findall(r"`(--[a-z-]+)", PULLING)) - {"--plan"} if each not in options] == []
    described = settings.__doc__ or ""
    assert [each for each in set(re.findall(r"`([A-Z_]{6,})`", PULLING)) if each not in described] == []


def test_what_the_page_about_media_names_exists() -> None:
    """Commands, settings and assets of docs/media.md are the product's, and what is left out by default is complete."""
    for command in re.findall(r"^bucks (.+?)  ", MEDIA, re.MULTILINE):
        words = [word for word in command.split() if word not in ("production", "staging")]
        names = [word for word in words if not word.startswith("-")]
        answer = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "200"})
        assert answer.exit_code == 0, command
        assert all(word in answer.output for word in words if word.startswith("-")), command
    table = settings.read_environments({})["media"]
    assert set(re.findall(r"`(scope|media_copy|excluded|most_\w+)", MEDIA)) == table.keys()
    assert all(f"`{prefix}`" in MEDIA for prefix in table["excluded"])
    assert tuple(table["excluded"]) == MediaSettings().excluded


def test_what_the_page_about_notices_names_exists() -> None:
    """Settings, variables, assets, checks, options and the job of docs/notices.md are the product's, and complete."""
    assert set(re.findall(r"`((?:slack|client|mail|smtp|dagster)_\w+)`", NOTICES)) - {"mail_was_accepted"} == set(KEYS)
    described = settings.__doc__ or ""
    assert [name for name in set(re.findall(r"`(BC_[A-Z_]+)`", NOTICES)) if name not in described] == []
    graph = defs.resolve_asset_graph()
    there = {key.to_user_string() for key in graph.get_all_asset_keys()} | {key.name for key in graph.asset_check_keys}
    assert set(re.findall(r"`(staging/\w+|m\w+_(?:there|accepted))`", NOTICES)) <= there
    options = CliRunner().invoke(app, ["reset", "notices", "--help"], env={"COLUMNS": "200"}).output
    assert all(option in options for option in re.findall(r"bucks reset notices.* (--[a-z-]+)", NOTICES))
    assert "send_notices" in {job.name for job in defs.jobs or ()}
    named = (CHECKOUT / "bc_pipelines" / "environments.toml").read_text(encoding="utf-8")
    assert [key for key in KEYS if f"\n# {key} = " not in named] == []


def test_the_page_about_infrastructure_names_every_area_and_check() -> None:
    """docs/infrastructure.md explains each check of each area, and none that does not exist."""
    graph = defs.resolve_asset_graph()
    areas = {area.name for area in AREAS}
    there = {key.name for key in graph.asset_check_keys if key.asset_key.path[-1] in areas}
    assert set(re.findall(r"^\| `(\w+)` \|", INFRASTRUCTURE, re.MULTILINE)) == there
    assert set(re.findall(r"^## .*`(\w+)`", INFRASTRUCTURE, re.MULTILINE)) == areas
    assert "`inspect_infrastructure`" in INFRASTRUCTURE


def test_the_developers_section_fits_on_a_screen() -> None:
    """Whoever only wants the data reads forty lines at most."""
    section = README.partition("## On a developer's machine")[2].partition("\n## ")[0]
    assert len(section.splitlines()) <= 40


def test_every_variable_of_the_product_is_in_the_table() -> None:
    """The README's variables are those that settings.py and dagster.yaml read, as far as somebody must set them."""
    table = set(re.findall(r"`([A-Z_]{6,})`", README))
    described = settings.__doc__ or ""
    dagster_yaml = (CHECKOUT / "dagster.yaml").read_text(encoding="utf-8")
    for name in table - {"DAGSTER_HOME"}:
        assert name in described or name.startswith("AWS_") or f"env: {name}" in dagster_yaml, name
    assert {"HEROKU_API_KEY", "DAGSTER_DATABASE_URL", "BC_VIEW_RESTRICTION_PASSWORD"} <= table


@pytest.mark.parametrize("page", list(Page))
def test_every_section_that_a_message_names_exists(page: Page) -> None:
    """A failure's message sends people to a heading of docs/operating.md, as GitHub makes an anchor of it."""
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in _headings()}
    assert page.partition("docs/operating.md#")[2] in anchors


def test_every_section_is_named_by_a_message() -> None:
    """No section that nobody is sent to, and none that does not say what you see and what to do."""
    used = {
        name
        for path in (CHECKOUT / "bc_pipelines").rglob("*.py")
        for name in re.findall(r"Page\.([A-Z_]+)", path.read_text(encoding="utf-8"))
    }
    assert used == {page.name for page in Page}
    assert len(_headings()) == len(Page)
    for section in OPERATING.split("\n## ")[1:]:
        assert "**You see**" in section, section
        assert "**Do" in section or "**State afterwards:**" in section, section


def _headings() -> list[str]:
    return re.findall(r"^## (.*)$", OPERATING, re.MULTILINE)


@pytest.mark.parametrize(
    "page",
    ["README", "CONTRIBUTING", "docs/operating", "docs/pulling", "docs/media", "docs/notices", "docs/infrastructure"],
)
def test_every_link_and_path_leads_somewhere(page: str) -> None:
    """Links and pictures, as seen from the document, and folders that it names are in the checkout."""
    path = CHECKOUT / f"{page}.md"
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://)([^)#]+)", text)
    folders = re.findall(r"`(bc_pipelines[\w/]*/[\w/.]*)`", text)
    missing = [name for name in links if not (path.parent / name).exists()]
    assert missing + [name for name in folders if not (CHECKOUT / name).exists()] == []


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["reset"],
        ["preview"],
        ["doctor"],
        *(["reset", name] for name in ("roll-back", "status", "history", "raw-backups", "notices")),
        *([*names] for names in (("pull",), ("pull", "data"), ("local",))),
        *([*names] for names in (("pull", "media"), ("pull", "images"), ("push", "media"), ("push", "images"))),
        *(["media", name] for name in ("plan", "sync", "verify")),
        *(["local", name] for name in ("undo", "forget", "status")),
        ["ui"],
        ["sandbox"],
        *(["sandbox", name] for name in ("up", "down", "run", "status", "env")),
    ],
)
def test_every_command_explains_itself(command: list[str]) -> None:
    """`--help` answers for each command, and the longer ones show an example."""
    answer = CliRunner().invoke(app, [*command, "--help"])
    assert answer.exit_code == 0
    assert "Usage" in answer.output


def test_the_launchpad_text_in_the_readme_starts_a_reset() -> None:
    """What the README tells people to type into the Launchpad is valid configuration of the job."""
    import dagster as dg
    import yaml

    text = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert text is not None
    job = defs.resolve_job_def("reset_staging")
    assert dg.validate_run_config(job, yaml.safe_load(text[1]))


def test_the_page_of_the_catalogue_is_the_catalogue() -> None:
    """A decision that changed shows in docs/catalogue.md; `make docs` writes it."""
    assert (CHECKOUT / "docs" / "catalogue.md").read_text(encoding="utf-8") == page(Catalogue.load())


@pytest.mark.parametrize("limit", NEVER_SEARCHED)
def test_the_privacy_page_names_what_was_not_searched(limit: str) -> None:
    """Whoever reads what the proof shows also reads each thing that it does not."""
    assert limit in " ".join(PRIVACY.split())
