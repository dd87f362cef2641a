"""Accounts with less than all rights: what they see, what they may do, and how they are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from bc_pipelines_tests.sandbox.heroku.simulated import (
    EMAIL,
    PRODUCTION,
    PRODUCTION_ADDON,
    STAGING,
    STAGING_ADDON,
    TEAM,
    TOKEN,
    Simulated,
)

APP_GONE = {"id": "not_found", "message": "Couldn't find that app.", "resource": "app"}
DATABASE = f"/client/v11/databases/{PRODUCTION_ADDON}"
TRANSFERS = f"/client/v11/apps/{PRODUCTION}/transfers"
LOOKS = ("", "/collaborators", "/dynos", "/formation", "/formation/web", "/releases", "/releases/1")
WORK = [
    ("GET", f"/apps/{PRODUCTION}/config-vars"),
    ("GET", f"/apps/{PRODUCTION}/releases/1/config-vars"),
    ("PATCH", f"/apps/{PRODUCTION}/config-vars"),
    ("PATCH", f"/apps/{PRODUCTION}"),
    ("PATCH", f"/apps/{PRODUCTION}/formation"),
    ("PATCH", f"/apps/{PRODUCTION}/formation/web"),
    ("POST", f"/apps/{PRODUCTION}/dynos"),
    ("POST", f"/apps/{PRODUCTION}/releases"),
    ("POST", f"/apps/{PRODUCTION}/slugs"),
    ("DELETE", f"/apps/{PRODUCTION}/dynos"),
    ("GET", f"/addons/{PRODUCTION_ADDON}"),
    ("GET", DATABASE),
    ("GET", f"{DATABASE}/wait_status"),
    ("POST", f"{DATABASE}/backups"),
    ("POST", f"{DATABASE}/restores"),
    ("POST", f"{DATABASE}/transfers"),
    ("PUT", f"{DATABASE}/reset"),
    ("POST", f"{DATABASE}/connection_reset"),
    ("GET", f"{DATABASE}/transfer-schedules"),
    ("GET", f"/postgres/v0/databases/{PRODUCTION_ADDON}/credentials"),
    ("GET", TRANSFERS),
    ("GET", f"{TRANSFERS}/1"),
    ("POST", f"{TRANSFERS}/1/actions/public-url"),
    ("POST", f"{TRANSFERS}/1/actions/cancel"),
    ("DELETE", f"{TRANSFERS}/1"),
]
"""All that `view` does not cover."""


@pytest.fixture
def order(simulated: Simulated) -> Iterator[Callable[..., httpx.Client]]:
    """Orders an account and gives a client of it; all are forgotten afterwards."""
    clients: list[httpx.Client] = []

    def order(apps: dict[str, Any], **options: str) -> httpx.Client:
        clients.append(simulated.order_account(f"token-{len(clients)}", apps, **options))
        return clients[-1]

    yield order
    for client in clients:
        client.close()
    assert simulated.api.delete("/sandbox/accounts").status_code == 200


def statuses(client: httpx.Client, requests: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """How each request is answered."""
    return {(method, path): client.request(method, path, json={}).status_code for method, path in requests}


def test_every_answer_of_the_platform_api_names_the_scope(simulated: Simulated) -> None:
    """As recorded: `Oauth-Scope`, for the configuration's account `global`."""
    for path in ("/account", "/apps", "/apps/unknown"):
        assert simulated.api.get(path).headers["oauth-scope"] == "global"


def test_an_app_of_a_team_and_one_of_the_account_itself(simulated: Simulated) -> None:
    """The team's manager owns the first, on which the account is a robot with permissions; it owns the other one."""
    team, own = (simulated.api.get(f"/apps/{name}").json() for name in (PRODUCTION, STAGING))
    assert (team["team"]["name"], team["owner"]["email"]) == (TEAM, f"{TEAM}@herokumanager.com")
    assert (own["team"], own["owner"]["email"]) == (None, EMAIL)
    manager, robot = simulated.api.get(f"/apps/{PRODUCTION}/collaborators").json()
    assert (manager["user"]["id"], manager["role"]) == (team["owner"]["id"], "owner")
    assert (robot["user"]["email"], robot["role"], robot["app"]["name"]) == (EMAIL, "collaborator", PRODUCTION)
    assert [one["name"] for one in robot["permissions"]] == ["deploy", "operate", "view"]
    assert all(one["description"] for one in robot["permissions"])
    (owner,) = simulated.api.get(f"/apps/{STAGING}/collaborators").json()
    assert owner["user"]["id"] == simulated.api.get("/account").json()["id"]
    assert (owner["role"], "permissions" in owner) == ("owner", False)
    assert simulated.api.get(f"/teams/{TEAM}/members").status_code == 403


def test_an_app_that_is_not_granted_is_as_one_that_does_not_exist(
    simulated: Simulated, order: Callable[..., httpx.Client]
) -> None:
    """No list shows it, and every route answers 404: an account cannot tell what it may not see from nothing."""
    client = order({STAGING: {}})
    assert [app["name"] for app in client.get("/apps").json()] == [STAGING]
    assert {found["app"]["name"] for found in client.get("/addon-attachments").json()} == {STAGING}
    assert set(statuses(client, WORK).values()) == {404}
    assert client.get(f"/apps/{PRODUCTION}").json() == client.get("/apps/unknown").json() == APP_GONE
    assert client.get(DATABASE).json() == {"id": "not_found", "message": "Not found."}
    body = {"addon_attachment": "DATABASE_URL", "app": PRODUCTION}
    assert client.post("/actions/addon-attachments/resolve", json=body).json() == APP_GONE
    assert client.post("/actions/addons/resolve", json={"addon": PRODUCTION_ADDON}).json()["resource"] == "add_on"
    assert client.get(f"/client/v11/databases/{STAGING_ADDON}").status_code == 200


