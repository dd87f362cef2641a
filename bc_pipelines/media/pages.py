"""Reading a page of a listing at a fraction of botocore's cost, which is most of what a run with nothing to do costs.

botocore makes a tree of every answer, walks it along its model, gives each date to a parser of all forms of dates, and
before all that makes another tree in its look for an error. Here the keys are taken out of the answer first, and put
back last: botocore reads what is left, so its look for errors keeps its meaning. No tree is made of the keys, because
Python's own collector of garbage then takes as long as everything else. Does not belong here: asking for pages.
"""

from __future__ import annotations

import re
from datetime import datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from botocore.session import Session
    from mypy_boto3_s3 import S3Client

_EVENT, _OPERATION = "before-parse.s3.*", "ListObjectsV2"
_ENCODED = "<EncodingType>url</EncodingType>"
# Amazon gives three figures of a second; servers in Go leave out the noughts at the end.
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z"
_AMAZONS_TIME = re.compile(_TIME, re.ASCII)
# What no text holds: a carriage return, which a reader of XML would change, and what it would refuse.
_NEVER = r"\x00-\x08\x0b-\x1f\ufffe\uffff"
# Fields in the order of the S3 manual (ListObjectsV2); between and behind them may be others, some of several levels.
_OBJECT = re.compile(
    rf"""
    <Contents> \s*
    <Key> ([^<{_NEVER}]+) </Key> \s*
    <LastModified> ({_TIME}) </LastModified> \s*
    <ETag> ([^<{_NEVER}]*) </ETag> \s*
    (?: < (?!Size|/?Contents|!) [^<]* )*
    <Size> (\d+) </Size> \s*
    (?: < (?!Size|/?Contents|!) [^<]* )*
    </Contents> \s*
    """,
    re.VERBOSE | re.ASCII,
)
_GROUPS = _OBJECT.groups


def read_quickly(client: S3Client) -> None:
    """Have a client read pages of listings so.

    Args:
        client: is changed.
    """
    from botocore.handlers import BUILTIN_HANDLERS

    # Whoever registers as first comes behind all that did so earlier; so botocore's own stand down and queue again.
    theirs = [handler for event, handler, *_ in BUILTIN_HANDLERS if event == _EVENT]
    for handler in theirs:
        client.meta.events.unregister(_EVENT, handler)
    for handler in (_take_contents, *theirs):
        client.meta.events.register_first(_EVENT, handler)


def read_times_quickly(session: Session) -> None:
    """Have a session's clients read times so, of which every answer to a copy has one.

    Args:
        session: is changed.
    """
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_time)


def _time(written: str) -> datetime:
    """A time in Amazon's form; whatever is of another is left to botocore."""
    from botocore.utils import parse_timestamp

    # The standard library takes some numbers for days, which may be seconds.
    return datetime.fromisoformat(written) if _AMAZONS_TIME.fullmatch(written) else parse_timestamp(written)


def _take_contents(
    operation_model: OperationModel,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: object,
) -> None:
    """Take the keys out of an answer; whatever looks unlike Amazon's is left to botocore.

    The other names in it, such as the prefix that was asked for, stay encoded.
    """
    if operation_model.name != _OPERATION or response_dict["status_code"] != 200:
        return
    try:
        # What lies between objects, and each object's fields, in turn.
        parts = _OBJECT.split(response_dict["body"].decode())
        rest = "".join(parts[:: _GROUPS + 1])
        # Encoded because botocore asked for that; it would decode what it finds marked so.
        encoded = _ENCODED in rest
        keys, times, etags, sizes = (parts[group :: _GROUPS + 1] for group in range(1, _GROUPS + 1))
        contents = list(map(_object, keys, times, etags, sizes, repeat(encoded)))
    except (ElementTree.ParseError, ValueError):
        return
    # The page itself says how many it has; what looks like an object in a comment or a section is none.
    told = f"<KeyCount>{len(contents)}</KeyCount>" in rest
    if contents and told and "Contents" not in rest and "<!" not in rest:
        response_dict["body"] = rest.replace(_ENCODED, "").encode()
        customized_response_dict["Contents"] = contents


def _object(key: str, modified: str, etag: str, size: str, encoded: bool) -> dict[str, Any]:
    key = _text(key)
    return {
        # Most keys are the same with and without encoding.
        "Key": unquote_plus(key) if encoded and ("%" in key or "+" in key) else key,
        "LastModified": datetime.fromisoformat(modified),
        "ETag": _text(etag.replace("&quot;", '"')),
        "Size": int(size),
    }


def _text(written: str) -> str:
    """What a piece of XML without elements says."""
    # The answer of the server whose other answers botocore reads with the same parser.
    return (ElementTree.fromstring(f"<_>{written}</_>").text or "") if "&" in written else written  # noqa: S314
