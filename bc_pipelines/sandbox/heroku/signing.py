"""Download addresses in the form of S3's presigned URLs (AWS, *Authenticating Requests: Using Query Parameters*).

Pure functions over a key: nothing here knows of files or of HTTP.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote, urlencode

Verdict = Literal["good", "unsigned", "forged", "expired"]

_REGION = "eu-west-1"
_TIME = "%Y%m%dT%H%M%SZ"


def sign(key: bytes, host: str, path: str, moment: datetime, ttl: int) -> str:
    """Make the query string that lets anyone who has it GET one object.

    Args:
        key: The signing key.
        host: The `Host` header that the request will carry.
        path: Path of the object, from the slash.
        moment: When the signature begins to be good.
        ttl: For how many seconds it stays good.

    Returns:
        The query string, without a question mark.
    """
    stamp = moment.astimezone(UTC).strftime(_TIME)
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"SANDBOX/{stamp[:8]}/{_REGION}/s3/aws4_request",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(ttl),
        "X-Amz-SignedHeaders": "host",
    }
    return urlencode({**query, "X-Amz-Signature": _signature(key, "GET", host, path, query)}, quote_via=quote)


def expiry(query: Mapping[str, str]) -> datetime:
    """The moment from which a signature is no longer good.

    Raises:
        KeyError, ValueError: The query is not that of a signed address.
    """
    begin = datetime.strptime(query["X-Amz-Date"], _TIME).replace(tzinfo=UTC)
    return begin + timedelta(seconds=int(query["X-Amz-Expires"]))


def verify(key: bytes, method: str, host: str, path: str, query: Mapping[str, str], moment: datetime) -> Verdict:
    """Judge a request, as S3 does: the signature first, then its time."""
    signed = dict(query)
    signature = signed.pop("X-Amz-Signature", "")
    if not signature:
        return "unsigned"
    if not hmac.compare_digest(signature.encode(), _signature(key, method, host, path, signed).encode()):
        return "forged"
    return "good" if moment < expiry(query) else "expired"


def _signature(key: bytes, method: str, host: str, path: str, query: Mapping[str, str]) -> str:
    canonical_query = urlencode(sorted(query.items()), quote_via=quote)
    request = "\n".join((method, quote(path), canonical_query, f"host:{host}\n", "host", "UNSIGNED-PAYLOAD"))
    stamp = query.get("X-Amz-Date", "")
    scope = f"{stamp[:8]}/{_REGION}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    step = b"AWS4" + key
    for part in (stamp[:8], _REGION, "s3", "aws4_request"):
        step = hmac.digest(step, part.encode(), "sha256")
    return hmac.new(step, text.encode(), "sha256").hexdigest()
