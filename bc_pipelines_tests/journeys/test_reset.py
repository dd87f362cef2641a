"""The whole road: production's backup in, an anonymised staging site out, on real servers."""

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default

import httpx
import pytest
from typer.testing import CliRunner

from bc_pipelines.cli import app
from bc_pipelines.defs.launch import Outcome
from bc_pipelines.operations.infrastructure_front_end import look_at_front_end_cache
from bc_pipelines.operations.record import Records, State
from bc_pipelines.operations.tools import open_tools
from bc_pipelines.sandbox import cloudflare, mail
from bc_pipelines.sandbox.apps import STAGING as STAGINGS_APP
from bc_pipelines_tests.journeys.world import PRODUCTION, STAGING, Outside, Seen

STAGING_HOSTS = [
    f"{label}.staging.buckinghamshire.example" for label in ("care", "fis", "internal-jobs", "jobs", "www")
]


def test_a_reset_from_nothing_goes_through(first: Outcome) -> None:
    """Every step is done, every check passes, and the only warning is about links that editors wrote."""
    assert first.failure == ""
    assert first.succeeded
    assert [check for check in first.checks if not check.passed and not check.warning] == []
    assert {check.name for check in first.checks if not check.passed} <= {"editors_links"}


def test_the_branches_were_looked_at(first: Outcome) -> None:
    """Of three that staging holds, the stale one is left out; what is on the main branch already only counts."""
    shown = first.metadata["staging/branches"]
    assert (shown["branches on staging"], shown["merged back"], shown["stale"]) == (3, 2, 1)
    assert (shown["branches in master already"], shown["commits that only staging has"]) == (1, 0)
    plan = str(first.metadata["staging/reset_plan"]["plan"])
    assert "with `feature/123-extra-spangles`, `feature/131-waste-search` merged in" in plan
    assert "left out: `feature/098-carousel` (stale)" in plan


def test_stagings_branch_is_made_anew(first: Outcome, outside: Outside, after_first: Seen) -> None:
    """Asked on the server's side: the main branch with two branches merged in; what it was is kept as a tag."""
    record = Records(outside.world.database_url("dagster")).of_run(first.run_id)
    assert record is not None
    code, refs = record.facts["code"], after_first.refs
    assert refs["refs/heads/staging"] == code["new"] != code["old"]
    assert refs[f"refs/tags/{code['tag']}"] == code["old"]
    assert code["main"] == ["master", refs["refs/heads/master"]]
    features = ("feature/123-extra-spangles", "feature/131-waste-search")
    assert code["merged"] == [[name, refs[f"refs/heads/{name}"]] for name in features]


def test_the_new_branch_was_tested_and_released(first: Outcome, outside: Outside) -> None:
    """Before the wipe: GitLab's pipeline of the very commit passed, and Heroku's release is of it."""
    record = Records(outside.world.database_url("dagster")).of_run(first.run_id)
    assert record is not None
    commit, shown = record.facts["code"]["new"], first.metadata["staging/release"]
    assert record.facts["release_settled"] == commit
    assert f"The pipeline of {commit[:12]} succeeded" in str(shown["CI"])
    assert f"is of {commit[:12]}" in str(shown["release"])
    steps = [step.name for step in first.steps]
    assert steps.index("staging/branch") < steps.index("staging/release") < steps.index("staging/database")


def test_staging_has_its_own_hosts(first: Outcome, outside: Outside) -> None:
    """Site records are on staging's hosts; production's are as they were."""
    assert outside.sites("staging") == STAGING_HOSTS
    assert all(".staging." not in host for host in outside.sites("production"))


def test_stagings_caches_are_emptied_and_productions_are_not(first: Outcome, outside: Outside) -> None:
    """What was in both databases of staging's Redis before the reset is gone; production's still has it."""
    assert first.succeeded
    for environment, kept in (("production", 1), ("staging", 0)):
        if not (caches := outside.caches(environment)):
            pytest.skip("this machine has no redis-server")
        for cache in caches:
            with cache:
                assert cache.exists("made from another database") == kept


