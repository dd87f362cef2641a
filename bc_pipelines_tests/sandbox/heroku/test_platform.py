"""The Platform API and the Data API's small routes: shapes, effects and errors."""

from __future__ import annotations

import base64
from typing import Any

import psycopg
import pytest

from bc_pipelines.heroku.models import App, DatabaseInfo, Process, Release, Slug
from bc_pipelines_tests.sandbox.heroku.simulated import (
    EMAIL,
    PRODUCTION,
    PRODUCTION_ADDON,
    STAGING,
    STAGING_ADDON,
    TOKEN,
    Simulated,
)


def resolve(simulated: Simulated, app: str, name: str) -> Any:  # noqa: ANN401 - JSON
    """What an attachment's name means."""
    body = {"addon_attachment": name, "app": app}
    return simulated.api.post("/actions/addon-attachments/resolve", json=body).json()


def test_both_kinds_of_authorisation_are_taken(simulated: Simulated) -> None:
    """The token is taken as Bearer and as the password of Basic, and answers carry Heroku's headers."""
    basic = base64.b64encode(f":{TOKEN}".encode()).decode()
    for header in (f"Bearer {TOKEN}", f"Basic {basic}"):
        answer = simulated.api.get("/account", headers={"Authorization": header})
        assert answer.json()["email"] == EMAIL
        assert answer.headers["request-id"]
        assert 0 < int(answer.headers["ratelimit-remaining"]) <= 4500


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic !", "Basic d3Jvbmc=", "Bearer \u00fc"])
@pytest.mark.parametrize("path", ["/account", "/client/v11/apps/x/transfers", "/sandbox/faults"])
def test_a_wrong_token_is_refused_by_both_apis(simulated: Simulated, path: str, header: str) -> None:
    """Every route answers 401 with the recorded body, whatever is asked."""
    answer = simulated.api.get(path, headers={b"Authorization": header.encode()})
    assert answer.status_code == 401
    assert answer.json() == {"id": "unauthorized", "message": "Invalid credentials provided."}


def test_reading_the_rate_limit_costs_nothing(simulated: Simulated) -> None:
    """Platform calls use tokens up; the Data API and the question itself do not."""
    before = int(simulated.api.get("/account").headers["ratelimit-remaining"])
    assert simulated.api.get("/account/rate-limits").json()["remaining"] >= before
    assert "ratelimit-remaining" not in simulated.api.get(f"/client/v11/apps/{STAGING}/transfers").headers


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/apps/unknown", "app"),
        (f"/apps/{STAGING}/releases/9999", "release"),
        (f"/apps/{STAGING}/dynos/run.1", "dyno"),
        ("/addons/unknown", "add_on"),
    ],
)
def test_unknown_things_of_the_platform_api(simulated: Simulated, path: str, resource: str) -> None:
    """A 404 names the kind of thing that is missing."""
    answer = simulated.api.get(path)
    assert answer.status_code == 404
    assert answer.json()["id"] == "not_found"
    assert answer.json()["resource"] == resource


def test_other_refusals_are_json_too(simulated: Simulated) -> None:
    """Unknown routes, databases and transfers, wrong methods and broken bodies answer in Heroku's form."""
    api = simulated.api
    answers = {
        404: [api.get("/nowhere"), api.get("/client/v11/databases/unknown")],
        405: [api.delete("/account")],
        400: [api.patch(f"/apps/{STAGING}", content=b"{"), api.patch(f"/apps/{STAGING}", json=[])],
        422: [api.patch(f"/apps/{STAGING}", json={"maintenance": "yes"})],
    }
    for status, given in answers.items():
        assert [answer.status_code for answer in given] == [status] * len(given)
        assert all(set(answer.json()) >= {"id", "message"} for answer in given)


def test_an_app_is_found_by_name_and_id_and_has_a_maintenance_switch(simulated: Simulated) -> None:
    """PATCH turns maintenance on, as reading the app by its id shows."""
    assert simulated.api.patch(f"/apps/{STAGING}", json={"maintenance": True}).json()["maintenance"] is True
    app = App.from_json(simulated.api.get(f"/apps/{STAGING}").json())
    assert app.maintenance
    assert App.from_json(simulated.api.get(f"/apps/{app.id}").json()) == app
    assert [found["name"] for found in simulated.api.get("/apps").json()] == [PRODUCTION, STAGING]


