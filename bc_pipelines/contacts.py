"""Who is told of a reset and by what way: `[notices]` in `environments.toml`, and the secrets that belong to it.

Belongs here: addresses, the channel, the servers, and what is refused of them. Does not belong here: what is told (see
`notices.texts`) and telling it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from bc_pipelines.tables import SettingsError, only, required, text, texts

SLACK_API = "https://slack.com/api/"
SLACK_TOKEN = "BC_SLACK_TOKEN"  # noqa: S105 - a variable's name
SLACK_API_URL = "BC_SLACK_API_URL"
SMTP_PASSWORD = "BC_SMTP_PASSWORD"  # noqa: S105 - likewise
KEYS = (
    "dagster_url",
    "slack_channel",
    "client_addresses",
    "mail_from",
    "smtp_host",
    "smtp_port",
    "smtp_user",
    "smtp_starttls",
)
_CHANNEL = re.compile(r"[CG][A-Z0-9]{8,}")
# One plain address: whatever else a header could hold may mean something to a mail server.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SENDABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class SlackChannel:
    """Where colleagues are told.

    Attributes:
        channel: the channel's id, as `C0123456789`.
        token: of an app that may write there and read what it wrote.
        api_url: base URL of Slack's Web API.
    """

    channel: str
    token: str = field(repr=False)
    api_url: str = SLACK_API


@dataclass(frozen=True)
class Mail:
    """How the client is told.

    Attributes:
        recipients: addresses.
        sender: the address that it comes from, and that answers go to.
        host: of the mail server that takes it.
        port: of the same.
        starttls: whether the server must offer encryption, or it is used only where it does.
        user: whom the server knows us as; empty where it asks for no login.
        password: for that login.
    """

    recipients: tuple[str, ...]
    sender: str
    host: str
    port: int = 587
    starttls: Literal["required", "offered"] = "required"
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Contacts:
    """Who is told of a reset.

    Attributes:
        slack: where colleagues are told; None where they are not.
        mail: how the client is told; None where it is not.
        dagster_url: address of the Dagster UI, for links; empty for none.
    """

    slack: SlackChannel | None = None
    mail: Mail | None = None
    dagster_url: str = ""


def read_contacts(table: Mapping[str, Any], variables: Mapping[str, str]) -> Contacts:
    """Read `[notices]`, whose keys are `KEYS`, and the variables with its secrets.

    Args:
        table: `[notices]`.
        variables: environment variables.

    Raises:
        SettingsError: something is unknown, half set or wrong.
    """
    only(table, "notices", *KEYS)
    url = text(table, "dagster_url", "notices") if "dagster_url" in table else ""
    if url and (urlsplit(url).scheme not in ("http", "https") or "@" in urlsplit(url).netloc):
        # It goes to everybody, so it is not repeated either.
        raise SettingsError("notices.dagster_url must begin with https:// or http://, without user and password.")
    return Contacts(
        slack=_slack(table, variables) if "slack_channel" in table else None,
        mail=_mail(table, variables) if "client_addresses" in table else None,
        dagster_url=url.rstrip("/"),
    )


def _slack(table: Mapping[str, Any], variables: Mapping[str, str]) -> SlackChannel:
    api_url = variables.get(SLACK_API_URL) or SLACK_API
    channel = text(table, "slack_channel", "notices")
    if not _CHANNEL.fullmatch(channel):
        raise SettingsError(
            "notices.slack_channel must be a channel's id, as C0123456789; Slack shows it at the end of the channel's "
            "details."
        )
    if urlsplit(api_url).scheme != "https":
        raise SettingsError(f"{SLACK_API_URL} must begin with https://, because the token is sent there.")
    return SlackChannel(channel, _secret(variables, SLACK_TOKEN, "the token of the Slack app that writes"), api_url)


def _mail(table: Mapping[str, Any], variables: Mapping[str, str]) -> Mail:
    recipients = texts(table, "client_addresses", "notices")
    sender = text(table, "mail_from", "notices")
    if not recipients or not all(_ADDRESS.fullmatch(address) for address in (*recipients, sender)):
        raise SettingsError(
            'notices.client_addresses and mail_from must hold plain addresses, as "web.team@council.example".'
        )
    port, starttls = table.get("smtp_port", 587), table.get("smtp_starttls", "required")
    if type(port) is not int or not 0 < port < 65536:
        raise SettingsError("notices.smtp_port must be a port's number, without quotes.")
    if starttls not in ("required", "offered"):
        raise SettingsError('notices.smtp_starttls must be "required" or "offered".')
    user = text(table, "smtp_user", "notices") if "smtp_user" in table else ""
    return Mail(
        recipients=recipients,
        sender=sender,
        host=text(table, "smtp_host", "notices"),
        port=port,
        starttls=starttls,
        user=user,
        password=_secret(variables, SMTP_PASSWORD, "the mail server's password") if user else "",
    )


def _secret(variables: Mapping[str, str], name: str, meaning: str) -> str:
    value = required(variables, name, meaning)
    if not _SENDABLE.fullmatch(value):
        raise SettingsError(f"{name} holds a character that cannot be sent, such as a blank; copy {meaning} once more.")
    return value
