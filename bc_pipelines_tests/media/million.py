"""A bucket of as many keys as one likes, of which none is stored: pages are worked out when they are asked for.

No real server makes a million objects in the time that a test has.
"""

import time
from datetime import UTC, datetime
from typing import Any, cast

from botocore.exceptions import ClientError

from bc_pipelines.media.bucket import Bucket

_PAGE = 1_000
_NOW = datetime(2026, 11, 2, tzinfo=UTC)
_PREFIX = "original_images/"


class Keys:
    """What this package asks of a client, for `original_images/0000000000.jpg` and so on.

    Attributes:
        questions: how many pages were asked for.
        begins: where ranges began.
    """

    def __init__(self, count: int, denied_after: str | None, seconds: float) -> None:
        self.questions = 0
        self.begins: list[str] = []
        self._count = count
        self._denied_after = denied_after
        self._seconds = seconds

    def list_objects_v2(self, **asked: str) -> dict[str, Any]:
        """As S3's."""
        time.sleep(self._seconds)
        self.questions += 1
        self.begins.append(asked.get("StartAfter", ""))
        after = asked.get("ContinuationToken") or self.begins[-1]
        if self._denied_after and after > self._denied_after:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")
        first = self._after(after)
        keys = [f"{_PREFIX}{number:010}.jpg" for number in range(first, min(first + _PAGE, self._count))]
        contents = [{"Key": key, "Size": 7, "ETag": '"0f"', "LastModified": _NOW} for key in keys]
        more = first + _PAGE < self._count
        return {"Contents": contents, "IsTruncated": more, **({"NextContinuationToken": keys[-1]} if more else {})}

    def _after(self, key: str) -> int:
        """Number of the first key behind a name."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if f"{_PREFIX}{middle:010}.jpg" > key:
                high = middle
            else:
                low = middle + 1
        return low


def bucket(count: int, denied_after: str | None = None, seconds: float = 0) -> Bucket:
    """Give such a bucket.

    Args:
        count: of its keys.
        denied_after: pages behind this key are refused.
        seconds: that an answer takes.
    """
    return Bucket("a-million", cast(Any, Keys(count, denied_after, seconds)))
