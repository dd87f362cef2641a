"""The access check: what a token may do on each app is told in words, and nothing is changed to find out."""

from __future__ import annotations

import re

import pytest

from bc_pipelines.heroku.access import AppAccess, access
from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import Unauthorised
from bc_pipelines_tests.heroku.scripted import Reply, ScriptedServer
from bc_pipelines_tests.heroku.shapes import PRODUCTION, STAGING, Json, attachment
from bc_pipelines_tests.heroku.simulated import Heroku

ROBOT = {"id": "robot-1", "email": "robot@council.example"}
APPS = ("production", "staging")
OPERATOR = ("view", "deploy", "operate")
FORBIDDEN = Reply(403, {"id": "forbidden", "message": "You do not have access to the app production."})


def collaborator(*permissions: str, role: str | None = "collaborator", user: Json = ROBOT) -> Json:
    """Somebody's entry on an app; without permissions, as on the app of a personal account."""
    entry: Json = {"id": "c", "user": user, "role": role}
    return entry | ({"permissions": [{"name": name} for name in permissions]} if permissions else {})


def granted(server: ScriptedServer, app: str, entry: Json) -> None:
    """Give the robot an entry on an app that has another collaborator too."""
    other = collaborator("view", user={"id": "person-1", "email": "ann@council.example"})
    server.on("GET", f"/apps/{app}/collaborators", Reply(body=[other, entry]))


@pytest.fixture
def account(server: ScriptedServer) -> ScriptedServer:
    """A robot's account that sees production and staging of a team, with `deploy` and `operate` on both."""
    server.on("GET", "/account", Reply(body=ROBOT, headers={"Oauth-Scope": "global"}))
    apps = [{"id": f"id-of-{app}", "name": app, "maintenance": False} for app in APPS]
    server.on("GET", "/apps", Reply(body=apps))
    for app, database in zip(apps, (PRODUCTION, STAGING), strict=True):
        name = str(app["name"])
        url = f"postgres://user:SECRET@{database.address}"
        server.on("GET", f"/apps/{name}", Reply(body=app))
        server.on("GET", f"/apps/{name}/config-vars", Reply(body={"DATABASE_URL": url}))
        server.on("GET", f"/apps/{name}/addon-attachments", Reply(body=[attachment(database)]))
        server.on("GET", f"/client/v11/apps/{name}/transfers", Reply(body=[]))
        granted(server, name, collaborator(*OPERATOR))
    server.on(
        "POST",
        "/actions/addon-attachments/resolve",
        lambda seen: Reply(body=[attachment({"production": PRODUCTION, "staging": STAGING}[seen.body["app"]])]),
    )
    return server


def found(client: HerokuClient) -> tuple[AppAccess, AppAccess]:
    """What the check says about production and about staging."""
    production, staging = access(client, APPS)
    return production, staging


def test_a_robot_with_the_rights_passes(account: ScriptedServer, client: HerokuClient) -> None:
    """With everything in place there is no objection and no doubt, and the words name account, standing and rights."""
    production, staging = found(client)
    assert (production.objections, production.doubts, staging.objections, staging.doubts) == ((), (), (), ())
    assert staging.words == (
        "staging: robot@council.example is collaborator with deploy, operate, view. It may see the app, read its "
        "config vars, find its database, list its backups, capture a backup, restore its database, switch its "
        "maintenance, scale its dynos, run one-off dynos."
    )
    assert "SECRET" not in repr(found(client))


def test_nothing_is_changed_to_find_out(account: ScriptedServer, client: HerokuClient) -> None:
    """Every request is a GET, but for the resolver, which only looks something up."""
    access(client, APPS)
    others = {(seen.method, seen.path) for seen in account.seen if seen.method != "GET"}
    assert others == {("POST", "/actions/addon-attachments/resolve")}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (collaborator("view"), "staging: robot@council.example may not capture a backup, restore .*: .* are view; it"),
        (collaborator("view", "manage"), "may not capture a backup.*manage, view; it needs deploy and operate"),
    ],
)
def test_missing_permissions_are_an_objection(
    account: ScriptedServer, client: HerokuClient, entry: Json, words: str
) -> None:
    """An account with neither `deploy` nor `operate` on staging cannot reset it, and the reason is given once."""
    granted(account, "staging", entry)
    production, staging = found(client)
    assert production.objections == ()
    assert len(staging.objections) == 1
    assert re.search(words, staging.objections[0])


