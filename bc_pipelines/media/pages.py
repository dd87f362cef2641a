"""Reading a page of a listing with half of botocore's work, which is most of what a run with nothing to do costs.

botocore walks every answer along its model and gives each date to a parser of all forms of dates. Here the keys are
taken out of the answer before that, and put back after it. Its own look for errors in the answer stays, and is now the
larger part. Does not belong here: asking for pages.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT = "before-parse.s3.ListObjectsV2"


def read_quickly(client: S3Client) -> None:
    """Have a client read pages of listings so.

    Args:
        client: is changed.
    """
    client.meta.events.register(_EVENT, _take_contents)


def _take_contents(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
    """Take the keys out of an answer; whatever looks unlike Amazon's is left to botocore.

    The other names in it, such as the prefix that was asked for, stay encoded.
    """
    if response_dict["status_code"] != 200:
        return
    try:
        # The answer of the server whose other answers botocore reads with the same parser.
        page = ElementTree.fromstring(response_dict["body"])  # noqa: S314
        space = page.tag.removesuffix("ListBucketResult")
        found = page.findall(f"{space}Contents")
        contents = [_object(each, len(space)) for each in found]
        # Encoded because botocore asked for that; most keys are the same with and without.
        if (encoding := page.find(f"{space}EncodingType")) is not None and encoding.text == "url":
            page.remove(encoding)
            for fields in contents:
                if "%" in fields["Key"] or "+" in fields["Key"]:
                    fields["Key"] = unquote_plus(fields["Key"])
    except (ElementTree.ParseError, ValueError, KeyError, TypeError):
        return
    for each in found:
        page.remove(each)
    response_dict["body"] = ElementTree.tostring(page)
    if contents:
        customized_response_dict["Contents"] = contents


def _object(element: ElementTree.Element, space: int) -> dict[str, Any]:
    fields = {field.tag[space:]: field.text for field in element}
    return {
        "Key": fields["Key"] or "",
        "LastModified": datetime.fromisoformat(fields["LastModified"] or ""),
        "ETag": fields["ETag"] or "",
        "Size": int(fields["Size"] or ""),
    }
