"""What was looked at lately and need not be looked at again.

Belongs here: what is remembered, and for how long. Does not belong here: what it is remembered for (search.py).
"""

from collections.abc import Collection, Iterable


class Recent:
    """Remembers the texts that were added last: at least as many as its limit, at most about twice as many.

    A text is remembered by its hash: Python's is SipHash of 64 bits with a key that each process draws (PEP 456), so
    that two of a million texts share one about once in forty million runs.

    Args:
        limit: after how many new texts the older ones are forgotten.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._young: set[int] = set()
        self._old: set[int] = set()

    def new(self, texts: Collection[bytes]) -> dict[int, bytes]:
        """Those of some texts that are not remembered, by their hashes."""
        by_hash = dict(zip(map(hash, texts), texts, strict=True))
        return {each: by_hash[each] for each in by_hash.keys() - self._young - self._old}

    def add(self, hashes: Iterable[int]) -> None:
        """Remember texts by their hashes."""
        self._young.update(hashes)
        if len(self._young) > self._limit:
            self._old, self._young = self._young, set()
