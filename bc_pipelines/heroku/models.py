"""Shapes of Heroku's Platform and Data APIs, and the two ways in which these write a time.

Here belong frozen dataclasses, how each is read from Heroku's JSON, and Heroku's own names for things.
Requests, waiting and judging belong elsewhere. Nothing outside the standard library is imported, because the
sandbox's simulator uses these shapes too. Fields that can carry a password or a signature are left out of `repr`.
Every `from_json` raises KeyError, TypeError or ValueError when the JSON has not the documented shape.

Sources: Dev Center, *Platform API Reference* (schema 1.0.25), Heroku's published types of the Data API
(npm `@heroku/types`), the Heroku CLI 11.10.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

Json = Mapping[str, Any]
# Parameters by which a connection string leads to another database than the one that it seems to name.
_ELSEWHERE = {"host", "hostaddr", "port", "dbname", "service", "servicefile"}
TransferKind = Literal["backup", "restore", "copy"]


def text(value: object) -> str:
    """Give a text that Heroku must have sent: a null made into `"None"` would be equal to any other missing one.

    Raises:
        TypeError: It is no text.
        ValueError: It is empty, or cannot be written as UTF-8.
    """
    if not isinstance(value, str):
        raise TypeError("something that is no text")
    if not value.encode():
        raise ValueError("an empty text")
    return value


def truth(value: object) -> bool:
    """Give true or false as Heroku sent it; `"false"` is neither. Raises TypeError for anything else."""
    if not isinstance(value, bool):
        raise TypeError("something that is neither true nor false")
    return value


def variables(json: Json) -> dict[str, str]:
    """Read `GET /apps/:app/config-vars`, every value of which is a text, if an empty one. Raises TypeError."""
    if not all(isinstance(value, str) for value in json.values()):
        raise TypeError("a config var that is no text")
    return dict(json)


def parse_time(text: str) -> datetime:
    """Read a time of either API: `2024-05-28 11:19:37 +0000` (Data) or `2024-05-28T11:19:37Z` (Platform)."""
    if " " in text:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone")
    return moment.astimezone(UTC)


def data_time(moment: datetime) -> str:
    """Write a time as the Data API does: `2024-05-28 11:19:37 +0000`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S +0000")


def platform_time(moment: datetime) -> str:
    """Write a time as the Platform API does: `2024-05-28T11:19:37Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time_or_none(text: str | None) -> datetime | None:
    return parse_time(text) if text else None


@dataclass(frozen=True)
class App:
    """An app of the Platform API."""

    id: str
    name: str
    maintenance: bool

    @classmethod
    def from_json(cls, json: Json) -> App:
        """Read `GET /apps/:app`."""
        return cls(id=text(json["id"]), name=text(json["name"]), maintenance=truth(json["maintenance"]))


@dataclass(frozen=True)
class Process:
    """One process type of an app's formation."""

    type: str
    quantity: int
    size: str = ""
    command: str = field(default="", repr=False)

    @classmethod
    def from_json(cls, json: Json) -> Process:
        """Read one element of `GET /apps/:app/formation`. `size` is empty where Heroku names none."""
        return cls(
            type=text(json["type"]),
            quantity=int(json["quantity"]),
            size=str(json.get("size") or ""),
            command=str(json.get("command") or ""),
        )


@dataclass(frozen=True)
class Release:
    """One release of an app. `status` is pending, succeeded, failed or expired.

    `slug_id` names the code that it runs; None for a release without any, as the first of an app is.
    """

    id: str
    version: int
    status: str
    description: str
    current: bool
    created_at: datetime
    slug_id: str | None = None

    @classmethod
    def from_json(cls, json: Json) -> Release:
        """Read one element of `GET /apps/:app/releases`."""
        slug = json.get("slug")
        return cls(
            id=text(json["id"]),
            version=int(json["version"]),
            status=text(json["status"]),
            description=str(json.get("description") or ""),
            current=bool(json.get("current", False)),
            created_at=parse_time(json["created_at"]),
            slug_id=text(slug["id"]) if slug else None,
        )


@dataclass(frozen=True)
class Slug:
    """The code of a release, as it was built. `commit` is what whoever built it called its source; None for nothing."""

    id: str
    commit: str | None

    @classmethod
    def from_json(cls, json: Json) -> Slug:
        """Read `GET /apps/:app/slugs/:slug`, whose `blob` is the signed address of the code and is left out."""
        commit = json.get("commit")
        return cls(id=text(json["id"]), commit=text(commit) if commit else None)


