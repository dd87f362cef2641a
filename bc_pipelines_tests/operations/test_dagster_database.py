"""What is said when Dagster's own database does not let us in; never the password."""

import socket

import pytest

from bc_pipelines.operations.dagster_database import require_answer
from bc_pipelines.operations.errors import OutOfReach
from bc_pipelines.operations.lock import holder_of
from bc_pipelines.operations.record import Records
from bc_pipelines_tests.postgres import Cluster

SECRET = "Tr1cky-Passw0rd"


def refusal(url: str) -> str:
    """The message about a URL; it holds no part of the password."""
    with pytest.raises(OutOfReach) as caught:
        require_answer(url)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert "Tr1cky" not in str(caught.value)
    assert "Passw0rd" not in str(caught.value)
    return str(caught.value)


def test_a_database_that_answers_is_no_news(cluster: Cluster) -> None:
    """The control."""
    require_answer(cluster.url())


def test_a_refused_connection() -> None:
    """Nothing listens there: host, port and database are named."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = refusal(f"postgres://council:{SECRET}@127.0.0.1:{port}/dagster")
    assert f"dagster on 127.0.0.1, port {port}, does not answer: Connection refused." in words
    assert "Check DAGSTER_DATABASE_URL" in words


def test_a_wrong_password(cluster: Cluster) -> None:
    """The server's own reason is given."""
    words = refusal(cluster.url().replace(cluster.password, SECRET))
    assert 'password authentication failed for user "postgres"' in words


def test_an_unknown_database(cluster: Cluster) -> None:
    """The database that does not exist is named."""
    assert 'database "nowhere" does not exist' in refusal(cluster.url("nowhere"))


def test_an_unknown_host() -> None:
    """A name that nobody has."""
    words = refusal(f"postgres://council:{SECRET}@database.invalid/dagster")
    assert "dagster on database.invalid, port 5432, does not answer: its host is not known" in words


@pytest.mark.parametrize(
    "url",
    [
        SECRET,
        f"mysql://council:{SECRET}@127.0.0.1/dagster",
        "postgres://council:Tr1cky/Passw0rd@127.0.0.1:1/dagster",
        "postgres://council:Tr1cky@Passw0rd@127.0.0.1:1/dagster",
        "postgres://council:Tr1cky Passw0rd@127.0.0.1:1/dagster",
        "postgres://council:Tr1cky#Passw0rd@127.0.0.1:1/dagster",
        "postgres://council:Tr1cky?Passw0rd@127.0.0.1:1/dagster",
        "postgres://council:Tr1cky:Passw0rd@127.0.0.1:1/dagster",
        "postgres://council:Tr1cky%Passw0rd@127.0.0.1:1/dagster",
    ],
)
def test_a_password_that_was_not_escaped_is_not_taken_for_an_address(url: str) -> None:
    """Where a password breaks the URL, none of its parts is shown as host, port or database."""
    refusal(url)


def test_lock_and_records_say_the_same() -> None:
    """Whoever asks first, the message is the same."""
    url = f"postgres://council:{SECRET}@127.0.0.1:1/dagster"
    words = refusal(url)
    for ask in (lambda: holder_of(url), lambda: Records(url).of_run("run-1")):
        with pytest.raises(OutOfReach) as caught:
            ask()
        assert str(caught.value) == words
