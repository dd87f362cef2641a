"""One verdict over several hosts: the worst of them counts, and what one does not tell is never green.

Does not belong here: what is good and bad of a host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeVar

from bc_pipelines.checks.verdict import Verdict, listed, not_testable
from bc_pipelines.probes.told import Untold


class Named(Protocol):
    """Whatever is known of a host."""

    @property
    def host(self) -> str:
        """Its name."""


T = TypeVar("T", bound=Named)


@dataclass(frozen=True)
class Found:
    """What was found at one host.

    Attributes:
        state: how it is to be taken.
        text: in words, to stand behind the host's name.
    """

    state: Literal["good", "warn", "bad", "unknown"]
    text: str


def unknown(untold: Untold) -> Found:
    """What was not told."""
    return Found("unknown", untold.why)


def together(seen: Iterable[T], judge: Callable[[T], Found], expected: str, remedy: str) -> Verdict:
    """Judge each host and say the worst.

    Args:
        seen: what is known of each.
        judge: of one.
        expected: what each must be, to stand behind "Expected:".
        remedy: what to do where one is not; whole sentences.

    Returns:
        A verdict with a row for each host. It is not testable where no host is bad and one did not tell.
    """
    found = {each.host: judge(each) for each in seen}
    rows = tuple({"host": host, "found": each.text, "state": each.state} for host, each in found.items())
    if bad := _named(found, "bad"):
        return Verdict(False, f"Expected: {expected}. Found: {bad}. {remedy}", rows=rows)
    if doubtful := _named(found, "warn"):
        return Verdict(False, f"Expected: {expected}. Found: {doubtful}. {remedy}", rows=rows, severity="warn")
    if silent := _named(found, "unknown"):
        return replace(not_testable(f"{silent}."), rows=rows)
    if not found:
        return not_testable("no host of this environment is configured.")
    return Verdict(True, f"As it must be: {expected}. Looked at {len(found)} host(s).", rows=rows)


def _named(found: Mapping[str, Found], state: str) -> str:
    """What was found in a state, each thing once with the hosts that it was found at."""
    hosts: dict[str, list[str]] = {}
    for host, each in found.items():
        if each.state == state:
            hosts.setdefault(each.text, []).append(host)
    return "; ".join(f"{text} ({listed(at, 3)})" for text, at in hosts.items())
