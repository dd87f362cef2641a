"""Shapes: Heroku's times, transfers' names and states, and what `repr` leaves out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bc_pipelines.heroku.models import (
    DatabaseAddress,
    DatabaseInfo,
    Dyno,
    DynoResult,
    SignedUrl,
    data_time,
    parse_time,
    platform_time,
)
from bc_pipelines_tests.heroku.shapes import backup, done, read, restore

moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


@settings(deadline=None)
@given(moments)
def test_both_forms_of_time_are_read_as_written(moment: datetime) -> None:
    """A time written as either API writes it reads as the same moment."""
    assert parse_time(data_time(moment)) == parse_time(platform_time(moment)) == moment


@pytest.mark.parametrize("text", ["2024-06-27T23:33:36.642+00:00", "2024-06-27T23:33:36Z", "2024-06-28 01:33:36 +0200"])
def test_recorded_times_are_read(text: str) -> None:
    """Times as seen in recorded traffic are read, in UTC."""
    assert parse_time(text).replace(microsecond=0) == datetime(2024, 6, 27, 23, 33, 36, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2024-06-27T23:33:36", "2024-06-27 23:33:36"])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    """What is no moment raises ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 the standard library words it
        parse_time(text)


@pytest.mark.parametrize(
    ("transfer", "kind", "name"),
    [
        (backup(7), "backup", "b007"),
        (backup(101, schedule={"uuid": "s"}), "backup", "a101"),
        (backup(9, options={"pgbackups_name": "b042"}), "backup", "ob042"),
        (restore(102), "restore", "r102"),
        (restore(1103, from_type="pg_dump"), "copy", "c1103"),
        (backup(5, to_type="htcat"), None, "b005"),
    ],
)
def test_transfers_are_named_as_the_cli_names_them(transfer: dict[str, object], kind: str | None, name: str) -> None:
    """Kind and display name follow from the two types, the schedule and the legacy name."""
    assert (read(transfer).kind, read(transfer).name) == (kind, name)


@pytest.mark.parametrize(
    ("transfer", "state", "good"),
    [
        (backup(), "pending", False),
        (backup(started_at="2026-11-02 02:00:01 +0000"), "running", False),
        (done(backup()), "completed", True),
        (done(backup(), succeeded=False), "failed", False),
        (done(backup(), succeeded=None), "failed", False),
        (done(backup(), succeeded=False, canceled_at="2026-11-02 02:00:05 +0000"), "cancelled", False),
        (done(backup(), canceled_at="2026-11-02 02:00:05 +0000"), "completed", True),
    ],
)
def test_only_an_end_with_success_is_good(transfer: dict[str, object], state: str, good: bool) -> None:
    """A transfer is good when it has ended and Heroku says that it succeeded, whatever else it says."""
    assert (read(transfer).state, read(transfer).good) == (state, good)


def test_addresses_and_outputs_stay_out_of_repr() -> None:
    """Nothing that can hold a password, a signature or a row is shown by `repr`."""
    logs = [{"created_at": None, "level": "info", "message": "SECRET"}]
    shapes = [
        read(backup(from_url="postgres://u:SECRET@h/d", to_url="https://h/SECRET", logs=logs)),
        *read(backup(logs=logs)).logs,
        SignedUrl("https://h/?SECRET", datetime.now(UTC)),
        Dyno("1", "run.1", "up", "rendezvous://h:1/SECRET"),
        DynoResult("SECRET", 0),
    ]
    assert "SECRET" not in repr(shapes)


def test_an_address_is_the_part_of_a_connection_string_without_secrets() -> None:
    """Host, port and name are read and compared in one spelling; the password is gone."""
    address = DatabaseAddress.from_url("postgres://user:p%40ss@DB1.Example./my%20db?sslmode=require")
    assert address == DatabaseAddress("db1.example", 5432, "my db")
    assert str(address) == "db1.example:5432/my db"


@pytest.mark.parametrize("url", ["", "https://h/d", "postgres://u:SECRET@/d", "postgres://u:SECRET@h:port/d"])
def test_a_bad_connection_string_is_not_quoted(url: str) -> None:
    """A connection string that names no database is refused in words that do not repeat it."""
    with pytest.raises(ValueError, match="a connection string") as caught:
        DatabaseAddress.from_url(url)
    assert "SECRET" not in str(caught.value)


def test_database_info_of_both_tiers_is_read() -> None:
    """`plan` may be text or an object, the version a field or a row, and values numbers."""
    rows = [{"name": "Status", "values": ["Available"]}, {"name": "Tables", "values": [83]}]
    essential = {
        "addon_id": "a",
        "name": "n",
        "plan": "essential-1",
        "waiting?": False,
        "num_bytes": 5,
        "info": [*rows, {"name": "PG Version", "values": ["14.13"]}],
    }
    standard = {**essential, "plan": {"id": "1", "name": "standard-0"}, "postgres_version": "15.18", "info": rows}
    first, second = DatabaseInfo.from_json(essential), DatabaseInfo.from_json(standard)
    assert (first.plan, first.postgres_version, first.status) == ("essential-1", "14.13", "Available")
    assert (second.plan, second.postgres_version, second.rows["Tables"]) == ("standard-0", "15.18", "83")
