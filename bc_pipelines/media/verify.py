"""Whether a bucket holds what it must, from a fresh listing: what is missing, what has another size, what is extra.

Judges the result and nothing else: it knows of no plan and of no copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bc_pipelines.media.listing import Item

MOST_NAMED = 1_000


@dataclass(frozen=True)
class Verification:
    """What a listing showed.

    Attributes:
        present: how many wanted objects are there with the right size.
        missing: keys that are not there, the first of them.
        missing_count: how many.
        wrong_size: keys whose object has another size than it should.
        extra: keys that nothing wants, the first of them.
        extra_count: how many.
        bytes_present: size of all objects that are there.
    """

    present: int
    missing: tuple[str, ...]
    missing_count: int
    wrong_size: tuple[str, ...]
    extra: tuple[str, ...]
    extra_count: int
    bytes_present: int

    @property
    def complete(self) -> bool:
        """Whether nothing is missing or of another size; extra objects harm nobody."""
        return not self.missing_count and not self.wrong_size


def verify(objects: Iterable[Item], wanted: Mapping[str, int | None], ignored: Sequence[str] = ()) -> Verification:
    """Hold a listing against what must be there.

    Args:
        objects: a fresh listing.
        wanted: keys, each with its size in bytes, or None where any size will do.
        ignored: prefixes whose objects are nobody's concern.
    """
    seen: set[str] = set()
    wrong_size: list[str] = []
    extra: list[str] = []
    extra_count = size = 0
    for item in objects:
        size += item.size
        if item.key in wanted:
            seen.add(item.key)
            if wanted[item.key] not in (None, item.size):
                wrong_size.append(item.key)
        elif not item.key.startswith(tuple(ignored)):
            extra_count += 1
            extra += [item.key] if len(extra) < MOST_NAMED else []
    missing = sorted(wanted.keys() - seen)
    return Verification(
        present=len(seen) - len(wrong_size),
        missing=tuple(missing[:MOST_NAMED]),
        missing_count=len(missing),
        wrong_size=tuple(wrong_size[:MOST_NAMED]),
        extra=tuple(extra),
        extra_count=extra_count,
        bytes_present=size,
    )
