"""The process: sockets on loopback, TLS, signals, and the end when the parent is gone."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bc_pipelines.sandbox.heroku.app import build
from bc_pipelines.sandbox.heroku.config import Config, ConfigError

_PARENT_SECONDS = 1.0


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which also tells the application its connection, so that faults can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        app: ASGIApp = self.app

        async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})["sandbox.connection"] = transport
            await app(scope, receive, send)

        self.app = with_connection

    def shutdown(self) -> None:
        """End a connection because the server stops: an idle one at once, without waiting for TLS's farewell."""
        super().shutdown()
        if self.transport.is_closing():
            self.transport.abort()


def run(config: Config) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent is gone if the configuration says so.

    Raises:
        ConfigError: A port is taken.
    """
    # Whatever the simulator writes, backups and state above all, is for its owner only.
    os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    sockets = [_bind(config.host, port) for port in (config.api_port, config.router_port)]
    # No access log: addresses of downloads carry signatures.
    settings = uvicorn.Config(
        build(config),
        http=Protocol,
        ws="none",
        lifespan="on",
        ssl_certfile=config.certificate,
        ssl_keyfile=str(config.key),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=30,
    )
    asyncio.run(_serve(uvicorn.Server(settings), sockets, config.die_with_parent))


async def _serve(server: uvicorn.Server, sockets: list[socket.socket], die_with_parent: bool) -> None:
    watch = asyncio.create_task(_watch_parent()) if die_with_parent else None
    try:
        await server.serve(sockets)
    finally:
        if watch:
            watch.cancel()


async def _watch_parent() -> None:
    """Ask this process to stop once its parent is gone, which shows in being adopted by another."""
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(_PARENT_SECONDS)
    signal.raise_signal(signal.SIGTERM)


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(f"Port {port} of {host} cannot be used: {error.strerror}. Nothing was started.") from None
    return listener
