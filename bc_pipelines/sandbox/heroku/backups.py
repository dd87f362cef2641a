"""Raw backups: files that only their owner can read, and their download by signed address.

Which backups exist and when they go is decided in `transfers.py`.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from bc_pipelines.heroku.models import data_time
from bc_pipelines.sandbox.heroku import signing
from bc_pipelines.sandbox.heroku.config import Config

BUCKET = "xfer-bucket"
_PARTIAL = ".partial"


class Backups:
    """The bucket of raw backups, one file per transfer, mode 0600 in a folder of mode 0700."""

    def __init__(self, config: Config) -> None:
        self._url = config.api_url
        self._folder = config.state_dir / "backups"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key = _signing_key(config.state_dir / "signing.key")
        for leftover in self._folder.glob(f"*{_PARTIAL}"):
            leftover.unlink()

    def create(self, uuid: str) -> BinaryIO:
        """Open a new file for a backup that is being captured; it counts only after `keep`."""
        path = self._path(uuid + _PARTIAL)
        path.touch(mode=0o600, exist_ok=False)
        return path.open("wb")

    def keep(self, uuid: str) -> None:
        """Make a captured backup available."""
        self._path(uuid + _PARTIAL).replace(self._path(uuid))

    def delete(self, uuid: str) -> None:
        """Remove a backup, or what was captured of it."""
        self._path(uuid).unlink(missing_ok=True)
        self._path(uuid + _PARTIAL).unlink(missing_ok=True)

    def raw_url(self, app_id: str, uuid: str) -> str:
        """The stored address: good for Heroku's own worker, refused to everybody else."""
        return f"{self._url}/{BUCKET}/{app_id}/{uuid}"

    def signed_url(self, raw_url: str, ttl: int) -> tuple[str, datetime]:
        """A download address and the moment at which it expires. `ttl` is in seconds."""
        parts, moment = urlsplit(raw_url), datetime.now(UTC).replace(microsecond=0)
        query = signing.sign(self._key, parts.netloc, parts.path, moment, ttl)
        return f"{raw_url}?{query}", signing.expiry(
            {"X-Amz-Date": f"{moment:%Y%m%dT%H%M%SZ}", "X-Amz-Expires": str(ttl)}
        )

    def behind(self, url: str) -> Path | None:
        """The file behind an unsigned stored address of ours, which the restore worker may read; else None."""
        parts = urlsplit(url)
        if parts.query or not url.startswith(f"{self._url}/{BUCKET}/"):
            return None
        path = self._path(Path(parts.path).name)
        return path if path.is_file() else None

    async def download(self, request: Request) -> Response:
        """Answer a GET of a backup: 200, 206, 403, 404 or 412, in S3's words."""
        host, query = request.headers.get("host", ""), dict(request.query_params)
        verdict = signing.verify(self._key, request.method, host, request.url.path, query, datetime.now(UTC))
        if verdict != "good":
            return refusal(verdict)
        path = self._path(request.path_params["name"])
        if not path.is_file():
            return _problem(404, "NoSuchKey", "The specified key does not exist.")
        etag = f'"{path.stat().st_mtime_ns:x}-{path.stat().st_size:x}"'
        if request.headers.get("if-match", etag) not in (etag, "*"):
            return _problem(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        headers = {"etag": etag, "x-amz-server-side-encryption": "AES256"}
        return FileResponse(path, headers=headers, media_type="binary/octet-stream")

    def _path(self, name: str) -> Path:
        return self._folder / Path(name).name


def refusal(verdict: signing.Verdict) -> Response:
    """S3's 403 for an address that is unsigned, forged or expired."""
    if verdict == "forged":
        text = "The request signature we calculated does not match the signature you provided."
        return _problem(403, "SignatureDoesNotMatch", text)
    if verdict == "expired":
        detail = f"<ServerTime>{escape(data_time(datetime.now(UTC)))}</ServerTime>"
        return _problem(403, "AccessDenied", "Request has expired", detail)
    return _problem(403, "AccessDenied", "Access Denied")


def _problem(status: int, code: str, message: str, detail: str = "") -> Response:
    body = f"<Code>{code}</Code><Message>{message}</Message>{detail}<RequestId>{secrets.token_hex(8)}</RequestId>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{body}</Error>'
    return Response(text, status, media_type="application/xml")


def _signing_key(path: Path) -> bytes:
    """The key of signed addresses, kept so that they outlive a restart."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text().encode()
