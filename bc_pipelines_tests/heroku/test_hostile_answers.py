"""Answers that no documentation has: of any shape, any length and from elsewhere. Each ends in one clear error."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import HerokuError, Rejected, UnexpectedAnswer, Unreachable
from bc_pipelines.heroku.models import Transfer
from bc_pipelines.heroku.transport import LONGEST_ANSWER
from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines_tests.heroku import shapes
from bc_pipelines_tests.heroku.conftest import POLL, TOKEN
from bc_pipelines_tests.heroku.scripted import Reply, ScriptedServer

TRANSFERS = "/client/v11/apps/staging/transfers"
ODD = st.sampled_from((None, "", "x", 0, -1, 10**30, 1.5, True, [], {}, [None], {"id": None}, "\ud800", "2026-13-45"))


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_longer_than_any_is_given_up(server: ScriptedServer, client: HerokuClient, packed: bool) -> None:
    """A body without an end, compressed to almost nothing or not, takes bounded memory and ends in an error."""
    body = b'"' + b"a" * (LONGEST_ANSWER * 2) + b'"'
    reply = Reply(body=gzip.compress(body, 1), headers={"Content-Encoding": "gzip"}) if packed else Reply(body=body)
    server.on("GET", "/account", reply)
    tracemalloc.start()
    with pytest.raises(Unreachable, match="GET /account"):
        client.account()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The server's own copies are in this process too.
    assert peak < 4 * LONGEST_ANSWER


def test_a_list_without_an_end_is_given_up(server: ScriptedServer, client: HerokuClient) -> None:
    """Pages that always lead to another new one are not followed for ever."""
    numbers = iter(range(1_000_000))
    server.on("GET", TRANSFERS, lambda _: Reply(206, [], headers={"Next-Range": f"id {next(numbers)}.."}))
    with pytest.raises(UnexpectedAnswer, match="no end"):
        client.transfers("staging")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    server: ScriptedServer, client: HerokuClient, certificates: Certificates, status: int
) -> None:
    """An answer that leads elsewhere is an error; the token goes nowhere else."""
    with ScriptedServer(certificates) as elsewhere:
        elsewhere.on("GET", "/account", Reply(body={"email": "somebody@elsewhere.example"}))
        server.on("GET", "/account", Reply(status, headers={"Location": f"{elsewhere.url}/account"}))
        with pytest.raises(Rejected, match=str(status)):
            client.account()
        assert elsewhere.seen == []


CALLS: Mapping[str, Callable[[HerokuClient], object]] = {
    "account": lambda client: client.account(),
    "app": lambda client: client.app("staging"),
    "config_vars": lambda client: client.config_vars("staging"),
    "formation": lambda client: client.formation("staging"),
    "releases": lambda client: client.releases("staging", 1),
    "slug": lambda client: client.slug("staging", "s"),
    "transfers": lambda client: client.transfers("staging"),
    "database": lambda client: client.database("staging"),
    "rights": lambda client: client.collaborators("staging"),
}


@pytest.fixture(scope="module")
def any_server(certificates: Certificates) -> Iterator[ScriptedServer]:
    """A server whose answer to everything can be changed."""
    with ScriptedServer(certificates) as running:
        yield running


@pytest.mark.parametrize("call", CALLS)
@given(body=st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_json_of_any_shape_ends_in_one_of_herokus_errors(any_server: ScriptedServer, call: str, body: object) -> None:
    """Whatever JSON comes with a success, the client gives a result or raises a HerokuError, and shows no token."""
    any_server.otherwise = Reply(body=body)
    with HerokuClient(any_server.url, any_server.url, TOKEN, poll_interval=POLL, retry_for=0.05) as client:
        assert TOKEN not in told_by(lambda: CALLS[call](client))


def told_by(call: Callable[[], object]) -> str:
    """What a call gives, or the words of its error."""
    try:
        return repr(call())
    except HerokuError as error:
        return str(error)


@given(changes=st.dictionaries(st.sampled_from(sorted(shapes.backup())), ODD, min_size=1, max_size=3))
def test_a_transfer_with_odd_values_is_read_or_refused(changes: dict[str, Any]) -> None:
    """A transfer of which some values are odd is read, or one of the three errors is raised that the client expects."""
    try:
        transfer = Transfer.from_json({**shapes.backup(), **changes})
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return
    assert isinstance(transfer.finished, bool)
    assert isinstance(transfer.good, bool)
    assert transfer.name
