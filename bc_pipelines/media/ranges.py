"""A plan for very many keys: several ranges of keys are listed and compared at the same time, in flat memory.

A bucket answers a thousand keys a question, and each question takes the time of a journey; Wagtail's originals all have
one prefix, so ranges cannot go by folders. Nobody knows beforehand where half of the keys lie: whoever has nothing to
do takes the back part of a range that somebody is in, and where that turns out empty, the cost was a question to each
side. So a range is split only where answers are waited for, which several questions at a time can help; reading them
is the work of one processor whatever is done, and small buckets have few.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Condition
from time import monotonic, process_time

from bc_pipelines.media.bucket import Bucket
from bc_pipelines.media.listing import Span, listing
from bc_pipelines.media.plan import MOST_NAMED, Pair, Plan, Rule, compare, note_absent, side_by_side

AT_ONCE = 4
"""Ranges at the same time; each asks two buckets, and asks ahead."""

SMALL = 10_000
"""Keys that are compared before anything is split: no more than ten questions to each side."""

BUSY = 0.5
"""A process that works for a larger share of the time than this is not kept waiting by its ranges."""

_BETWEEN_SPLITS = 2_000
_DEEPEST = 8
_FIRST, _LAST = " ", "\x7f"


def plan_in_ranges(source: Bucket, target: Bucket, rule: Rule) -> Plan:
    """Compare two buckets.

    Args:
        source: where objects come from.
        target: what is to become the same.
        rule: how.

    Returns:
        The same plan as of the two whole listings.

    Raises:
        MediaError: a page could not be had, or came out of order.
    """
    work = _Work([Span()])
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        try:
            for helper in [pool.submit(_help, work, source, target, rule) for _ in range(AT_ONCE)]:
                helper.result()
        finally:
            # After Ctrl-C or an error nobody goes on, or waits for helpers that never began.
            work.stop()
    return note_absent(joined([plan for _, plan in sorted(work.done, key=lambda each: each[0])]), rule)


def joined(plans: list[Plan]) -> Plan:
    """One plan of several that follow each other.

    Args:
        plans: in the order of keys.
    """
    whole = Plan()
    for plan in plans:
        whole.changes += plan.changes
        whole.kept += plan.kept
        whole.source_count += plan.source_count
        whole.source_bytes += plan.source_bytes
        whole.target_count += plan.target_count
        whole.personal += plan.personal
        whole.left_out += plan.left_out
        whole.recognised |= plan.recognised
        whole.unnamed += plan.unnamed[: MOST_NAMED - len(whole.unnamed)]
        whole.unnamed_count += plan.unnamed_count
        whole.withheld += plan.withheld[: MOST_NAMED - len(whole.withheld)]
        whole.withheld_count += plan.withheld_count
        whole.named |= plan.named
        whole.newest = max(filter(None, (whole.newest, plan.newest)), default=None)
        for prefix, count in plan.excluded.items():
            whole.excluded[prefix] = whole.excluded.get(prefix, 0) + count
    return whole


def between(earlier: str, key: str, until: str | None) -> str | None:
    """Guess a key that parts what follows.

    Args:
        earlier: a key that was passed some time ago: what it has in common with the present one, many others will have.
        key: the present one.
        until: where the range ends.

    Returns:
        A name between the present key and the end; None where there is no simple one.
    """
    depth = _common(earlier, key)
    for level in range(depth, depth + _DEEPEST):
        stem = key[:level]
        here = key[level : level + 1] or _FIRST
        end = until[level] if until and until.startswith(stem) and len(until) > level else _LAST
        middle = (ord(here) + min(ord(end), ord(_LAST))) // 2
        if middle > ord(here):
            found = stem + chr(middle)
            return found if key < found and Span("", until).holds(found) else None
    return None


@dataclass
class _Work:
    """Ranges that wait for somebody, and plans of those that are done."""

    waiting: list[Span]
    done: list[tuple[str, Plan]] = field(default_factory=list)
    idle: int = 0
    over: bool = False
    change: Condition = field(default_factory=Condition)  # Re-entrant.

    def next(self) -> Span | None:
        """Wait for a range; None when there will be none any more."""
        with self.change:
            self.idle += 1
            if self.idle == AT_ONCE and not self.waiting:
                self.stop()
            self.change.wait_for(lambda: self.waiting or self.over)
            if self.over:
                return None
            self.idle -= 1
            return self.waiting.pop()

    def stop(self) -> None:
        """Let nobody wait or go on."""
        with self.change:
            self.over = True
            self.change.notify_all()

    def split(self, span: Span, earlier: str, key: str) -> None:
        """Give the back part of a range away, if somebody waits for it."""
        with self.change:
            if len(self.waiting) < self.idle and (middle := between(earlier, key, span.until)):
                self.waiting.append(Span(middle, span.until))
                span.until = middle
                self.change.notify()


def _help(work: _Work, source: Bucket, target: Bucket, rule: Rule) -> None:
    try:
        while span := work.next():
            pairs = side_by_side(listing(source, span), listing(target, span))
            work.done.append((span.after, compare(_cut(pairs, span, work), rule)))
    except BaseException:
        work.stop()
        raise


def _cut(pairs: Iterator[Pair], span: Span, work: _Work) -> Iterator[Pair]:
    """What lies in a range, whose end may come nearer meanwhile."""
    earlier, due = "", _BETWEEN_SPLITS if span.after else SMALL
    time, worked = monotonic(), process_time()
    for number, pair in enumerate(pairs, 1):
        if work.over or not span.holds(pair[0]):
            return
        if number % _BETWEEN_SPLITS == 0:
            now, work_now = monotonic(), process_time()
            if number >= due and work_now - worked < BUSY * (now - time):
                work.split(span, earlier, pair[0])
            earlier, time, worked = pair[0], now, work_now
        yield pair


def _common(one: str, other: str) -> int:
    """How many characters two names have in common at their beginnings."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (here, there) in pairs if here != there), min(len(one), len(other)))