@pytest.mark.parametrize(
    ("entry", "allowed"),
    [
        (collaborator(), "yes"),
        (collaborator(role=None), "yes"),
        (collaborator(role="owner"), "yes"),
        (collaborator("view", "deploy", "operate", "manage", role="admin"), "yes"),
        (collaborator("view", "operate"), "not known"),
        (collaborator("view", "deploy"), "not known"),
        (collaborator(role="member"), "not known"),
        (collaborator(*OPERATOR, user={"id": "person-2", "email": "bo@council.example"}), "not known"),
    ],
)
def test_what_heroku_tells_decides(account: ScriptedServer, client: HerokuClient, entry: Json, allowed: str) -> None:
    """Owners, admins and personal collaborators may; half a permission or no entry is a doubt, never a refusal."""
    granted(account, "staging", entry)
    staging = found(client)[1]
    assert {right.allowed for right in staging.rights if right.to == "restore its database"} == {allowed}
    assert bool(staging.doubts) == (allowed == "not known")
    assert staging.objections == ()


def test_an_app_that_is_not_seen_is_an_answer(account: ScriptedServer, client: HerokuClient) -> None:
    """An app without access is told as such, with one sentence for everything that it prevents."""
    account.on("GET", "/apps/production", Reply(404, {"id": "not_found", "message": "Couldn't find that app."}))
    production, staging = found(client)
    assert len(production.objections) == 1
    assert "may not see the app, read its config vars" in production.objections[0]
    assert "docs/heroku.md" in production.objections[0]
    assert "without access to the app" in production.words
    assert staging.objections == ()


def test_config_vars_that_are_refused_are_an_objection(account: ScriptedServer, client: HerokuClient) -> None:
    """What was tried and refused is told with Heroku's own words, and so is what depends on it."""
    account.on("GET", "/apps/production/config-vars", FORBIDDEN)
    production = found(client)[0]
    assert [right.allowed for right in production.rights[:4]] == ["yes", "no", "no", "no"]
    assert "You do not have access to the app production" in production.objections[0]


def test_collaborators_that_may_not_be_listed_are_a_doubt(account: ScriptedServer, client: HerokuClient) -> None:
    """Where Heroku does not show who is on the app, the reset may still succeed."""
    account.on("GET", "/apps/staging/collaborators", FORBIDDEN)
    staging = found(client)[1]
    assert staging.objections == ()
    assert "does not list the account" in staging.doubts[0]


@pytest.mark.parametrize(
    ("scope", "answers"), [("read", {"no"}), ("identity, read-protected", {"no"}), ("write-protected", {"not known"})]
)
def test_a_token_of_a_narrow_scope_is_told(
    account: ScriptedServer, client: HerokuClient, scope: str, answers: set[str]
) -> None:
    """A token that only reads stops the reset before the first step, whatever its account may do."""
    account.on("GET", "/account", Reply(body=ROBOT, headers={"Oauth-Scope": scope}))
    staging = found(client)[1]
    assert {right.allowed for right in staging.rights[4:]} == answers
    assert "--scope global" in (*staging.objections, *staging.doubts)[0]


def test_a_persons_account_is_a_doubt(account: ScriptedServer, client: HerokuClient) -> None:
    """An account that sees apps nobody named is probably a person's; apps of the settings do not count."""
    names = (*APPS, "development", "somebody-elses")
    account.on("GET", "/apps", Reply(body=[{"id": name, "name": name, "maintenance": False} for name in names]))
    known = access(client, APPS, known_apps=("development",))
    assert [one.other_apps for one in known] == [1, 1]
    assert "a person's account" in known[0].doubts[0]
    assert known[0].doubts == known[1].doubts
    assert found(client)[0].other_apps == 2


def test_production_needs_no_more_than_a_capture(account: ScriptedServer, client: HerokuClient) -> None:
    """Rights to change production are told but not needed: only apps that the client may change need them."""
    production, staging = found(client)
    assert {right.to for right in production.rights if not right.needed} == {
        "restore its database",
        "switch its maintenance",
        "scale its dynos",
        "run one-off dynos",
    }
    assert all(right.needed for right in staging.rights)


def test_a_refused_token_is_an_error(account: ScriptedServer, client: HerokuClient) -> None:
    """A token that Heroku does not know has no rights to speak of."""
    account.on("GET", "/account", Reply(401, {"id": "unauthorized", "message": "Invalid credentials provided."}))
    with pytest.raises(Unauthorised, match=r"heroku authorizations:create"):
        access(client, APPS)


def test_the_owner_of_the_simulators_apps_may_do_everything(heroku: Heroku, real: HerokuClient) -> None:
    """Against a real server, whose two apps belong to the account itself, nothing is missing and nothing doubtful."""
    for app in found(real):
        assert (app.objections, app.doubts, app.standing) == ((), (), "owner")
        assert {right.allowed for right in app.rights} == {"yes"}
