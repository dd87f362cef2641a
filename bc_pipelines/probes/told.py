"""What was not told, or not in time, as against told to be absent; and a digest by which two looks are compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, fields
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


@dataclass(frozen=True)
class Untold:
    """A question without an answer; neither yes nor no.

    Attributes:
        why: as the server calls it, such as AccessDenied, or what went wrong.
    """

    why: str


def within(seconds: float, ask: Callable[[], T]) -> T | Untold:
    """Wait only so long for an answer: a socket's own timeout begins anew with every byte that a server trickles.

    Args:
        seconds: how long.
        ask: the question; left to itself when the time is over, and so it must change nothing.

    Returns:
        The answer; raises what the question raises.
    """
    told: Future[T] = Future()

    def run() -> None:
        try:
            told.set_result(ask())
        # Handed on to whoever waits.
        except BaseException as error:
            told.set_exception(error)

    # A daemon: a server that never ends must not keep this process from its end.
    Thread(target=run, daemon=True).start()
    return told.result() if wait([told], seconds).done else Untold("it does not answer in time")


def version_of(*facts: DataclassInstance) -> str:
    """A digest that differs where two looks differ.

    Args:
        facts: of one look; what a dataclass leaves out of its comparison does not count, such as a latency.

    Returns:
        Sixteen hexadecimal digits.
    """
    counted = [{each.name: getattr(one, each.name) for each in fields(one) if each.compare} for one in facts]
    return hashlib.sha256(repr(counted).encode()).hexdigest()[:16]
