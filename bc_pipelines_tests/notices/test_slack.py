"""Messages to Slack: the stand-in, held to Slack's own SDK, and what is known after each failure."""

import gc
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bc_pipelines.contacts import SlackChannel
from bc_pipelines.notices.errors import NotSent, PerhapsSent
from bc_pipelines.notices.slack import find, post
from bc_pipelines_tests.notices.servers import TOKEN, fault, free_port, scripted_http


def client_of(slack: SlackChannel, token: str = TOKEN) -> WebClient:
    """Slack's own client, as Slack documents it."""
    return WebClient(token=token, base_url=slack.api_url, ssl=ssl.create_default_context())


def texts(slack: SlackChannel) -> list[str]:
    """What the channel shows, newest first, by Slack's own client."""
    return [message["text"] for message in client_of(slack).conversations_history(channel=slack.channel)["messages"]]


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def test_slacks_own_client_writes_and_reads(slack: SlackChannel) -> None:
    """Writing, answering in a thread, and reading page by page."""
    client = client_of(slack)
    assert client.auth_test()["ok"]
    first = client.chat_postMessage(channel=slack.channel, text="one")
    hidden = client.chat_postMessage(channel=slack.channel, text="two", thread_ts=first["ts"])
    shown = client.chat_postMessage(channel=slack.channel, text="three", thread_ts=first["ts"], reply_broadcast=True)
    read: list[str] = []
    for page in client.conversations_history(channel=slack.channel, limit=1, oldest=first["ts"], inclusive=True):
        read += [message["ts"] for message in page["messages"]]
    assert read == [shown["ts"], first["ts"]]
    assert hidden["ts"] not in read
    one = client.conversations_history(
        channel=slack.channel, latest=first["ts"], oldest=first["ts"], inclusive=True, limit=1
    )
    assert [message["text"] for message in one["messages"]] == ["one"]


@pytest.mark.parametrize(
    ("token", "method", "arguments", "error"),
    [
        ("xoxb-another", "chat.postMessage", {"channel": "C0SANDBOX1", "text": "x"}, "invalid_auth"),
        (TOKEN, "chat.postMessage", {"channel": "C0ELSEWHERE", "text": "x"}, "channel_not_found"),
        (TOKEN, "chat.postMessage", {"channel": "C0SANDBOX1", "text": ""}, "no_text"),
        (TOKEN, "conversations.history", {"channel": "C0ELSEWHERE"}, "channel_not_found"),
        (TOKEN, "chat.nothing", {}, "unknown_method"),
    ],
)
def test_slacks_own_client_understands_the_refusals(
    slack: SlackChannel, token: str, method: str, arguments: dict[str, str], error: str
) -> None:
    """Each is the SDK's own exception with Slack's name of the error."""
    with pytest.raises(SlackApiError) as caught:
        client_of(slack, token).api_call(method, json=arguments)
    assert caught.value.response["error"] == error


def test_slacks_own_client_waits_when_it_is_limited(slack: SlackChannel) -> None:
    """429 with Retry-After, as the SDK's own handler reads it."""
    client = client_of(slack)
    client.retry_handlers = [RateLimitErrorRetryHandler(max_retry_count=1)]
    with fault(slack, retry_after=1):
        assert client.auth_test()["ok"]


def test_a_message_is_written_and_found(slack: SlackChannel) -> None:
    """By its mark, among others, in its own time; an answer to another is shown to the channel too."""
    first = post(slack, "Something stopped. Stopped: found-1")
    second = post(slack, "It is done. Reset: found-1", thread=first.ts)
    since = now()
    assert find(slack, "Reset: found-1", since) == second
    assert find(slack, "Reset: found-2", since) is None
    assert find(slack, "Reset: found-1", since + timedelta(hours=1)) is None


