"""A server whose buckets all hold the same very many keys, which nobody has stored: it makes each page as it is asked.

`python -m benchmarks.keys_server COUNT` says on which port it listens, and ends with its input. Real servers keep what
they list in memory; rclone's would need over two gigabytes for a million keys. Belongs here: a listing and no more.
"""

import sys
import threading
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from benchmarks.process import answering

A_PAGE = 1_000
"""S3 lists no more keys at once (S3 manual, ListObjectsV2)."""

_ENTRY = (
    "<Contents><Key>{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>0</Size><StorageClass>STANDARD</StorageClass>"
    "</Contents>"
)


@contextmanager
def keys_server(count: int) -> Iterator[str]:
    """Serve buckets of so many keys from another process; gives the address."""
    with answering("benchmarks.keys_server", str(count)) as address:
        yield address


def key(number: int) -> str:
    """The keys in their order, all with one prefix, as Wagtail's originals have."""
    return f"original_images/{number:09}.jpg"


def page(count: int, after: str) -> str:
    """One answer to ListObjectsV2.

    Args:
        count: of all keys.
        after: the page begins behind this key, which need not exist.
    """
    numbers = range(count)
    first = bisect_right(numbers, after, key=key)
    keys = [key(number) for number in numbers[first : first + A_PAGE]]
    more = first + len(keys) < count
    # The last key does as the token.
    token = f"<NextContinuationToken>{keys[-1]}</NextContinuationToken>" if more else ""
    return (
        f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><KeyCount>{len(keys)}</KeyCount>'
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{''.join(map(_ENTRY.format, keys))}</ListBucketResult>"
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count: int

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        after = (asked.get("continuation-token") or asked.get("start-after") or [""])[0]
        body = page(self.count, after).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def _main(count: int) -> None:
    _Handler.count = count
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