@dataclass(frozen=True)
class Dyno:
    """A dyno. `state` is starting, up, crashed, down or idle; `attach_url` holds the secret of the session."""

    id: str
    name: str
    state: str
    attach_url: str | None = field(default=None, repr=False)

    @classmethod
    def from_json(cls, json: Json) -> Dyno:
        """Read the answer to `POST /apps/:app/dynos`, or one dyno of an app."""
        attach_url = json.get("attach_url")
        return cls(
            id=text(json["id"]),
            name=text(json["name"]),
            state=text(json["state"]),
            attach_url=str(attach_url) if attach_url else None,
        )


@dataclass(frozen=True)
class DynoResult:
    """What a one-off dyno wrote (Unix line ends, standard error included) and the exit code of its command."""

    output: str = field(repr=False)
    exit_code: int


@dataclass(frozen=True)
class DatabaseAddress:
    """Where a PostgreSQL database is: the part of a connection string that is no secret."""

    host: str
    port: int
    name: str

    @classmethod
    def from_url(cls, url: str) -> DatabaseAddress:
        """Take host, port (5432 unless given) and database name from a `postgres://` connection string.

        Raises:
            ValueError: The string names no host or no database, or several, or PostgreSQL's programs would read it
                otherwise: a parameter such as `?host=` wins over what stands before it, and escapes in the host are
                resolved (PostgreSQL manual, 34.1.1.2). The message does not quote it.
        """
        try:
            parts = urlsplit(url)
            host, port, name = parts.hostname, parts.port or 5432, unquote(parts.path.removeprefix("/"))
        except ValueError:
            raise ValueError("a connection string that cannot be read") from None
        if parts.scheme not in ("postgres", "postgresql") or not host or not name:
            raise ValueError("a connection string without host or database name")
        if "," in host or "%" in host or _ELSEWHERE & {key.lower() for key, _ in parse_qsl(parts.query, True)}:
            raise ValueError("a connection string that can lead to more than one database")
        return cls(host=host.lower().rstrip("."), port=port, name=name)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.name}"


@dataclass(frozen=True)
class Database:
    """A Heroku Postgres add-on as one app sees it.

    `app` is the app through which it was looked up and `owner_app` the app that the add-on belongs to. Heroku lists
    and counts transfers under the owner, so every call about transfers goes there. `plan` is as Heroku writes it,
    `heroku-postgresql:standard-0`. `attachment` is the attachment's name: `DATABASE`, `HEROKU_POSTGRESQL_NAVY`.
    `transfer_names` are what its transfers may call it in `from_name` and `to_name`: `DATABASE`, `NAVY`.
    """

    addon_id: str
    addon_name: str
    attachment: str
    app: str
    owner_app: str
    plan: str
    address: DatabaseAddress
    transfer_names: frozenset[str]

    def __str__(self) -> str:
        return f"{self.app}::{self.attachment} ({self.addon_name})"


@dataclass(frozen=True)
class DatabaseInfo:
    """What the Data API tells about a database.

    `num_bytes` is its size. `waiting` is true while it is being created or moved. `rows` are the lines that
    `heroku pg:info` prints, by name, each with its values joined by a comma.
    """

    addon_id: str
    name: str
    plan: str
    status: str
    num_bytes: int
    postgres_version: str
    waiting: bool
    rows: Mapping[str, str]

    @classmethod
    def from_json(cls, json: Json) -> DatabaseInfo:
        """Read `GET /client/v11/databases/:id`, where `plan` is text or an object depending on the plan's tier."""
        rows = {str(row["name"]): ", ".join(str(value) for value in row.get("values", ())) for row in json["info"]}
        plan = json["plan"]
        return cls(
            addon_id=text(json["addon_id"]),
            name=text(json["name"]),
            plan=text(plan["name"] if isinstance(plan, Mapping) else plan),
            status=rows.get("Status", ""),
            num_bytes=int(json["num_bytes"]),
            postgres_version=str(json.get("postgres_version") or rows.get("PG Version", "")),
            waiting=truth(json["waiting?"]),
            rows=rows,
        )


@dataclass(frozen=True)
class LogLine:
    """One line of a transfer's log. The message can quote rows and addresses, so `repr` leaves it out."""

    created_at: datetime | None
    level: str
    message: str = field(repr=False)

    @classmethod
    def from_json(cls, json: Json) -> LogLine:
        """Read one element of `logs` in `GET …/transfers/:id?verbose=true`."""
        return cls(
            created_at=_time_or_none(json.get("created_at")),
            level=str(json.get("level") or ""),
            message=str(json.get("message") or ""),
        )