@pytest.mark.parametrize("permissions", [["view"], ["view", "manage"], []])
def test_without_deploy_and_operate_an_account_only_looks(
    simulated: Simulated, order: Callable[..., httpx.Client], permissions: list[str]
) -> None:
    """App, people and processes are shown; all else is a 403 that names the app, and changes nothing."""
    client = order({PRODUCTION: {"permissions": permissions}})
    looks = [("GET", f"/apps/{PRODUCTION}{what}") for what in LOOKS]
    assert set(statuses(client, looks).values()) == {200}
    before = simulated.transfers(PRODUCTION)
    assert set(statuses(client, WORK).values()) == {403}
    message = f"You do not have access to the app {PRODUCTION}."
    assert client.get(f"/apps/{PRODUCTION}/config-vars").json() == {"id": "forbidden", "message": message}
    assert simulated.transfers(PRODUCTION) == before
    assert not simulated.api.get(f"/apps/{PRODUCTION}").json()["maintenance"]


@pytest.mark.parametrize(
    "grant", [{"permissions": ["view", "deploy"]}, {"permissions": ["operate"]}, {"role": "admin"}]
)
def test_either_permission_is_enough(order: Callable[..., httpx.Client], grant: dict[str, Any]) -> None:
    """As the permissions' matrix has it for config vars, maintenance, scaling and one-off dynos; an admin has all."""
    client = order({PRODUCTION: grant})
    assert 403 not in statuses(client, WORK[:2]).values()
    assert client.patch(f"/apps/{PRODUCTION}", json={"maintenance": False}).status_code == 200


def test_a_collaborator_of_a_personal_app_may_do_everything(order: Callable[..., httpx.Client]) -> None:
    """Such an app knows no permissions, whatever is ordered."""
    client = order({STAGING: {"permissions": ["view"]}})
    assert client.patch(f"/apps/{STAGING}", json={"maintenance": False}).status_code == 200
    mine = client.get(f"/apps/{STAGING}/collaborators").json()[-1]
    assert (mine["role"], "permissions" in mine) == ("collaborator", False)


def test_a_token_that_only_reads(order: Callable[..., httpx.Client]) -> None:
    """It sees everything but config vars, and changes nothing, though its account may."""
    client = order({PRODUCTION: {"role": "admin"}}, scope="read")
    answers = statuses(client, WORK)
    assert {request for request, status in answers.items() if status == 403} == {
        (method, path) for method, path in WORK if method != "GET" or path.endswith("config-vars")
    }
    assert client.get("/account").headers["oauth-scope"] == "read"


def test_a_token_for_the_identity_only(order: Callable[..., httpx.Client]) -> None:
    """It says whose it is, and no more."""
    client = order({PRODUCTION: {"role": "admin"}}, scope="identity")
    assert client.get("/account").json()["email"] == "token-0@buckinghamshire.example"
    assert {client.get(path).status_code for path in ("/apps", f"/apps/{PRODUCTION}", TRANSFERS)} == {403}


def test_every_account_has_its_own_requests(simulated: Simulated, order: Callable[..., httpx.Client]) -> None:
    """What one account uses up, another still has."""
    client = order({})
    spent = [int(client.get("/account").headers["ratelimit-remaining"]) for _ in range(30)][-1]
    with simulated.order_account("fresh", {}) as fresh:
        assert int(fresh.get("/account").headers["ratelimit-remaining"]) > spent


def test_ordered_accounts_are_replaced_and_forgotten(simulated: Simulated, order: Callable[..., httpx.Client]) -> None:
    """A second order with the same token counts alone; after DELETE the token is nobody's."""
    client = order({STAGING: {}, PRODUCTION: {}})
    simulated.order_account("token-0", {STAGING: {}}).close()
    assert [app["name"] for app in client.get("/apps").json()] == [STAGING]
    assert len(simulated.api.get(f"/apps/{STAGING}/collaborators").json()) == 2
    assert client.delete("/sandbox/accounts").status_code == 403
    simulated.api.delete("/sandbox/accounts")
    assert client.get("/account").status_code == 401
    assert simulated.api.get("/account").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"apps": {"unknown": {}}},
        {"apps": []},
        {"apps": {PRODUCTION: {"role": "emperor"}}},
        {"apps": {PRODUCTION: {"permissions": ["everything"]}}},
        {"scope": "some"},
        {"token": TOKEN},
    ],
)
def test_an_order_that_makes_no_sense(simulated: Simulated, change: dict[str, Any]) -> None:
    """Unknown apps, roles, permissions and scopes are refused, and so is the token that is taken."""
    body = {"token": "another", "email": "another@buckinghamshire.example", "apps": {}, **change}
    assert simulated.api.post("/sandbox/accounts", json=body).status_code == 422