def test_a_long_channel_is_read_page_by_page(slack: SlackChannel) -> None:
    """The message is further down than one page."""
    first = post(slack, "Reset: deep")
    client = client_of(slack)
    for number in range(205):
        client.chat_postMessage(channel=slack.channel, text=f"chatter {number}")
    assert find(slack, "Reset: deep", now() - timedelta(minutes=1)) == first


@pytest.mark.parametrize(
    ("order", "change", "words"),
    [
        ({}, {"token": "xoxb-another"}, r"does not accept the token \(invalid_auth\).*BC_SLACK_TOKEN"),
        ({}, {"channel": "C0ELSEWHERE"}, r"channel C0ELSEWHERE \(channel_not_found\).*invite the app"),
        ({"error": "missing_scope"}, {}, "lacks a right"),
        ({"error": "msg_too_long"}, {}, r"refuses the message \(msg_too_long\)"),
        ({"retry_after": 3600, "times": 9}, {}, "limits how often"),
    ],
)
def test_what_slack_refuses_was_not_sent(
    slack: SlackChannel, order: dict[str, object], change: dict[str, str], words: str
) -> None:
    """The message says what to correct, and nothing of the token."""
    with fault(slack, **order) if order else fault(slack, times=0), pytest.raises(NotSent, match=words) as caught:
        post(replace(slack, **change), "Reset: refused")
    assert TOKEN not in str(caught.value)
    assert "Reset: refused" not in texts(slack)


def test_a_limited_message_is_written_once_it_may(slack: SlackChannel) -> None:
    """Slack asks to wait, twice; after that there is one message."""
    with fault(slack, retry_after=1, times=2):
        post(slack, "Reset: limited")
    assert texts(slack).count("Reset: limited") == 1


@pytest.mark.parametrize(
    "order", [{"half_way": True}, {"error": "fatal_error"}, {"status": 503}, {"error": "<b>?</b>"}], ids=str
)
def test_what_failed_half_way_may_have_been_sent(slack: SlackChannel, order: dict[str, object]) -> None:
    """Slack says that it failed on its side: the message may be there, and is looked for before it is sent again."""
    mark, began = f"Reset: {order}", now()
    with fault(slack, **order), pytest.raises(PerhapsSent):
        post(slack, mark)
    assert (find(slack, mark, began) is not None) == ("half_way" in order)


def test_a_lost_answer_is_not_asked_for_again() -> None:
    """The SDK's own handlers would repeat the request, and write the message twice."""
    with scripted_http(None) as (slack, asked), pytest.raises(PerhapsSent, match="did not answer"):
        post(slack, "once")
    assert len(asked) == 1


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{{{", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"],
)
def test_an_answer_that_cannot_be_read_leaves_a_doubt(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing, no JSON, or half of it; the SDK would log it whole."""
    with scripted_http(answer) as (slack, asked), pytest.raises(PerhapsSent):
        post(slack, "once", patience=1)
    assert len(asked) == 1
    assert caplog.records == []
    # The SDK leaves the connection to the garbage.
    gc.collect()


def test_nobody_listens(slack: SlackChannel) -> None:
    """Before there is a connection, nothing was sent."""
    with pytest.raises(NotSent, match="cannot be reached: Connection refused"):
        post(replace(slack, api_url=f"https://127.0.0.1:{free_port()}/api/"), "nobody")
    with pytest.raises(NotSent, match="cannot be reached"):
        post(replace(slack, api_url="https://slack.invalid/api/"), "nobody")


def test_a_stranger_gets_no_token(slack: SlackChannel, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """A server whose certificate nobody vouches for."""
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    with pytest.raises(NotSent, match="certificate that is not trusted"):
        post(slack, "nobody")


def test_no_proxy_is_heeded(slack: SlackChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the way out leads through a proxy, what NO_PROXY names is asked directly, which the SDK would not do."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert post(slack, "past the proxy").ts
    monkeypatch.delenv("NO_PROXY")
    with pytest.raises(NotSent):
        post(slack, "by the proxy")
