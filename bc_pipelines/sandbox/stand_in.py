"""Running a stand-in: what all of those have in common that are made with Starlette.

Does not belong here: what one answers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bc_pipelines.sandbox.world import HOST

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response


async def healthz(_request: Request) -> Response:
    """Answer whoever asks whether the server is there."""
    from starlette.responses import JSONResponse

    return JSONResponse({"status": "ok"})


def serve(application: Starlette, port: int, certificate: str, key: str) -> None:
    """Serve an application over TLS until SIGTERM; what it writes is its owner's alone.

    Args:
        application: the stand-in.
        port: on loopback.
        certificate: path of the server's, as PEM.
        key: path of its private key.
    """
    import uvicorn

    os.umask(0o077)
    uvicorn.run(
        application,
        host=HOST,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=3,
    )
