"""What was not told, as against told to be absent; and a digest by which two looks are compared."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class Untold:
    """A question without an answer; neither yes nor no.

    Attributes:
        why: as the server calls it, such as AccessDenied, or what went wrong.
    """

    why: str


def version_of(*facts: DataclassInstance) -> str:
    """A digest that differs where two looks differ.

    Args:
        facts: of one look; what a dataclass leaves out of its comparison does not count, such as a latency.

    Returns:
        Sixteen hexadecimal digits.
    """
    counted = [{each.name: getattr(one, each.name) for each in fields(one) if each.compare} for one in facts]
    return hashlib.sha256(repr(counted).encode()).hexdigest()[:16]