def test_config_vars_change_with_a_release(simulated: Simulated) -> None:
    """Setting and removing vars releases the app each time; a var of the database cannot be overwritten."""
    path = f"/apps/{STAGING}/config-vars"
    before = simulated.api.get(f"/apps/{STAGING}/releases").json()
    assert simulated.api.patch(path, json={"COLOUR": "green"}).json()["COLOUR"] == "green"
    assert "COLOUR" not in simulated.api.patch(path, json={"COLOUR": None}).json()
    after = simulated.api.get(f"/apps/{STAGING}/releases").json()
    assert [release["description"] for release in after[len(before) :]] == [
        "Set COLOUR config vars",
        "Unset COLOUR config vars",
    ]
    assert simulated.api.patch(path, json={"DATABASE_URL": "postgres://example.com/x"}).status_code == 422
    assert simulated.api.patch(path, json={"COLOUR": 1}).status_code == 422


def test_a_promoted_database_has_two_attachments(simulated: Simulated, databases: tuple[str, str]) -> None:
    """Both names, both config vars and the add-on's own name lead to the same add-on; its vars hold one value."""
    names = ("DATABASE_URL", "DATABASE", "HEROKU_POSTGRESQL_NAVY", "HEROKU_POSTGRESQL_NAVY_URL", PRODUCTION_ADDON)
    for name in names:
        (found,) = resolve(simulated, PRODUCTION, name)
        addon = found["addon"]
        assert (addon["name"], addon["app"]["name"]) == (PRODUCTION_ADDON, PRODUCTION)
        assert addon["plan"]["name"] == "heroku-postgresql:standard-0"
        assert (found["app"]["name"], found["namespace"]) == (PRODUCTION, None)
    config_vars = simulated.api.get(f"/apps/{PRODUCTION}/config-vars").json()
    assert config_vars["HEROKU_POSTGRESQL_NAVY_URL"] == config_vars["DATABASE_URL"] == databases[0]
    assert len(simulated.api.get(f"/apps/{PRODUCTION}/addon-attachments").json()) == 2
    assert len(simulated.api.get("/addon-attachments").json()) == 3
    assert resolve(simulated, STAGING, "HEROKU_POSTGRESQL_NAVY")["id"] == "not_found"


def test_an_addon_is_found_through_every_route(simulated: Simulated) -> None:
    """The add-on is the same by name, by id, below its app and by resolving."""
    listed = simulated.api.get(f"/apps/{STAGING}/addons").json()
    (addon,) = listed
    for path in (f"/addons/{STAGING_ADDON}", f"/addons/{addon['id']}", f"/apps/{STAGING}/addons/{STAGING_ADDON}"):
        assert simulated.api.get(path).json() == addon
    for body in ({"addon": STAGING_ADDON}, {"addon": "DATABASE_URL", "app": STAGING}):
        assert simulated.api.post("/actions/addons/resolve", json=body).json() == listed
    assert simulated.api.post("/actions/addons/resolve", json={"addon": "x", "app": STAGING}).status_code == 404
    assert len(simulated.api.get(f"/addons/{STAGING_ADDON}/addon-attachments").json()) == 1


def test_releases_come_in_pages(simulated: Simulated) -> None:
    """By Range a caller gets the newest first and the way to the next page; without it, all in order."""
    path = f"/apps/{PRODUCTION}/releases"
    everything = [Release.from_json(release) for release in simulated.api.get(path).json()]
    assert [release.version for release in everything] == list(range(1, len(everything) + 1))
    assert [release.version for release in everything if release.current] == [len(everything)]
    seen: list[int] = []
    wanted: str | None = "version ..; max=3, order=desc"
    while wanted:
        answer = simulated.api.get(path, headers={"Range": wanted})
        wanted = answer.headers.get("next-range")
        assert answer.status_code == (206 if wanted else 200)
        seen += [release["version"] for release in answer.json()]
    assert seen == [release.version for release in reversed(everything)]
    assert simulated.api.get(f"{path}/1").json()["id"] == everything[0].id


