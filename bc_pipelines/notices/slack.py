"""A notice as a message in a Slack channel, and the look whether it is there already.

Belongs here: `chat.postMessage` and `conversations.history` by Slack's own SDK, and which failures leave no doubt. Does
not belong here: what is said (see `texts`), and judging (see `checks.notices`).

Source: Slack's documentation of `chat.postMessage` (errors) and of rate limits (429 with `Retry-After`). A message has
no key with which Slack would know a repeated one, so it is sent once, and looked for before it is sent again.
"""

from __future__ import annotations

import errno
import http.client
import logging
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from bc_pipelines.contacts import SLACK_TOKEN, SlackChannel
from bc_pipelines.notices.errors import NotSent, PerhapsSent

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError

PATIENCE = 30
"""Seconds for one answer, and for all pauses together where Slack asks for some."""
_ATTEMPTS = 4
_PAGES = 20
# Slack's clock may be another.
_EARLIER = timedelta(minutes=5)
# "It's possible some aspect of the operation succeeded before the error was raised."
_PERHAPS = frozenset(("fatal_error", "internal_error", "request_timeout", "service_unavailable"))
_UNREADABLE = "unreadable"
_TOKEN = frozenset(("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"))
_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH)
_CHANNEL = frozenset(("channel_not_found", "not_in_channel", "is_archived"))

# What the SDK logs holds whole answers, which may be anything. Not a logger by name: whoever configures logging, as
# Dagster does, switches those on again.
_SILENT = logging.Logger("silent", logging.CRITICAL + 1)


@dataclass(frozen=True)
class Posted:
    """A message in a channel.

    Attributes:
        channel: the channel's id.
        ts: the message's own name in it, also of the thread that it begins.
    """

    channel: str
    ts: str


def post(slack: SlackChannel, text: str, *, thread: str = "", patience: int = PATIENCE) -> Posted:
    """Write a message into the channel.

    Args:
        slack: channel and token.
        text: in Slack's markup.
        thread: the message that it answers, in the channel's sight too; empty for none.
        patience: seconds for the answer.

    Raises:
        NotSent: Slack cannot be reached or refuses it.
        PerhapsSent: the answer was lost, or Slack says that it failed half-way.
    """
    message: dict[str, Any] = {"channel": slack.channel, "text": text, "unfurl_links": False}
    if thread:
        message |= {"thread_ts": thread, "reply_broadcast": True}
    answer = _ask(slack, "chat.postMessage", message, patience)
    if not answer.get("ts"):
        raise PerhapsSent("Slack took the message and did not say as what.")
    return Posted(slack.channel, str(answer["ts"]))


def reach(slack: SlackChannel, *, patience: int = PATIENCE) -> None:
    """Have Slack tell whether it knows the token and shows the channel; writes nothing.

    Raises:
        NotSent: it does not.
        PerhapsSent: it does not answer.
    """
    _ask(slack, "auth.test", {}, patience)
    _ask(slack, "conversations.history", {"channel": slack.channel, "limit": 1}, patience)


def find(slack: SlackChannel, mark: str, since: datetime) -> Posted | None:
    """Look for a message with a mark in the channel.

    Args:
        slack: channel and token.
        mark: a text that only that message holds.
        since: when it may have been written at the earliest.

    Raises:
        NotSent: the channel cannot be read.
        PerhapsSent: the answer was lost.
    """
    oldest = str((since - _EARLIER).timestamp())
    page: dict[str, Any] = {"channel": slack.channel, "oldest": oldest, "limit": 200}
    for _ in range(_PAGES):
        answer = _ask(slack, "conversations.history", page, PATIENCE)
        for message in answer.get("messages", ()):
            if mark in str(message.get("text", "")):
                return Posted(slack.channel, str(message["ts"]))
        if not answer.get("has_more"):
            return None
        page["cursor"] = answer["response_metadata"]["next_cursor"]
    raise NotSent(f"The channel {slack.channel} has had too many messages since to look through.")


