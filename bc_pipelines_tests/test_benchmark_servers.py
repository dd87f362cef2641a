"""The servers that the benchmarks bring themselves: one puts another at a distance, one has very many keys."""

import asyncio
import gc
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

import pytest

from bc_pipelines.media.bucket import Bucket, client
from bc_pipelines.media.listing import Span, listing
from bc_pipelines.media.plan import Rule
from bc_pipelines.media.ranges import plan_in_ranges
from bc_pipelines_tests.media import servers
from benchmarks.distance import Relay, away
from benchmarks.keys_server import A_PAGE, key, keys_server


@contextmanager
def echo(answer: bytes = b"") -> Iterator[str]:
    """A server that says again what it hears, and something of its own when nobody goes on; gives its address."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            while heard := self.request.recv(1 << 16):
                self.request.sendall(heard)
            self.request.sendall(answer)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def connection(address: str) -> socket.socket:
    """A connection to an address."""
    parts = urlsplit(address)
    return socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=60)


def everything(source: socket.socket) -> bytes:
    """All that comes until the other side has ended."""
    return b"".join(iter(lambda: source.recv(1 << 16), b""))


def test_a_question_and_its_answer_are_on_their_way_for_at_least_so_long() -> None:
    """The first byte of an echo does not come back earlier than the way there and back takes."""
    with echo() as address, away(address, 200) as distant, connection(distant) as far:
        started = time.monotonic()
        far.sendall(b"?")
        assert far.recv(1) == b"?"
        assert time.monotonic() - started >= 0.2


def test_bytes_arrive_whole_and_in_their_order_at_both_ends() -> None:
    """Megabytes that no single chunk holds come back as they were sent, and after them what the server adds."""
    sent = os.urandom(3_000_000)
    with echo(b"that was all") as address, away(address, 20) as distant, connection(distant) as far:

        def send() -> None:
            for start in range(0, len(sent), 10_007):
                far.sendall(sent[start : start + 10_007])
            far.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        received = everything(far)
        sender.join()
    assert received == sent + b"that was all"


def test_an_answer_that_takes_its_time_reaches_whoever_has_said_everything() -> None:
    """Nothing but the relay holds a connection of which one half has ended; it must not be tidied away as garbage."""

    async def answer(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        await source.read()
        gc.collect()
        target.write(b"late")
        target.close()

    async def ask() -> bytes:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            relay = await Relay(server.sockets[0].getsockname()[1], 0.01).start()
            source, target = await asyncio.open_connection(*relay.sockets[0].getsockname())
            target.write_eof()
            heard = await source.read()
            target.close()
            relay.close()
            return heard

    assert asyncio.run(asyncio.wait_for(ask(), 60)) == b"late"


def test_several_connections_do_not_mix() -> None:
    """Whoever speaks to a server at a distance hears only what was meant for him."""
    with echo() as address, away(address, 20) as distant:
        ends = [connection(distant) for _ in range(16)]
        for number, end in enumerate(ends):
            end.sendall(bytes([number]) * 1_000)
            end.shutdown(socket.SHUT_WR)
        assert [everything(end) for end in ends] == [bytes([number]) * 1_000 for number in range(16)]
        for end in ends:
            end.close()


def test_the_relay_ends_with_its_use_even_if_somebody_still_listens() -> None:
    """Afterwards nothing is left that would hold the address, and an open connection has its end."""
    with echo() as address:
        with away(address, 20) as distant:
            far = connection(distant)
            far.sendall(b"?")
            assert far.recv(1) == b"?"
        assert everything(far) == b""
        far.close()
        with pytest.raises(ConnectionRefusedError):
            connection(distant)


def test_a_server_that_stores_no_key_lists_them_all_from_anywhere() -> None:
    """Pages follow each other without a gap or a repetition, also from the middle and from behind the last."""
    with keys_server(2 * A_PAGE + 3) as address:
        bucket = Bucket("any", client(servers.ACCESS_KEY, servers.SECRET_KEY, region="eu-west-2", endpoint=address))
        listed = [item.key for item in listing(bucket)]
        assert listed == [key(number) for number in range(2 * A_PAGE + 3)]
        assert all(one < other for one, other in pairwise(listed))
        assert [item.key for item in listing(bucket, Span(key(A_PAGE)))] == listed[A_PAGE + 1 :]
        assert list(listing(bucket, Span(listed[-1]))) == []


def test_a_plan_of_its_buckets_finds_every_key_on_both_sides() -> None:
    """What is measured with it is a run in which nothing is to do."""
    with keys_server(12_000) as address:
        s3 = client(servers.ACCESS_KEY, servers.SECRET_KEY, region="eu-west-2", endpoint=address)
        plan = plan_in_ranges(Bucket("a-source", s3), Bucket("a-target", s3), Rule())
    assert (plan.kept, plan.changes) == (12_000, [])
