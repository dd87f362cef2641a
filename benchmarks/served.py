"""A backup's file behind an https address that answers to Range, as the signed addresses of Heroku's backups do."""

import re
import shutil
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bc_pipelines.sandbox.certificates import make_certificates

# It waits for its reader as long as that works.
_PATIENCE_SECONDS = 3600


@contextmanager
def served(file: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Serve a file on loopback, from a thread of this process.

    Args:
        file: what is served; it must not change.
        folder: for the certificates.

    Yields:
        The address, and the file of the authority to trust.
    """
    size = file.stat().st_size

    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_SECONDS

        def do_GET(self) -> None:
            # The product asks for all that is left.
            found = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])
            if not found:
                self.send_error(416)
                return
            start = int(found[1])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("Content-Length", str(size - start))
            self.send_header("ETag", '"the only version"')
            self.end_headers()
            with file.open("rb") as opened:
                opened.seek(start)
                shutil.copyfileobj(opened, self.wfile, 1 << 18)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    certificates = make_certificates(folder, [])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"https://127.0.0.1:{server.server_port}/production.dump?signature=invented", certificates.ca
        finally:
            server.shutdown()
