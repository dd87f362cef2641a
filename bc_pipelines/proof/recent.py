"""What was looked at lately and need not be looked at again.

Belongs here: what is remembered, and for how long. Does not belong here: what it is remembered for (search.py).
"""

from array import array
from collections.abc import Iterable


class Recent:
    """Remembers texts in a table of fixed size, in which a text takes the place of another, older one.

    A text is remembered by its hash: Python's is SipHash of 64 bits with a key that each process draws (PEP 456), so
    that two of a million texts share one about once in forty million runs.

    Args:
        places: how many texts it has room for, a power of two; each takes eight bytes.
    """

    def __init__(self, places: int) -> None:
        self._hashes = array("q", [0]) * places
        self._mask = places - 1
        # The empty place number 0 would pass for the text whose hash is 0.
        self._hashes[0] = 1

    def new(self, texts: Iterable[bytes]) -> dict[int, bytes]:
        """Those of some texts that are not remembered, by their hashes."""
        hashes, mask = self._hashes, self._mask
        return {each: text for text in texts if hashes[(each := hash(text)) & mask] != each}

    def add(self, hashes: Iterable[int]) -> None:
        """Remember texts by their hashes."""
        for each in hashes:
            self._hashes[each & self._mask] = each
