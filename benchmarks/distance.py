"""A way to a server that takes time: a relay on this machine that holds every chunk back, in both directions.

`python -m benchmarks.distance PORT MILLISECONDS` relays to a port of this machine, says on which port it listens, and
ends with its input. Toxiproxy does the same, but is in neither PyPI nor Debian 12; `tc netem` wants root, and would
hold up whatever else this machine says to itself.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from benchmarks.process import answering

THERE_AND_BACK_MS = 30
"""What a question takes beyond the server's own time. Amazon's small requests take some tens of milliseconds at the
median (AWS, Best Practices Design Patterns: Optimizing Amazon S3 Performance, "Timeouts and Retries for
Latency-Sensitive Applications"). That is its servers' time more than the way's, so here a connection opens at once.
"""


@contextmanager
def away(address: str, milliseconds: float = THERE_AND_BACK_MS) -> Iterator[str]:
    """Put a server at a distance.

    Args:
        address: of a server on this machine.
        milliseconds: of a question's way there and its answer's way back together.

    Yields:
        The address at which it answers so much later.
    """
    with answering("benchmarks.distance", address.rpartition(":")[2], str(milliseconds)) as relayed:
        yield relayed


class Relay:
    """Takes connections, and makes for each one to the server."""

    def __init__(self, port: int, seconds: float) -> None:
        """Relay to a port of this machine, with so many seconds of delay each way."""
        self._port, self._seconds = port, seconds
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> asyncio.Server:
        """Listen on any free port."""
        return await asyncio.start_server(self._take, "127.0.0.1", 0)

    def _take(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        # asyncio itself keeps no hold of one of which a half has ended, so that it could be tidied away as garbage.
        journey = asyncio.create_task(self._both_ways(from_client, to_client))
        self._open.add(journey)
        journey.add_done_callback(self._open.discard)

    async def _both_ways(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        # Whoever hangs up in the middle ends this connection, and nothing else.
        with closing(to_client), suppress(OSError):
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
            with closing(to_server):
                await asyncio.gather(self._one_way(from_client, to_server), self._one_way(from_server, to_client))

    async def _one_way(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        under_way: deque[bytes] = deque()

        def arrive() -> None:
            # The first that left, whichever of two that are due the loop has woken.
            target.write(under_way.popleft())

        while chunk := await source.read(1 << 18):
            under_way.append(chunk)
            asyncio.get_running_loop().call_later(self._seconds, arrive)
        await asyncio.sleep(self._seconds)
        target.write_eof()


async def _main(port: int, milliseconds: float) -> None:
    server = await Relay(port, milliseconds / 2_000).start()
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), float(sys.argv[2])))