def test_the_cache_in_front_dropped_stagings_hosts(first: Outcome, outside: Outside) -> None:
    """Asked of the sandbox's Cloudflare: all of staging's hosts, and none of production's."""
    assert first.succeeded
    assert cloudflare.purges(outside.world)[0] == list(STAGINGS_APP.hosts)


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_caches_in_front_may_keep_what_is_everybodys(first: Outcome, environment: str) -> None:
    """Asked as inspect_infrastructure does: pages may be kept, the admin not, and no cache stands in front here."""
    assert first.succeeded
    with open_tools() as tools:
        looked = look_at_front_end_cache(tools, environment)
    assert [name for name, verdict in looked.verdicts.items() if not verdict.passed] == []
    assert looked.facts["front_end_cache"] == "none seen"
    assert {row["cache-control"] for row in looked.rows} == {"public, s-maxage=600, stale-while-revalidate=30"}


def test_nothing_that_the_public_sent_is_on_staging(first: Outcome, outside: Outside) -> None:
    """Asked by SQL past the product: what production holds by the dozen is empty on staging."""
    for table in (
        "wagtailforms_formsubmission",
        "recruitment_jobalertsubscription",
        "blogs_blogalertsubscription",
        "feedback_feedbackcomment",
        "feedback_usefulnessfeedback",
        "django_session",
    ):
        count = f"select count(*) from {table}"  # noqa: S608 - names from the list above
        assert outside.sql("production", count)[0][0] > 0, table
        assert outside.sql("staging", count)[0][0] == 0, table


def test_staff_keep_their_accounts_and_nobody_else_does(first: Outcome, outside: Outside) -> None:
    """Accounts of the two staff domains are identical on both sides; all others got a reserved address."""
    accounts = "select id, username, email, password from users_user order by id"
    production = {row[0]: row[1:] for row in outside.sql("production", accounts)}
    staging = {row[0]: row[1:] for row in outside.sql("staging", accounts)}
    assert production.keys() == staging.keys()
    for number, (username, email, password) in production.items():
        if email.strip().lower().rpartition("@")[2] in ("buckinghamshire.example", "torchbox.example"):
            assert staging[number] == (username, email, password)
        else:
            assert staging[number][0] != username
            # One account of the seed has no address; there is nothing to replace.
            assert staging[number][1].endswith("@replaced.invalid") or email == ""
            assert staging[number][2].startswith("!")


def test_staging_is_open_and_answers_on_every_host(first: Outcome, outside: Outside) -> None:
    """Maintenance is off, the dynos are back, and every host serves its own page to a visitor."""
    assert not outside.maintenance()
    assert outside.running()["web"] == 1
    pages = {host: _visit(outside, host) for host in STAGING_HOSTS}
    assert {page.status_code for page in pages.values()} == {200}
    assert all("noindex" in page.text for page in pages.values())
    assert len({page.text.partition("<title>")[2].partition("</title>")[0] for page in pages.values()}) == 5


def test_production_was_only_backed_up(first: Outcome, outside: Outside, after_first: Seen) -> None:
    """Production has one backup and nothing else: no restore, no maintenance, no dyno stopped."""
    assert len(after_first.backups[PRODUCTION]) == 1
    assert outside.transfers(PRODUCTION, "pg_restore") == []
    assert not outside.get(f"/apps/{PRODUCTION}")["maintenance"]


def test_the_record_says_how_it_went(first: Outcome, outside: Outside, after_first: Seen) -> None:
    """The reset's record is done and names the rollback point; the archive itself is gone from the store."""
    record = Records(outside.world.database_url("dagster")).of_run(first.run_id)
    assert record is not None
    assert record.state is State.DONE
    assert record.facts["rollback_point"] == after_first.backups[STAGING][0]
    assert record.requested_by == "a journey"


@pytest.mark.usefixtures("adoptable")
def test_a_preview_shows_the_plan_and_changes_nothing(first: Outcome, outside: Outside) -> None:
    """What would be wiped and what by, every check, and staging afterwards as before."""
    before = outside.rows("staging")
    said = CliRunner().invoke(app, ["preview"], env={"COLUMNS": "200"})
    assert said.exit_code == 0, said.output
    assert f"Wiped: {STAGING}" in said.output
    assert "Replaced by: production's" in said.output
    assert "token may reset" in said.output
    assert "What would be told, notice to colleagues" in said.output
    assert "Any test content has been reset." in said.output
    assert outside.rows("staging") == before


