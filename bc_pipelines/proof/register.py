"""What is remembered of the raw archive: keyed digests of identifiers, and nothing that could be turned back.

The key is made here, never leaves the process and dies with it. A digest is 60 bits of BLAKE2b and 4 bits of kind, held
in sorted arrays: 8 bytes an identifier, up to twice that while it is being filled.

Only for a terminal that asks to be shown what was found are texts remembered: those that the written archive holds.
"""

import hashlib
import secrets
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from bc_pipelines.proof.kinds import KINDS, Kind, Shape

_BUCKET_BITS = 8
_COMPACT_AT = 1 << 14
_KIND_BITS = 4
_KIND_MASK = (1 << _KIND_BITS) - 1
_LIKELY = 1 << 22
_CODES = {kind: code for code, kind in enumerate(KINDS)}

# A text that so many rows repeat is one of a form's choices or a phrase, not something that tells one person.
COMMON = 5
WHERE_COMMON = frozenset((Kind.FREE_TEXT, Kind.REFERENCE, Kind.URL, Kind.FILE_NAME))


class Digests:
    """A multiset of digests, each with its kind."""

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(1 << _BUCKET_BITS)]
        self._limits = [_COMPACT_AT] * len(self._buckets)

    def add(self, digest: int, kind: Kind) -> None:
        """Add one more of a digest."""
        number = digest >> (64 - _BUCKET_BITS)
        bucket = self._buckets[number]
        bucket.append(digest | _CODES[kind])
        if len(bucket) >= self._limits[number]:
            self._compact(number)

    def find(self, digest: int) -> Sequence[Kind]:
        """Every kind under which a digest was added, in the order of ``KINDS``; ``sift`` must have been called."""
        bucket = self._buckets[digest >> (64 - _BUCKET_BITS)]
        place = bisect_left(bucket, digest)
        found: list[Kind] = []
        while place < len(bucket) and bucket[place] & ~_KIND_MASK == digest:
            kind = KINDS[bucket[place] & _KIND_MASK]
            if kind not in found:
                found.append(kind)
            place += 1
        return found

    def sift(self, wanted: Callable[[int, Kind, int], bool]) -> None:
        """Leave one of each digest that is wanted, given its kind and how often it was added, up to ``COMMON``."""
        for number, bucket in enumerate(self._buckets):
            sifted = array("Q")
            for entry, same in groupby(sorted(bucket)):
                if wanted(entry & ~_KIND_MASK, KINDS[entry & _KIND_MASK], len(list(same))):
                    sifted.append(entry)
            self._buckets[number] = sifted

    def _compact(self, number: int) -> None:
        """Sort a bucket and leave no more than ``COMMON`` of each digest."""
        bucket = self._buckets[number]
        compact = array("Q")
        for entry, same in groupby(sorted(bucket)):
            compact.extend([entry] * min(COMMON, len(list(same))))
        self._buckets[number] = compact
        self._limits[number] = max(_COMPACT_AT, 2 * len(compact))


class Register:
    """The identifiers of one raw archive. It is filled, then sealed, then asked.

    Identifiers of people who are kept by choice can be added as well; they are then nobody's.

    Args:
        shows: whether to remember the texts that turn out to be identifiers while it is asked, for a terminal.
    """

    def __init__(self, *, shows: bool = False) -> None:
        key = secrets.token_bytes(32)
        self._hashers = {shape: hashlib.blake2b(key=key, digest_size=8, person=shape.value) for shape in Shape}
        self._digests = Digests()
        self._kept: set[int] = set()
        self._declared: set[int] = set()
        self.shows = shows
        self._texts: dict[int, bytes] = {}
        # By the hash of a phrase's first word, see Recent; whole phrases are told by their digests.
        self._phrase_lengths: dict[int, int] = {}
        # One byte for each hash that some text may have, which tells nearly all other texts quickly from identifiers.
        self._likely = bytearray(_LIKELY)
        self.identifiers: Counter[Kind] = Counter()
        self.common = 0

    def digest(self, shape: Shape, text: bytes) -> int:
        """The keyed digest of an identifier."""
        hasher = self._hashers[shape].copy()
        hasher.update(text)
        return int.from_bytes(hasher.digest(), "big") & ~_KIND_MASK

    def add(self, kind: Kind, shape: Shape, text: bytes) -> int:
        """Remember an identifier; returns its digest."""
        digest = self.digest(shape, text)
        self._digests.add(digest, kind)
        self._likely[hash(text) % _LIKELY] = 1
        if shape is Shape.PHRASE:
            start = hash(text.partition(b" ")[0])
            self._phrase_lengths[start] = self._phrase_lengths.get(start, 0) | 1 << text.count(b" ") + 1
        return digest

    def keep(self, shape: Shape, text: bytes) -> None:
        """Remember that an identifier belongs to somebody who is kept by choice."""
        self._kept.add(self.digest(shape, text))

    def declare(self, shape: Shape, text: bytes) -> None:
        """Remember that somebody looked at an identifier and declared it public."""
        self._declared.add(self.digest(shape, text))

    def seal(self) -> None:
        """End the filling: count what there is, and forget texts that are common."""
        self._digests.sift(self._is_wanted)

    def _is_wanted(self, digest: int, kind: Kind, count: int) -> bool:
        if digest in self._kept:
            return False
        if kind in WHERE_COMMON and count >= COMMON:
            self.common += 1
            return False
        self.identifiers[kind] += 1
        return True

    @property
    def kept(self) -> int:
        """How many identifiers belong to people who are kept by choice."""
        return len(self._kept)

    def is_kept(self, digest: int) -> bool:
        """Whether an identifier belongs to somebody who is kept by choice."""
        return digest in self._kept

    def is_declared(self, digest: int) -> bool:
        """Whether somebody looked at an identifier and declared it public."""
        return digest in self._declared

    def known(self, shape: Shape, texts: Iterable[bytes]) -> Iterator[int]:
        """The digests of those of some texts that are identifiers; the register must be sealed."""
        likely = self._likely
        for text in [text for text in texts if likely[hash(text) % _LIKELY]]:
            digest = self.digest(shape, text)
            if self._digests.find(digest):
                if self.shows:
                    self._texts[digest] = text
                yield digest

    def text(self, digest: int) -> str:
        """An identifier as it was met; nothing unless the register shows them."""
        return self._texts.get(digest, b"").decode("utf-8", "replace")

    def texts(self) -> dict[int, bytes]:
        """The identifiers that were met, by digest; none unless the register shows them."""
        return self._texts

    def remember(self, texts: dict[int, bytes]) -> None:
        """Take over identifiers that a copy of this register met."""
        self._texts |= texts

    def kinds(self, digest: int) -> Sequence[Kind]:
        """What a digest is; nothing if it is no identifier."""
        return self._digests.find(digest)

    def phrase_lengths(self, word: bytes) -> tuple[int, ...]:
        """How many words the phrases have that begin with a word; nothing if none does."""
        lengths = self._phrase_lengths.get(hash(word), 0)
        if not lengths:
            return ()
        return tuple(length for length in range(lengths.bit_length()) if lengths >> length & 1)