def test_a_slug_is_released(simulated: Simulated) -> None:
    """A slug says of which commit it is; its release is the current one, and other settings keep the code."""
    path, commit = f"/apps/{STAGING}", "5a" * 20
    made = simulated.api.post(f"{path}/slugs", json={"commit": commit, "process_types": {"web": "x"}})
    assert made.status_code == 201
    slug = made.json()["id"]
    assert Slug.from_json(simulated.api.get(f"{path}/slugs/{slug}").json()) == Slug(slug, commit)
    released = simulated.api.post(f"{path}/releases", json={"slug": slug, "description": "Deploy 5a5a5a5a"})
    assert (released.status_code, released.json()["current"]) == (201, True)
    simulated.api.patch(f"{path}/config-vars", json={"SOMETHING": "else"})
    newest = Release.from_json(simulated.api.get(f"{path}/releases").json()[-1])
    assert newest.slug_id == slug
    assert Release.from_json(simulated.api.get(f"{path}/releases/1").json()).slug_id is None
    assert simulated.api.get(f"{path}/slugs/none").status_code == 404
    assert simulated.api.post(f"{path}/releases", json={"slug": "none"}).status_code == 404
    assert simulated.api.post(f"{path}/slugs", json={"commit": commit}).status_code == 422


def test_the_formation_is_scaled_in_one_request(simulated: Simulated) -> None:
    """A batch changes all types, in the forms that the CLI sends; one unknown type changes none."""
    path = f"/apps/{STAGING}/formation"
    updates: list[dict[str, object]] = [{"type": "web", "quantity": 0}, {"type": "worker", "quantity": "+2"}]
    simulated.api.patch(path, json={"updates": updates})
    formation = [Process.from_json(process) for process in simulated.api.get(path).json()]
    assert {process.type: process.quantity for process in formation} == {"web": 0, "worker": 3}
    wrong = {"updates": [{"type": "worker", "quantity": 0}, {"type": "clock", "quantity": 1}]}
    assert simulated.api.patch(path, json=wrong).status_code == 404
    assert simulated.api.get(f"{path}/worker").json()["quantity"] == 3
    assert simulated.api.patch(f"{path}/worker", json={"quantity": "-1"}).json()["quantity"] == 2
    for body in ({}, {"updates": ["web"]}, {"updates": [{"type": "web", "quantity": "many"}]}):
        assert simulated.api.patch(path, json=body).status_code == 422


@pytest.mark.parametrize(("addon", "plan"), [(PRODUCTION_ADDON, "standard-0"), (STAGING_ADDON, "essential-1")])
def test_a_databases_info_is_measured(simulated: Simulated, databases: tuple[str, str], addon: str, plan: str) -> None:
    """Size, tables and version come from PostgreSQL itself, in the shape of each tier."""
    url = databases[0 if addon == PRODUCTION_ADDON else 1]
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        version = connection.info.server_version
    answer = simulated.api.get(f"/client/v11/databases/{addon}").json()
    assert isinstance(answer["plan"], str) == plan.startswith("essential")
    info = DatabaseInfo.from_json(answer)
    assert row == (info.num_bytes,)
    assert (info.plan, info.status, info.waiting) == (plan, "Available", False)
    assert info.postgres_version == f"{version // 10000}.{version % 10000}"
    assert info.rows["Tables"].split("/")[0] == "2"
    status = simulated.api.get(f"/client/v11/databases/{addon}/wait_status").json()
    assert status["waiting?"] is False


def test_a_reset_empties_a_database(simulated: Simulated, databases: tuple[str, str]) -> None:
    """`pg:reset` leaves no table and an empty public schema."""
    assert simulated.api.put(f"/client/v11/databases/{STAGING_ADDON}/reset", json={}).json()["message"]
    with psycopg.connect(databases[1]) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname !~ '^pg_|info'").fetchone()
        connection.execute("CREATE TABLE public.new (id integer)")
    assert tables == (0,)


def test_schedules_are_kept(simulated: Simulated) -> None:
    """A schedule takes its hour as text, replaces one of the same name, and can be removed."""
    path = f"/client/v11/databases/{PRODUCTION_ADDON}/transfer-schedules"
    body = {"hour": "02", "timezone": "Europe/London", "schedule_name": "DATABASE_URL"}
    simulated.api.post(path, json=body)
    schedule = simulated.api.post(path, json={**body, "hour": "03"}).json()
    assert schedule["hour"] == 3
    assert simulated.api.get(path).json() == [schedule]
    assert simulated.api.delete(f"{path}/{schedule['uuid']}").json()["deleted_at"]
    assert simulated.api.get(path).json() == []
    assert simulated.api.post(path, json={}).status_code == 422


def test_credentials_are_the_connection_strings(simulated: Simulated, databases: tuple[str, str]) -> None:
    """The default credential is the one of the config var."""
    (found,) = simulated.api.get(f"/postgres/v0/databases/{STAGING_ADDON}/credentials").json()
    assert found["name"] == "default"
    (role,) = found["credentials"]
    assert f"{role['user']}:{role['password']}@" in databases[1]
