"""What must be copied, replaced and deleted so that one side holds what the other holds, each with its reason.

Made from one listing of each side, merged in the order of keys; what stays is counted and forgotten. Belongs here: when
two objects are the same. Does not belong here: whether the plan may be carried out (guard.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bc_pipelines.media.listing import Item

ORIGINALS = "original_images/"
"""Where Wagtail puts the images that editors upload; all other pictures are made from these."""


HasBytesOf = Callable[[Item, str], bool | None]
"""Whether a file has the bytes of an ETag; None where that cannot be told."""

Pair = tuple[str, Item | None, Item | None]
"""A key with what the source and the target have under it."""


class Action(StrEnum):
    """What happens to one key."""

    COPY = "copy"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One key that changes.

    Attributes:
        action: what happens.
        key: the key.
        size: bytes that are copied or deleted.
        etag: of the source's object, or what stands for a file's, as it was listed; empty for a deletion.
        reason: in words.
    """

    action: Action
    key: str
    size: int
    etag: str
    reason: str


@dataclass(frozen=True, slots=True)
class Copied:
    """A line of the ledger: what an earlier run copied or found to be the same, as both sides were listed.

    Attributes:
        size: in bytes.
        source_etag: of the source's object, or what stands for a file's.
        target_etag: the same of the target's; differs for files, and where an object was uploaded in parts.
    """

    size: int
    source_etag: str
    target_etag: str


@dataclass(frozen=True)
class Wanted:
    """What a database says of the source's files.

    Attributes:
        named: keys that some row names.
        withheld: those of them that may not be copied to this target.
    """

    named: Collection[str]
    withheld: Collection[str] = ()


MOST_NAMED = 1_000
"""So many keys are spelt out of those that are not copied; the others are counted."""


@dataclass
class Plan:
    """Every change, and how much there is of everything.

    Attributes:
        changes: in the order of keys.
        kept: objects that are the same on both sides.
        source_count: objects of the source that are in scope.
        source_bytes: their size.
        target_count: objects of the target that are in scope.
        excluded: objects of the source that are left out, by the prefix that says so.
        personal: keys that both sides have below prefixes that the rule clears: the target's are copies of former days.
            Nobody is told their names, which may be a person's.
        left_out: keys that were left out by name.
        recognised: what is kept although the ETags do not show it, and the ledger did not: lines that the ledger gets.
        unnamed: keys of the source that no row of the database names, the first of them; they are not copied.
        unnamed_count: how many.
        withheld: keys of the source that may not be copied, the first of them.
        withheld_count: how many.
        named: keys that a row names and the source has.
        absent: keys that a row names and the source lacks, the first of them.
        absent_count: how many.
        newest: when the newest object of the source was written, or None.
    """

    changes: list[Change] = field(default_factory=list)
    kept: int = 0
    source_count: int = 0
    source_bytes: int = 0
    target_count: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    personal: list[str] = field(default_factory=list, repr=False)
    left_out: list[str] = field(default_factory=list)
    recognised: dict[str, Copied] = field(default_factory=dict)
    unnamed: list[str] = field(default_factory=list)
    unnamed_count: int = 0
    withheld: list[str] = field(default_factory=list)
    withheld_count: int = 0
    named: set[str] = field(default_factory=set)
    absent: list[str] = field(default_factory=list)
    absent_count: int = 0
    newest: datetime | None = None

    def of(self, *actions: Action) -> tuple[Change, ...]:
        """The changes of some kinds."""
        return tuple(change for change in self.changes if change.action in actions)

    @property
    def bytes_to_copy(self) -> int:
        """How much is copied."""
        return sum(change.size for change in self.of(Action.COPY, Action.REPLACE))


@dataclass(frozen=True)
class Rule:
    """What is left alone, and when two objects differ; as ``make_plan`` has it.

    Attributes:
        cleared: those of the excluded prefixes below which the target's copy goes where both sides have a key.
    """

    excluded: tuple[str, ...] = ()
    left_out: Collection[str] = frozenset()
    ledger: Mapping[str, Copied] = field(default_factory=dict)
    etags_are_md5: bool = True
    has_bytes_of: HasBytesOf | None = None
    wanted: Wanted | None = None
    cleared: tuple[str, ...] = ()

    def difference(self, ours: Item, theirs: Item) -> str:
        """Why the target's object must be replaced; nothing if the two are the same.

        A copy of an object that was uploaded in parts gets another ETag, so the ETags alone would never agree.
        """
        if ours.size != theirs.size:
            return f"{theirs.size} bytes there, {ours.size} here"
        known = self.ledger.get(ours.key)
        if ours.etag == theirs.etag or known == _copied(ours, theirs):
            return ""
        same = self._same_bytes(ours, theirs) if self.etags_are_md5 else None
        if same is not None:
            return "" if same else "other bytes"
        if known is not None:
            return "changed since it was copied"
        return "" if theirs.modified >= ours.modified else "older than here"

    def _same_bytes(self, ours: Item, theirs: Item) -> bool | None:
        if self.has_bytes_of and ours.is_file is not theirs.is_file:
            return self.has_bytes_of(*((ours, theirs.etag) if ours.is_file else (theirs, ours.etag)))
        return None if ours.in_parts or theirs.in_parts else False


