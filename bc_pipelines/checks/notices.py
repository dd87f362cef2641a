"""Whether a notice is where it was sent: the channel is read, the mail server's own answer is looked at.

Belongs here: verdicts. Does not belong here: sending (see `notices`), of which this uses nothing.

What a mail server has accepted may still not arrive, and nothing on this side can show more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from bc_pipelines.checks.verdict import Fact, Verdict

_PATIENCE_SECONDS = 30


def message_is_there(api_url: str, token: str, sent: Mapping[str, Any], reset_id: str) -> Verdict:
    """Read the message that was written, by its own name, out of the channel.

    Args:
        api_url: base URL of Slack's Web API.
        token: of the app that wrote it.
        sent: what was noted of it: `channel` and `ts`.
        reset_id: what the message must name.
    """
    ts = str(sent["ts"])
    question = {"channel": sent["channel"], "latest": ts, "oldest": ts, "inclusive": "true", "limit": "1"}
    try:
        answer = httpx.get(
            f"{api_url}conversations.history",
            params=question,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_PATIENCE_SECONDS,
        ).json()
        error = "" if answer["ok"] else _word(str(answer["error"]))
        found = [message for message in answer.get("messages", ()) if message["ts"] == ts]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as failed:
        error, found = type(failed).__name__, []
    if error:
        return _warn(
            f"Slack did not show the channel ({error}), so nobody has looked whether the message is there. It was "
            "sent; to have it looked for, give the app the right to read the channel's history (docs/notices.md)."
        )
    if not found or reset_id not in str(found[0].get("text", "")):
        return _warn(
            f"The channel does not show the message about reset {reset_id}. Was it deleted? Tell them yourself."
        )
    return Verdict(True, f"The channel shows the message about reset {reset_id}.", severity="warn")


def _word(error: str) -> str:
    """Slack's name of an error; anything else may be another server's words and is not repeated."""
    return error if error.replace("_", "").isalnum() and len(error) < 60 else "unreadable"


def mail_was_accepted(sent: Mapping[str, Any]) -> Verdict:
    """Judge what the mail server answered for each address and for the message.

    Args:
        sent: what was noted of it: `addresses`, `refused` and `answer`, or that a person has seen it.
    """
    if sent.get("seen_by_a_person"):
        return Verdict(True, "A person said that it arrived.", severity="warn")
    asked, refused, answer = int(sent["addresses"]), list(sent["refused"]), str(sent["answer"])
    facts: dict[str, Fact] = {"addresses": asked, "refused": len(refused), "answer": answer}
    if refused or not answer.startswith("250"):
        told = ", ".join(str(each) for each in refused)
        return Verdict(
            False,
            f"The mail server refused {len(refused)} of {asked} addresses: {told}. The others get it. Correct "
            "notices.client_addresses, and tell these people yourself.",
            facts,
            severity="warn",
        )
    return Verdict(
        True,
        f"The mail server accepted the message for all addresses ({asked}). Whether it is delivered is not known here.",
        facts,
        severity="warn",
    )


def nobody_to_ask(words: str) -> Verdict:
    """The verdict where nobody is told: there is nothing to look for, and nothing to warn of."""
    return Verdict(True, words, severity="warn")


def _warn(words: str) -> Verdict:
    return Verdict(False, words, severity="warn")
