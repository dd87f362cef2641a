"""The verdict on a token before a reset, of accounts with different rights at the simulator of Heroku."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.heroku.errors import Unauthorised
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.rights import require_rights, rights_for_reset
from bc_pipelines.operations.tools import open_tools
from bc_pipelines.sandbox.apps import environments_toml
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines_tests.postgres import oldest_bindir
from bc_pipelines_tests.sandbox.heroku.simulated import (
    EMAIL,
    PRODUCTION,
    PRODUCTION_HOST,
    STAGING,
    TEAM,
    TOKEN,
    Simulated,
)

OTHER = "somebody-elses"
WORKER = {"permissions": ["view", "deploy", "operate"]}
VIEWER = {"permissions": ["view"]}
PASSWORD = "PASSWORD-of-the-database"
WHOSE = "anybody@buckinghamshire.example"

Judge = Callable[..., Verdict]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """A simulator whose three apps a team owns. Nothing of this check reaches their databases, so there are none."""
    certificates = make_certificates(tmp_path_factory.mktemp("tls") / "private", [PRODUCTION_HOST])
    urls = tuple(f"postgres://site:{PASSWORD}@{name}.database.invalid/site" for name in ("production", "staging"))
    folder = tmp_path_factory.mktemp("heroku")
    simulated = Simulated(folder, certificates, oldest_bindir(), (urls[0], urls[1]))
    apps = simulated.config["apps"]
    addon = {"id": "00000000-0000-4000-9000-000000000000", "name": "postgresql-oblong-99999", "plan": "standard-0"}
    apps.append(apps[1] | {"id": "00000000-0000-4000-8000-000000000000", "name": OTHER, "hosts": [], "addon": addon})
    for app in apps:
        app["team"] = TEAM
    with simulated.running():
        yield simulated


@pytest.fixture
def judge(running: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Orders an account with these apps and gives the verdict on its token."""
    path = tmp_path / "environments.toml"
    path.write_text(environments_toml(), encoding="utf-8")
    variables = {
        "BC_ENVIRONMENTS": str(path),
        "BC_VIEW_RESTRICTION_PASSWORD": "invented for these tests",
        "DAGSTER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/dagster",
        "HEROKU_HOST": running.base,
        "HEROKU_DATA_HOST": "127.0.0.1",
        "HEROKU_API_KEY": "anybody",
        "SSL_CERT_FILE": str(running.certificates.ca),
        "AWS_DEFAULT_REGION": "eu-west-2",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def judge(apps: dict[str, Any] | None = None, scope: str = "global") -> Verdict:
        if apps is None:
            monkeypatch.setenv("HEROKU_API_KEY", TOKEN)
        else:
            running.order_account("anybody", apps, scope).close()
        with open_tools() as tools:
            return rights_for_reset(tools, tools.settings.staging)

    return judge


def answers(verdict: Verdict, app: str) -> dict[str, str]:
    """What may be done on an app."""
    return {str(row["may"]): str(row["allowed"]) for row in verdict.rows if row["app"] == app}


def test_a_robot_passes(judge: Judge, running: Simulated) -> None:
    """With `deploy` and `operate` on both apps nothing stands against a reset; nothing is changed to find out."""
    begun = len(running.api.get("/sandbox/requests").json())
    verdict = judge({PRODUCTION: WORKER, STAGING: WORKER})
    assert (verdict.passed, verdict.facts) == (True, {"rights missing": 0, "doubts": 0})
    for app in (PRODUCTION, STAGING):
        assert f"{app}: {WHOSE} is collaborator with deploy, operate, view. It may see the app," in verdict.summary
        assert set(answers(verdict, app).values()) == {"yes"}
    require_rights(verdict)
    assert PASSWORD not in repr(verdict)
    asked = running.api.get("/sandbox/requests").json()[begun:]
    assert {one for one in asked if not one.startswith("GET ")} == {"POST /actions/addon-attachments/resolve"}


def test_a_token_that_sees_only_staging(judge: Judge) -> None:
    """Production, without which there is nothing to copy, is named, and so is where the remedy stands."""
    verdict = judge({STAGING: WORKER})
    assert (verdict.passed, verdict.severity, verdict.facts["rights missing"]) == (False, "error", 1)
    assert f"{PRODUCTION}: {WHOSE} may not see the app, read its config vars" in verdict.summary
    assert "docs/heroku.md says how to give it the right." in verdict.summary
    assert STAGING not in verdict.summary
    assert set(answers(verdict, STAGING).values()) == {"yes"}
    with pytest.raises(Refused, match=rf"{PRODUCTION}: .* may not see the app.* Nothing was changed\."):
        require_rights(verdict)


@pytest.mark.parametrize("app", [PRODUCTION, STAGING])
def test_an_account_that_only_looks(judge: Judge, app: str) -> None:
    """With `view` alone neither a backup can be captured nor a database restored; the app is named, and the reason."""
    verdict = judge({PRODUCTION: WORKER, STAGING: WORKER, app: VIEWER})
    assert (verdict.passed, verdict.severity) == (False, "error")
    assert verdict.summary.startswith(f"{app}: {WHOSE} may not read its config vars, find its database, list its")
    assert f"{app}: {WHOSE} may not capture a backup" in verdict.summary
    assert "its permissions are view; it needs deploy and operate" in verdict.summary
    assert ("restore its database" in verdict.summary) == (app == STAGING)
    assert answers(verdict, app)["see the app"] == "yes"


def test_a_token_that_only_reads(judge: Judge) -> None:
    """A narrow scope is told as such, whatever the account may do."""
    verdict = judge({PRODUCTION: WORKER, STAGING: WORKER}, scope="read")
    assert (verdict.passed, verdict.severity) == (False, "error")
    for app in (PRODUCTION, STAGING):
        assert f"{app}: {WHOSE} may not read its config vars" in verdict.summary
    assert verdict.summary.count("the token's scope is read; make one with --scope global") == 2


@pytest.mark.parametrize("permission", ["deploy", "operate"])
def test_one_permission_of_the_two_is_a_warning(judge: Judge, permission: str) -> None:
    """Heroku's page on permissions does not name backups, so that nobody can know; the reset may begin."""
    verdict = judge({PRODUCTION: WORKER, STAGING: {"permissions": ["view", permission]}})
    assert (verdict.passed, verdict.severity, verdict.facts) == (False, "warn", {"rights missing": 0, "doubts": 1})
    assert f"{STAGING}: it is not known whether {WHOSE} may capture a backup, restore its" in verdict.summary
    assert PRODUCTION not in verdict.summary
    require_rights(verdict)


def test_a_persons_account_is_a_warning(judge: Judge) -> None:
    """An account that sees another app as well is told once, though two apps were asked about."""
    verdict = judge({PRODUCTION: WORKER, STAGING: WORKER, OTHER: VIEWER})
    assert (verdict.passed, verdict.severity, verdict.facts) == (False, "warn", {"rights missing": 0, "doubts": 1})
    assert verdict.summary.startswith(f"{WHOSE} sees other apps as well (1)")
    require_rights(verdict)


def test_a_token_for_the_identity_only_is_not_accepted(judge: Judge) -> None:
    """It may not even list apps: there is nothing to judge, and the message says what to do about the token."""
    with pytest.raises(Unauthorised, match=r"The token may not do this"):
        judge({PRODUCTION: WORKER, STAGING: WORKER}, scope="identity")


def test_the_account_of_the_sandbox_is_a_robot(judge: Judge) -> None:
    """What the simulator grants its configured account on a team's apps is all that a reset needs, and no more."""
    verdict = judge()
    assert answers(verdict, STAGING)["restore its database"] == "yes"
    assert f"{EMAIL} sees other apps as well (1)" in verdict.summary, "its third app is nobody's in the settings"