def make_plan(
    source: Iterable[Item],
    target: Iterable[Item],
    *,
    excluded: Sequence[str] = (),
    left_out: Collection[str] = frozenset(),
    ledger: Mapping[str, Copied] | None = None,
    etags_are_md5: bool = True,
    has_bytes_of: HasBytesOf | None = None,
    wanted: Wanted | None = None,
) -> Plan:
    """Compare two listings.

    Args:
        source: in the order of keys.
        target: in the order of keys.
        excluded: prefixes whose objects are neither copied nor deleted.
        left_out: keys that are neither copied nor deleted.
        ledger: what earlier runs copied, by key.
        etags_are_md5: false where a side encrypts by KMS, so that two ETags differ for the same bytes.
        has_bytes_of: of the folder, where one side is one; asked only where size and ledger leave a doubt.
        wanted: what a database says of the files; without one, everything of the source is copied.

    Returns:
        The plan. Its size is that of what changes.
    """
    rule = Rule(tuple(excluded), left_out, ledger or {}, etags_are_md5, has_bytes_of, wanted)
    return note_absent(compare(side_by_side(source, target), rule), rule)


def compare(pairs: Iterable[Pair], rule: Rule) -> Plan:
    """Decide about each key.

    Args:
        pairs: of both listings, in the order of keys.
        rule: how.
    """
    plan = Plan()
    for key, ours, theirs in pairs:
        if key.startswith(rule.excluded):
            prefix = next(each for each in rule.excluded if key.startswith(each))
            plan.excluded[prefix] = plan.excluded.get(prefix, 0) + (ours is not None)
            plan.personal += [key] if ours and theirs and key.startswith(rule.cleared) else []
        elif key in rule.left_out:
            plan.left_out.append(key)
        else:
            _count(plan, ours, theirs)
            _decide(plan, key, ours, theirs, rule, _unwanted(plan, key, ours, rule.wanted))
    return plan


def note_absent(plan: Plan, rule: Rule) -> Plan:
    """Note on a whole plan what a row names and the source lacks.

    Args:
        plan: of whole listings; is changed.
        rule: that it was made by.

    Returns:
        The plan.
    """
    if rule.wanted is not None:
        passed_over = {*rule.wanted.withheld, *plan.left_out, *plan.named}
        absent = [key for key in rule.wanted.named if key not in passed_over and not key.startswith(rule.excluded)]
        plan.absent, plan.absent_count = sorted(absent)[:MOST_NAMED], len(absent)
    return plan


def _count(plan: Plan, ours: Item | None, theirs: Item | None) -> None:
    plan.target_count += theirs is not None
    if ours is not None:
        plan.source_count += 1
        plan.source_bytes += ours.size
        plan.newest = max(plan.newest or ours.modified, ours.modified)


def _unwanted(plan: Plan, key: str, ours: Item | None, wanted: Wanted | None) -> str:
    """Why the target is not to have this key, in words; nothing if it is."""
    if wanted is None:
        return "" if ours else "the source has it not"
    if key in wanted.withheld:
        if ours:
            plan.withheld_count += 1
            plan.withheld += [key] if len(plan.withheld) < MOST_NAMED else []
        return "only some people may read it"
    if key in wanted.named:
        plan.named.update([key] if ours else [])
        return ""
    if ours:
        plan.unnamed_count += 1
        plan.unnamed += [key] if len(plan.unnamed) < MOST_NAMED else []
    return "no row of the database names it"


def _decide(plan: Plan, key: str, ours: Item | None, theirs: Item | None, rule: Rule, unwanted: str) -> None:
    if unwanted:
        if theirs is not None:
            plan.changes.append(Change(Action.DELETE, key, theirs.size, "", unwanted))
    elif ours is None:
        # A row names it, so what the target still has of it is not thrown away.
        plan.kept += 1
    elif theirs is None:
        plan.changes.append(Change(Action.COPY, key, ours.size, ours.etag, "the target has it not"))
    elif reason := rule.difference(ours, theirs):
        plan.changes.append(Change(Action.REPLACE, key, ours.size, ours.etag, reason))
    else:
        plan.kept += 1
        if ours.etag != theirs.etag and rule.ledger.get(key) != _copied(ours, theirs):
            plan.recognised[key] = _copied(ours, theirs)


def _copied(ours: Item, theirs: Item) -> Copied:
    return Copied(ours.size, ours.etag, theirs.etag)


def side_by_side(source: Iterable[Item], target: Iterable[Item]) -> Iterator[Pair]:
    """Merge two listings.

    Args:
        source: in the order of keys.
        target: in the order of keys.

    Yields:
        Each key with what both sides have under it; None where one side lacks it.
    """
    left, right = iter(source), iter(target)
    ours, theirs = next(left, None), next(right, None)
    while ours is not None or theirs is not None:
        if theirs is None or (ours is not None and ours.key < theirs.key):
            assert ours is not None  # noqa: S101 - for the type checker: the loop ends where both are None
            yield ours.key, ours, None
            ours = next(left, None)
        elif ours is None or theirs.key < ours.key:
            yield theirs.key, None, theirs
            theirs = next(right, None)
        else:
            yield ours.key, ours, theirs
            ours, theirs = next(left, None), next(right, None)
