"""Whether somebody without any key could read what is put into a bucket, tried out before anything private is.

Belongs here: that question and nothing else.
"""

from __future__ import annotations

import secrets

from bc_pipelines.media.bucket import Bucket, clear_errors
from bc_pipelines.media.errors import MediaError

PROBE = "bc-pipelines-probe-"
# What S3 tells a stranger of an object that is not for him; 400 where it is encrypted by KMS, which asks for a
# signature (S3 manual, "Error responses").
_REFUSALS = (400, 401, 403)
# What comes with 400 too, where an address does not lead to the bucket: those that botocore signs leave the region out,
# and only the regions of before 2019 are found so (S3 manual, "Virtual hosting of buckets").
_ELSEWHERE = b"IllegalLocationConstraintException"


def strangers_can_read(bucket: Bucket, folder: str) -> bool:
    """Put a small object into a folder of a bucket, ask for it without a key, and delete it.

    A policy can differ from folder to folder, so the question is about one; and a bucket that is empty has no object
    of its own to ask for.

    Args:
        bucket: may be written to.
        folder: as `documents/`.

    Returns:
        Whether it could be read.

    Raises:
        MediaError: the bucket refused, does not answer, or answers neither yes nor no; then nothing is known.
    """
    import httpx

    key = f"{folder}{PROBE}{secrets.token_hex(8)}.txt"
    with clear_errors("put a probe into", bucket):
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"probe", ContentType="text/plain")
    try:
        signed = bucket.client.generate_presigned_url("get_object", Params={"Bucket": bucket.name, "Key": key})
        answer = httpx.get(signed.partition("?")[0], timeout=30)
        status = answer.status_code
    except httpx.HTTPError as error:
        raise MediaError(
            f"{bucket} does not answer a stranger ({type(error).__name__}), so nothing is known."
        ) from None
    finally:
        with clear_errors("delete a probe from", bucket):
            bucket.client.delete_object(Bucket=bucket.name, Key=key)
    if status != httpx.codes.OK and (status not in _REFUSALS or _ELSEWHERE in answer.content):
        # Busy, or of another region: whoever asks again or elsewhere may be given it.
        raise MediaError(f"{bucket} answers a stranger with status {status}, neither yes nor no, so nothing is known.")
    return status == httpx.codes.OK
