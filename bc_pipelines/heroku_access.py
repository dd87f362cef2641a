"""How Heroku's two APIs are reached, as the variables say.

Belongs here: hosts and the token. Does not belong here: asking Heroku anything (see `heroku`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bc_pipelines.tables import SettingsError, required

HEROKU_PLATFORM_URL = "https://api.heroku.com"
HEROKU_DATA_HOST = "api.data.heroku.com"


@dataclass(frozen=True)
class Heroku:
    """How Heroku's two APIs are reached.

    Attributes:
        platform_url: base URL of the Platform API.
        data_url: base URL of the Data API.
        api_key: the token.
        poll_seconds: pause between two looks at a transfer, in seconds.
    """

    platform_url: str
    data_url: str
    api_key: str = field(repr=False)
    poll_seconds: float


def read_heroku(variables: Mapping[str, str]) -> Heroku:
    """Read token and hosts; the hosts as the Heroku CLI does: the data host takes scheme and port from the platform's.

    Raises:
        SettingsError: there is no token, or it is none.
    """
    given = variables.get("HEROKU_HOST") or HEROKU_PLATFORM_URL
    platform = given if given.startswith("http") else f"https://api.{given}"
    data_host = variables.get("HEROKU_DATA_HOST") or HEROKU_DATA_HOST
    parts = urlsplit(platform)
    port = f":{parts.port}" if parts.port else ""
    return Heroku(
        platform_url=platform.rstrip("/"),
        data_url=f"{parts.scheme}://{data_host}{port}",
        api_key=_token(variables),
        poll_seconds=float(variables.get("BC_HEROKU_POLL_SECONDS") or 3),
    )


def _token(variables: Mapping[str, str]) -> str:
    token = required(variables, "HEROKU_API_KEY", "a token made by `heroku authorizations:create`").strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError("HEROKU_API_KEY holds a character that no token has; was something else pasted?")
    return token
