"""Reset records and the lock, on a real PostgreSQL."""

import psycopg
import pytest

from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.gates import in_safe_words
from bc_pipelines.operations.lock import Kind, ResetLock, holder_of
from bc_pipelines.operations.record import Records, ResetRecord, State
from bc_pipelines_tests.postgres import Cluster

APP = "council-staging"


@pytest.fixture
def url(cluster: Cluster) -> str:
    """The URL of a database that stands in for Dagster's own."""
    return cluster.url()


@pytest.fixture
def records(url: str) -> Records:
    """Records in a database without any."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop schema if exists bc_pipelines cascade")
    return Records(url)


def begin(records: Records, run_id: str, state: State) -> ResetRecord:
    """A record of one run in a state."""
    record = records.open_reset(run_id, "staging", APP, "a tester", "typed")
    return records.note(record, state, rollback_point="b007", restore_transfer="r008")


def test_facts_add_up_over_the_steps(records: Records) -> None:
    """What one step notes is still there after the next, and the newer fact of a name wins."""
    record = records.open_reset("run-1", "staging", APP, "a tester", "typed")
    records.note(record, formation={"web": 1})
    records.note(record, State.BACKED_UP, rollback_point="b007")
    now = records.note(record, State.SANITISED, rollback_point="b008")
    assert (now.state, now.facts) == (State.SANITISED, {"formation": {"web": 1}, "rollback_point": "b008"})
    assert records.of_run("run-1") == now


def test_a_run_has_one_record(records: Records) -> None:
    """The same run cannot begin two resets."""
    begin(records, "run-1", State.PLANNED)
    with pytest.raises(psycopg.errors.UniqueViolation):
        begin(records, "run-1", State.PLANNED)


@pytest.mark.parametrize(
    ("state", "broken"),
    [(state, State.WIPING.rank <= state.rank < State.READY.rank) for state in State],
)
def test_only_a_reset_that_wiped_and_never_opened_again_is_broken_off(
    records: Records, state: State, broken: bool
) -> None:
    """A stop before the wipe, or after the site was opened, leaves nothing to pick up."""
    record = begin(records, "run-1", state)
    found = records.broken_off("staging")
    assert (found.id if found else None) == (record.id if broken else None)


def test_a_later_stop_before_the_wipe_does_not_hide_a_broken_off_reset(records: Records) -> None:
    """The wreck of the first reset is still known when the second stopped in its plan."""
    first = begin(records, "run-1", State.WIPING)
    begin(records, "run-2", State.PLANNED)
    found = records.broken_off("staging")
    assert found is not None
    assert found.id == first.id


def test_the_second_reset_is_refused_and_told_who_holds_the_lock(url: str) -> None:
    """Two resets at once: the second is refused at once, not queued, and learns the first one's run."""
    first, second = ResetLock(url), ResetLock(url)
    first.acquire("run-1")
    try:
        with pytest.raises(Refused, match="run-1"):
            second.acquire("run-2")
        holder = holder_of(url)
        assert holder is not None
        assert (holder.kind, holder.run_id) == ("reset", "run-1")
    finally:
        first.release()
    assert holder_of(url) is None
    second.acquire("run-2")
    second.release()


def test_a_lock_that_was_given_back_is_free(url: str) -> None:
    """At once, for somebody who is connected already, and not when the server notices that a connection has ended."""
    with psycopg.connect(url, autocommit=True) as watching:
        for number in range(50):
            lock = ResetLock(url)
            lock.acquire(f"run-{number}")
            lock.release()
            assert watching.execute("select count(*) from pg_locks where locktype = 'advisory'").fetchone() == (0,)


@pytest.mark.parametrize(
    ("kind", "by", "words"),
    [
        ("reset", "Ada", r"A reset is under way \(run run-1 by Ada, since \d"),
        ("roll back", "", r"A roll back is under way \(run run-1, since \d"),
        ("push", "Zoë of a team whose name is far longer than a server lists", r"A push is .* by Zo of a team whose"),
    ],
)
def test_whoever_is_refused_learns_what_is_under_way(url: str, kind: Kind, by: str, words: str) -> None:
    """What is done, in which run, for whom and since when; a name that the server cannot list is shortened."""
    holder, refused = ResetLock(url), ResetLock(url)
    holder.acquire("run-1", kind, by)
    try:
        with pytest.raises(Refused, match=words):
            refused.acquire("run-2")
    finally:
        holder.release()


def test_a_lost_connection_is_a_lost_lock(url: str) -> None:
    """When Dagster's database drops the connection, the reset notices before its next step."""
    lock = ResetLock(url)
    lock.acquire("run-1")
    lock.assert_held()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'reset run-1'"
        )
    with pytest.raises(Refused, match="was lost"):
        lock.assert_held()


def test_a_lock_that_was_never_taken_is_not_held(url: str) -> None:
    """A step outside a reset is told how to start one."""
    with pytest.raises(Refused, match="Start the job reset_staging"):
        ResetLock(url).assert_held()


def test_a_row_in_an_error_of_postgresql_is_not_repeated(url: str) -> None:
    """PostgreSQL's detail can quote a row; the message that Dagster keeps must not."""
    twice = "insert into person values ('ada@people.example'), ('ada@people.example')"
    with psycopg.connect(url) as connection:
        connection.execute("create temp table person (email text primary key)")
        with pytest.raises(psycopg.Error) as caught:
            connection.execute(twice)
    words = in_safe_words(caught.value)
    assert "ada@people.example" in str(caught.value)
    assert "ada@people.example" not in words
    assert "duplicate key" in words


def test_a_fact_is_swapped_by_one(records: Records) -> None:
    """Only whoever knows what it was may change it; the same goes for putting it there and taking it away."""
    record = begin(records, "run-1", State.DONE)
    assert records.swap(record, "told", {"a": 1}, {"a": 2}) is None
    assert records.swap(record, "told", None, {"a": 1, "b": [1.5, "x"]}) is not None
    assert records.swap(record, "told", None, {"a": 3}) is None
    after = records.swap(record, "told", {"b": [1.5, "x"], "a": 1}, None)
    assert after is not None
    assert "told" not in after.facts
    assert (after.state, after.finished_at) == (record.state, record.finished_at)