@pytest.fixture
def new_colleague(first: Outcome, outside: Outside) -> Iterator[str]:
    """A staff account that was made on staging; each reset puts it back, so it is deleted in the end."""
    outside.sql(
        "staging",
        "insert into users_user (username, email, first_name, last_name, password, is_staff, is_superuser, is_active,"
        " date_joined) values ('new.colleague', 'new.colleague@torchbox.example', 'New', 'Colleague', 'pbkdf2$x',"
        " true, false, true, now())",
    )
    yield "new.colleague"
    [(number,)] = outside.sql("staging", "select id from users_user where username = 'new.colleague'")
    outside.sql("staging", f"delete from wagtailusers_userprofile where user_id = {number}")  # noqa: S608
    outside.sql("staging", f"delete from users_user where id = {number}")  # noqa: S608


def test_a_second_reset_replaces_what_was_made_on_staging(outside: Outside, new_colleague: str, adoptable: str) -> None:
    """Made on staging since: a page's title and a staff account. The title is lost, the account is put back."""
    outside.sql("staging", "update wagtailcore_page set title = 'Only on staging' where depth = 2")
    before = outside.backups(PRODUCTION)
    again = outside.reset()
    assert again.failure == ""
    assert again.failed_checks == ()
    assert outside.sql("staging", "select count(*) from wagtailcore_page where title = 'Only on staging'") == [(0,)]
    kept = outside.sql("staging", f"select password from users_user where username = '{new_colleague}'")  # noqa: S608
    assert kept == [("pbkdf2$x",)]
    assert again.metadata["staging/accounts"]["put back"] == 1
    assert adoptable in before
    assert outside.backups(PRODUCTION) == before, "the recent backup is adopted, not captured again"


def test_the_report_can_be_read_without_dagster(first: Outcome, outside: Outside) -> None:
    """The report is a page in the archive store with figures, checks and what stays."""
    from bc_pipelines.operations.archive_store import ArchiveStore

    bucket, _, key = (
        str(first.metadata["staging/reset_report"]["report as a page"]).removeprefix("s3://").partition("/")
    )
    page = ArchiveStore(bucket).get_text(key)
    assert "This reset went through." in page
    assert "wagtailforms_formsubmission" in page
    assert f"Reset of {STAGING}" in page


def test_colleagues_and_the_client_were_told(first: Outcome, outside: Outside) -> None:
    """One message and one mail, with this reset's figures; neither holds the address of any account."""
    record = Records(outside.world.database_url("dagster")).of_run(first.run_id)
    assert record is not None
    [message] = [each["text"] for each in outside.messages() if record.id in each["text"]]
    [path] = mail.folder(outside.world).glob(f"*{record.id}*.eml")
    letter = message_from_bytes(path.read_bytes(), policy=default).get_body(("plain",))
    assert letter is not None
    text = letter.get_content()
    archive = first.metadata["staging/sanitised_archive"]
    assert f"{archive['rows purged']:,} rows removed" in message
    assert f"{archive['accounts kept']} accounts with an address" in text
    assert "The branch staging was reset, with " in message
    assert "git branch -D staging" in message
    addresses = {row[0] for row in outside.sql("production", "select email from users_user where email <> ''")}
    assert [address for address in addresses if address in message + text] == []


def test_nobody_is_told_twice(first: Outcome, outside: Outside) -> None:
    """The command shows both texts and that they were sent; told to send, it sends nothing."""
    before = len(outside.messages()), len(list(mail.folder(outside.world).iterdir()))
    for options in ([], ["--send"]):
        said = CliRunner().invoke(app, ["reset", "notices", *options], env={"COLUMNS": "200"})
        assert said.exit_code == 0, said.output
        assert said.output.count("It was sent before, at 20") == 2
    assert (len(outside.messages()), len(list(mail.folder(outside.world).iterdir()))) == before


def _visit(outside: Outside, host: str) -> httpx.Response:
    """Open a host's home page as a browser would, through the router."""
    router = f"https://{outside.world.address('router')}/"
    extensions = {"sni_hostname": host}
    with httpx.Client() as client:
        return client.send(client.build_request("GET", router, headers={"Host": host}, extensions=extensions))