@dataclass(frozen=True)
class Transfer:
    """A backup, restore or copy of the Data API.

    `num` counts over all transfers of the owning app. `succeeded` is None while it runs. `processed_bytes` can still
    be 0 at the first reading that has `finished_at`, so it proves nothing by itself. `logs` are there only where they
    were asked for. `from_url` and `to_url` are addresses of data and stay out of `repr`.
    """

    uuid: str
    num: int
    from_type: str
    from_name: str
    to_type: str
    to_name: str
    created_at: datetime
    from_url: str | None = field(default=None, repr=False)
    to_url: str | None = field(default=None, repr=False)
    source_bytes: int | None = None
    processed_bytes: int = 0
    succeeded: bool | None = None
    warnings: int = 0
    started_at: datetime | None = None
    updated_at: datetime | None = None
    finished_at: datetime | None = None
    canceled_at: datetime | None = None
    num_keep: int | None = None
    schedule: str | None = None
    legacy_name: str | None = None
    logs: tuple[LogLine, ...] = field(default=(), repr=False)

    @property
    def kind(self) -> TransferKind | None:
        """Which of the three it is, decided as the Heroku CLI does; None for a pair of types that it does not know."""
        match self.from_type, self.to_type:
            case "pg_dump", "pg_restore":
                return "copy"
            case _, "pg_restore":
                return "restore"
            case "pg_dump", "gof3r":
                return "backup"
            case _:
                return None

    @property
    def name(self) -> str:
        """Heroku's short name: `b101` backup, `a101` scheduled backup, `r101` restore, `c101` copy, `o…` legacy."""
        if self.legacy_name:
            return f"o{self.legacy_name}"
        letters = {"restore": "r", "copy": "c"}
        letter = letters.get(self.kind or "", "a" if self.schedule else "b")
        return f"{letter}{self.num:03}"

    @property
    def finished(self) -> bool:
        """Whether it has ended, well or badly."""
        return self.finished_at is not None

    @property
    def good(self) -> bool:
        """Whether it has ended and Heroku says that it succeeded; nothing less counts as success."""
        return self.finished and self.succeeded is True

    @property
    def state(self) -> str:
        """One word for a person: `pending`, `running`, `completed`, `failed` or `cancelled`."""
        if self.finished:
            if self.succeeded:
                return "completed"
            return "cancelled" if self.canceled_at else "failed"
        return "running" if self.started_at else "pending"

    @classmethod
    def from_json(cls, json: Json) -> Transfer:
        """Read a transfer as the Data API answers it, with or without its logs."""
        schedule, succeeded = json.get("schedule"), json.get("succeeded")
        legacy_name = (json.get("options") or {}).get("pgbackups_name")
        return cls(
            uuid=text(json["uuid"]),
            num=int(json["num"]),
            from_type=text(json["from_type"]),
            from_name=str(json.get("from_name") or ""),
            from_url=json.get("from_url"),
            to_type=text(json["to_type"]),
            to_name=str(json.get("to_name") or ""),
            to_url=json.get("to_url"),
            source_bytes=_int_or_none(json.get("source_bytes")),
            processed_bytes=int(json.get("processed_bytes") or 0),
            succeeded=None if succeeded is None else succeeded is True,
            warnings=int(json.get("warnings") or 0),
            created_at=parse_time(json["created_at"]),
            started_at=_time_or_none(json.get("started_at")),
            updated_at=_time_or_none(json.get("updated_at")),
            finished_at=_time_or_none(json.get("finished_at")),
            canceled_at=_time_or_none(json.get("canceled_at")),
            num_keep=_int_or_none(json.get("num_keep")),
            schedule=str(schedule["uuid"]) if schedule else None,
            legacy_name=str(legacy_name) if legacy_name else None,
            logs=tuple(LogLine.from_json(line) for line in json.get("logs") or ()),
        )


@dataclass(frozen=True)
class Beginning:
    """How a backup begins, and how many bytes whoever serves it says that it has in all."""

    data: bytes = field(repr=False)
    total: int


@dataclass(frozen=True)
class SignedUrl:
    """The address of a backup that anyone who has it can download until `expires_at`."""

    url: str = field(repr=False)
    expires_at: datetime

    @classmethod
    def from_json(cls, json: Json) -> SignedUrl:
        """Read the answer to `POST …/transfers/:num/actions/public-url`."""
        return cls(url=str(json["url"]), expires_at=parse_time(json["expires_at"]))


def _int_or_none(number: object) -> int | None:
    return None if number is None else int(str(number))