def _ask(slack: SlackChannel, method: str, arguments: Mapping[str, Any], patience: int) -> dict[str, Any]:
    from slack_sdk.errors import SlackApiError, SlackClientError

    client, waited = _client(slack, patience), 0
    for left in reversed(range(_ATTEMPTS)):
        try:
            return dict(client.api_call(method, data=dict(arguments)).data)  # type: ignore[arg-type]
        except SlackApiError as error:
            pause = _pause(error)
            if pause is None or waited + pause > patience or not left:
                raise _in_words(slack, error) from None
            waited += pause
            # A limited request was not carried out, so it can be repeated.
            time.sleep(pause)
        except (SlackClientError, OSError, http.client.HTTPException, ValueError) as error:
            raise _unanswered(slack, error) from None
    raise AssertionError("unreachable")


def _client(slack: SlackChannel, patience: int) -> WebClient:
    from slack_sdk import WebClient

    client = WebClient(
        token=slack.token,
        base_url=slack.api_url,
        timeout=patience,
        ssl=ssl.create_default_context(),
        logger=_SILENT,
        # The usual ones repeat a request whose answer was lost, which would write the message twice.
        retry_handlers=[],
    )
    if proxy_bypass(urlsplit(slack.api_url).hostname or ""):
        # The SDK knows HTTPS_PROXY and not NO_PROXY.
        client.proxy = None
    return client


def _pause(error: SlackApiError) -> int | None:
    """Seconds that Slack asks to wait, where it limits us."""
    if error.response.status_code != http.client.TOO_MANY_REQUESTS:
        return None
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    told = str(headers.get("retry-after", ""))
    return int(told) if told.isdigit() else 1


def _in_words(slack: SlackChannel, error: SlackApiError) -> NotSent | PerhapsSent:
    status, code = error.response.status_code, _code(error)
    if status == http.client.TOO_MANY_REQUESTS:
        return NotSent("Slack limits how often it may be asked, and still does. Try again in some minutes.")
    if code in _PERHAPS or code == _UNREADABLE:
        return PerhapsSent(f"Slack failed on its side ({code}, {status}); the message may be there or not.")
    if code in _TOKEN:
        return NotSent(f"Slack does not accept the token ({code}). Make a new one and put it into {SLACK_TOKEN}.")
    if code in _CHANNEL:
        return NotSent(
            f"Slack does not let the app into the channel {slack.channel} ({code}). Correct notices.slack_channel, or "
            "invite the app there: /invite @its-name."
        )
    if code == "missing_scope":
        needed = str(error.response.get("needed", "")) if isinstance(error.response.data, dict) else ""
        return NotSent(f"The Slack app lacks a right ({needed or code}). docs/notices.md lists those that it needs.")
    return NotSent(f"Slack refuses the message ({code}). Slack's documentation of chat.postMessage says what it means.")


def _code(error: SlackApiError) -> str:
    """Slack's name of an error; nothing else of an answer, which may repeat what was sent or be another server's."""
    data = error.response.data
    code = str(data.get("error", "")) if isinstance(data, dict) else ""
    return code if code.replace("_", "").isalnum() and len(code) < 60 else _UNREADABLE


def _unanswered(slack: SlackChannel, error: Exception) -> NotSent | PerhapsSent:
    """What is known after no answer, or none that can be read."""
    host = urlsplit(slack.api_url).hostname
    # What urllib wraps has failed before there was an answer; these, before there was a connection.
    reason = getattr(error, "reason", None)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return NotSent(f"{host} shows a certificate that is not trusted here. Set SSL_CERT_FILE for your authority.")
    if isinstance(reason, ConnectionRefusedError | socket.gaierror) or getattr(reason, "errno", None) in _NO_ROUTE:
        return NotSent(f"{host} cannot be reached: {getattr(reason, 'strerror', '')}. Is the network there?")
    told = type(reason or error).__name__
    return PerhapsSent(f"{host} was asked and did not answer ({told}); the message may be there or not.")
