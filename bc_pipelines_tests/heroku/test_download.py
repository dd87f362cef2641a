"""Reading a backup: resumed at the very byte, renewed, verified, and never an error page for a backup."""

from __future__ import annotations

import logging
import re
import traceback

import pytest

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.heroku.errors import DownloadFailed
from bc_pipelines_tests.heroku.conftest import TOKEN
from bc_pipelines_tests.heroku.scripted import NO_ANSWER, Answerer, Reply, ScriptedServer, Seen
from bc_pipelines_tests.heroku.shapes import backup, done, read

BACKUP = read(done(backup()))
PUBLIC = "/client/v11/apps/production/transfers/101/actions/public-url"
OBJECT = "/bucket/object"
CONTENT = b"PGDMP" + bytes(number % 251 for number in range(300_000))


@pytest.fixture
def offered(server: ScriptedServer) -> ScriptedServer:
    """A server that signs an address for the backup, another one every time."""

    def sign(seen: Seen) -> Reply:
        number = server.count("POST", PUBLIC)
        url = f"{server.url}{OBJECT}?X-Amz-Signature=SIGNATURE{number}"
        return Reply(body={"url": url, "expires_at": "2026-11-02 03:00:00 +0000"})

    server.on("POST", PUBLIC, sign)
    server.on("GET", OBJECT, ranged())
    return server


def ranged(
    content: bytes = CONTENT, *, cut: int | None = None, etag: str = '"one"', total: int | None = None
) -> Answerer:
    """Answers as S3 does to a Range, perhaps cutting the connection after `cut` bytes of the body."""

    def answer(seen: Seen) -> Reply:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", seen.headers["range"])
        assert found
        start, last = int(found[1]), int(found[2] or len(content) - 1)
        body = content[start : last + 1]
        content_range = f"bytes {start}-{start + len(body) - 1}/{total or len(content)}"
        return Reply(206, body, {"Content-Range": content_range, "ETag": etag}, cut=cut)

    return answer


def read_all(client: HerokuClient) -> bytes:
    """The whole backup."""
    with client.open_backup("production", BACKUP) as stream:
        return stream.read()


def test_a_backup_is_read_whole(offered: ScriptedServer, client: HerokuClient) -> None:
    """Every byte arrives, in any portions, and the token goes to the API but not to the signed address."""
    with client.open_backup("production", BACKUP) as stream:
        portions = [stream.read(size) for size in (1, 4, 100_000)]
        assert b"".join(portions) + stream.read() == CONTENT
        assert stream.read() == b""
    assert ["authorization" in seen.headers for seen in offered.seen] == [True, False]


def test_a_lost_connection_is_resumed_at_the_byte(offered: ScriptedServer, client: HerokuClient) -> None:
    """After a cut the rest is asked for from the exact byte, of the same object, at the same address."""
    offered.on("GET", OBJECT, ranged(cut=100_000), NO_ANSWER, Reply(503), ranged(cut=7), ranged())
    assert read_all(client) == CONTENT
    asked = [(seen.headers["range"], seen.headers.get("if-match")) for seen in offered.seen if seen.path == OBJECT]
    assert asked[0] == ("bytes=0-", None)
    assert asked[1:4] == [("bytes=100000-", '"one"')] * 3
    assert asked[4] == ("bytes=100007-", '"one"')
    assert offered.count("POST", PUBLIC) == 1


@pytest.mark.parametrize("status", [400, 403])
def test_a_refused_address_is_renewed(offered: ScriptedServer, client: HerokuClient, status: int) -> None:
    """An address that expires, at first or half way, is replaced by a fresh one and the reading goes on."""
    refusal = Reply(status, b"<Error><Code>AccessDenied</Code></Error>")
    offered.on("GET", OBJECT, refusal, ranged(cut=1000), refusal, ranged())
    assert read_all(client) == CONTENT
    assert offered.count("POST", PUBLIC) == 3


def test_renewing_ends(offered: ScriptedServer, client: HerokuClient) -> None:
    """Where fresh addresses are refused too, that is told after a few, without any of them."""
    offered.on("GET", OBJECT, Reply(403, b"<Error/>"))
    with pytest.raises(DownloadFailed, match="403 under 3 fresh addresses") as caught:
        read_all(client)
    assert offered.count("POST", PUBLIC) == 4
    assert "SIGNATURE" not in str(caught.value)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([ranged(b"<Error>no</Error>")], "does not begin with PGDMP"),
        ([ranged(b"PGD")], "does not begin with PGDMP"),
        ([Reply(200, CONTENT)], "status 200"),
        ([Reply(404)], "status 404"),
        ([Reply(416)], "status 416"),
        ([Reply(206, CONTENT)], "ignores Range"),
        ([ranged(cut=1000), ranged(etag='"two"')], "changed"),
        ([ranged(cut=1000), ranged(CONTENT + b"x")], "changed"),
        ([ranged(cut=1000), Reply(412)], "replaced while it was read"),
        ([ranged(cut=1000), Reply(206, CONTENT, {"Content-Range": "bytes 0-9/300005", "ETag": '"one"'})], "changed"),
        ([ranged(total=300_000)], "longer than the 300000 bytes"),
        ([ranged(cut=1000), ranged(cut=0)], "stops after 1000 of 300005 bytes"),
        ([ranged(total=300_009)], "stops after 300005 of 300009 bytes"),
        ([ranged(cut=1000), NO_ANSWER], "cannot be reached"),
        ([Reply(503)], "status 503"),
    ],
)
def test_anything_but_the_whole_backup_is_a_failure(
    offered: ScriptedServer, client: HerokuClient, answers: list[Reply | Answerer], words: str
) -> None:
    """An error page, a short or long or changed object, or a server without Range: never taken for the backup."""
    offered.on("GET", OBJECT, *answers)
    with pytest.raises(DownloadFailed, match=words):
        read_all(client)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x?SIGNATURE", "https://h:port/x?SIGNATURE", "https://h\n/?SIGNATURE", ""]
)
def test_an_address_without_tls_is_not_used(server: ScriptedServer, client: HerokuClient, url: str) -> None:
    """A backup is not fetched in the clear, and an address that is none is not quoted."""
    server.on("POST", PUBLIC, Reply(body={"url": url, "expires_at": "2026-11-02 03:00:00 +0000"}))
    with pytest.raises(DownloadFailed, match="not https") as caught:
        read_all(client)
    assert "SIGNATURE" not in "".join(traceback.format_exception(caught.value))


def test_the_first_bytes_cost_no_more(offered: ScriptedServer, client: HerokuClient) -> None:
    """The beginning is asked for by Range and resumed like the whole; of a shorter backup everything comes."""
    offered.on("GET", OBJECT, ranged(cut=10), ranged())
    assert client.beginning("production", BACKUP, 4096).data == CONTENT[:4096]
    assert [seen.headers["range"] for seen in offered.seen if seen.path == OBJECT] == ["bytes=0-4095", "bytes=10-4095"]
    assert client.beginning("production", BACKUP, 3).data == b"PGD"
    offered.on("GET", OBJECT, ranged(CONTENT[:20]))
    assert client.beginning("production", BACKUP, 4096).data == CONTENT[:20]


def test_no_signature_is_logged(
    offered: ScriptedServer, client: HerokuClient, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither httpx's log at its most talkative nor a retry shows the signature or the token."""
    caplog.set_level(logging.DEBUG)
    offered.on("GET", OBJECT, NO_ANSWER, ranged())
    read_all(client)
    shown = caplog.text + "".join(capsys.readouterr())
    assert OBJECT in shown
    assert "SIGNATURE" not in shown
    assert TOKEN not in shown
