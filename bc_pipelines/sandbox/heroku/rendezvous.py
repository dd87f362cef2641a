"""The rendezvous server: the line between a one-off dyno and whoever ran it (Heroku CLI 11.10.0, `heroku run`).

The client connects by TLS and sends the secret of its attach_url and a line end. The server answers `rendezvous` alone,
which the client throws away together with whatever comes in the same chunk, and then passes bytes both ways.
"""

from __future__ import annotations

import asyncio
import ssl

from bc_pipelines.sandbox.heroku.config import Config
from bc_pipelines.sandbox.heroku.oneoff import OneOffs

GREETING = b"rendezvous\r\n"
# Time for the greeting to arrive by itself.
PAUSE = 0.1
GREETING_SECONDS = 10.0


async def serve(config: Config, oneoffs: OneOffs) -> asyncio.Server:
    """Listen for the owners of attached dynos.

    Args:
        config: Names host, port and certificate.
        oneoffs: The dynos.

    Returns:
        The listening server.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.certificate, config.key)

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), GREETING_SECONDS)
            writer.write(GREETING)
            await writer.drain()
            await asyncio.sleep(PAUSE)
            await oneoffs.attach(line.decode(errors="replace").strip(), reader, writer)
        except (TimeoutError, ConnectionError, ValueError):
            """A visitor who says nothing, too much, or leaves is no concern of ours."""
        finally:
            writer.close()

    return await asyncio.start_server(meet, config.host, config.rendezvous_port, ssl=context)
