"""What is remembered of the raw archive: keyed digests of identifiers, and nothing that could be turned back.

A digest is Python's hash of a text, which is SipHash with a key that each process draws for itself and that dies with
it (PEP 456), and 4 bits of kind in the place of the last ones, held in sorted arrays: 8 bytes an identifier, up to
twice that while it is being filled. Texts of another shape have other digests.

Only for a terminal that asks to be shown what was found are texts remembered: those that the written archive holds.
"""

import secrets
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from bc_pipelines.proof.kinds import KINDS, Kind, Shape

_BUCKET_BITS = 8
_COMPACT_AT = 1 << 14
_SORT_AT = 1 << 15
_KIND_BITS = 4
_KIND_MASK = (1 << _KIND_BITS) - 1
_DIGEST_MASK = (1 << 64) - 1 - _KIND_MASK
_LEAST_LIKELY, _MOST_LIKELY = 1 << 12, 1 << 24
_LIKELY_FOR_EACH = 8
# What tells shapes apart leaves these bits of a digest alone, which are its place among the likely ones.
_SALT_MASK = _DIGEST_MASK & ~((_MOST_LIKELY << _KIND_BITS) - 1)
_CODES = {kind: code for code, kind in enumerate(KINDS)}

# A text that so many rows repeat is one of a form's choices or a phrase, not something that tells one person.
COMMON = 5
WHERE_COMMON = frozenset((Kind.FREE_TEXT, Kind.REFERENCE, Kind.URL, Kind.FILE_NAME))
_CODES_WHERE_COMMON = frozenset(_CODES[kind] for kind in WHERE_COMMON)


class Digests:
    """A multiset of digests, each with its kind."""

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(1 << _BUCKET_BITS)]
        self._limits = [_COMPACT_AT] * len(self._buckets)
        self._fresh = array("Q")

    def add(self, digests: Iterable[int], kind: Kind) -> None:
        """Add one more of each of some digests."""
        code = _CODES[kind]
        self._fresh.extend([digest | code for digest in digests])
        if len(self._fresh) >= _SORT_AT:
            self._sort_in()

    def find(self, digest: int) -> Sequence[Kind]:
        """Every kind under which a digest was added, in the order of ``KINDS``; ``sift`` must have been called."""
        bucket = self._buckets[digest >> (64 - _BUCKET_BITS)]
        place = bisect_left(bucket, digest)
        found: list[Kind] = []
        while place < len(bucket) and bucket[place] & ~_KIND_MASK == digest:
            found.append(KINDS[bucket[place] & _KIND_MASK])
            place += 1
        return found

    def sift(self, kept: Collection[int]) -> int:
        """Leave one of each digest, and none of those that are kept or, where that matters, common.

        Returns:
            How many were common.
        """
        self._sort_in()
        commons = 0
        for number, bucket in enumerate(self._buckets):
            if not bucket:
                continue
            wanted = set(bucket)
            repeated = len(wanted) < len(bucket)
            if kept:
                wanted = {entry for entry in wanted if entry & _DIGEST_MASK not in kept}
            if repeated:
                common = {
                    entry for entry, count in Counter(bucket).items() if count >= COMMON and _may_be_common(entry)
                }
                commons += len(wanted & common)
                wanted -= common
            self._buckets[number] = array("Q", sorted(wanted))
        return commons

    def __iter__(self) -> Iterator[tuple["array[int]", Counter[Kind]]]:
        """The digests bucket by bucket, still with their kinds, and how many of each kind."""
        for bucket in filter(None, self._buckets):
            codes = Counter([entry & _KIND_MASK for entry in bucket])
            yield bucket, Counter({KINDS[code]: count for code, count in codes.items()})

    def __len__(self) -> int:
        return sum(map(len, self._buckets)) + len(self._fresh)

    def _sort_in(self) -> None:
        """Put what is new into its buckets."""
        fresh = sorted(self._fresh)
        del self._fresh[:]
        start = 0
        while start < len(fresh):
            number = fresh[start] >> (64 - _BUCKET_BITS)
            end = bisect_left(fresh, number + 1 << (64 - _BUCKET_BITS), start)
            self._buckets[number].extend(fresh[start:end])
            if len(self._buckets[number]) >= self._limits[number]:
                self._compact(number)
            start = end

    def _compact(self, number: int) -> None:
        """Leave no more than ``COMMON`` of each digest in a bucket."""
        counts = Counter(self._buckets[number])
        compact = array("Q", [entry for entry, count in counts.items() for _ in range(min(COMMON, count))])
        self._buckets[number] = compact
        self._limits[number] = max(_COMPACT_AT, 2 * len(compact))


def _may_be_common(entry: int) -> bool:
    return entry & _KIND_MASK in _CODES_WHERE_COMMON


class Register:
    """The identifiers of one raw archive. It is filled, then sealed, then asked.

    Identifiers of people who are kept by choice can be added as well; they are then nobody's.

    Args:
        shows: whether to remember the texts that turn out to be identifiers while it is asked, for a terminal.
    """

    def __init__(self, *, shows: bool = False) -> None:
        self._salts = {shape: secrets.randbits(64) & _SALT_MASK for shape in Shape}
        self._digests = Digests()
        self._kept: set[int] = set()
        self._declared: set[int] = set()
        self.shows = shows
        self._texts: dict[int, bytes] = {}
        # By the hash of a phrase's first word, see Recent; whole phrases are told by their digests.
        self._phrase_lengths: dict[int, int] = {}
        self._lengths: dict[int, tuple[int, ...]] = {}
        # One byte for each place that a text may have, which tells nearly all other texts quickly from identifiers.
        self._likely = bytearray(1)
        self.identifiers: Counter[Kind] = Counter()
        self.common = 0

    def digest(self, shape: Shape, text: bytes) -> int:
        """The keyed digest of an identifier."""
        return (hash(text) ^ self._salts[shape]) & _DIGEST_MASK

    def add(self, kind: Kind, shape: Shape, text: bytes) -> int:
        """Remember an identifier; returns its digest."""
        self.add_all(kind, shape, (text,))
        return self.digest(shape, text)

    def add_all(self, kind: Kind, shape: Shape, texts: Collection[bytes]) -> None:
        """Remember many identifiers of a kind, each as often as it is named."""
        salt = self._salts[shape]
        self._digests.add([(hash(text) ^ salt) & _DIGEST_MASK for text in texts], kind)
        if shape is Shape.PHRASE:
            for text in texts:
                start = hash(text.partition(b" ")[0])
                self._phrase_lengths[start] = self._phrase_lengths.get(start, 0) | 1 << text.count(b" ") + 1

    def keep(self, shape: Shape, text: bytes) -> None:
        """Remember that an identifier belongs to somebody who is kept by choice."""
        self._kept.add(self.digest(shape, text))

    def declare(self, shape: Shape, text: bytes) -> None:
        """Remember that somebody looked at an identifier and declared it public."""
        self._declared.add(self.digest(shape, text))

    def seal(self) -> None:
        """End the filling: count what there is, and forget texts that are common."""
        self.common = self._digests.sift(self._kept)
        size = _LEAST_LIKELY
        while size < min(_MOST_LIKELY, _LIKELY_FOR_EACH * len(self._digests)):
            size *= 2
        likely = self._likely = bytearray(size)
        for bucket, counts in self._digests:
            self.identifiers += counts
            for entry in bucket:
                likely[(entry >> _KIND_BITS) % size] = 1
        self._lengths = {
            start: tuple(length for length in range(lengths.bit_length()) if lengths >> length & 1)
            for start, lengths in self._phrase_lengths.items()
        }

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
        likely, mask = self._likely, len(self._likely) - 1
        for text in [text for text in texts if likely[hash(text) >> _KIND_BITS & mask]]:
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

    @property
    def phrase_lengths(self) -> Mapping[int, tuple[int, ...]]:
        """How many words the phrases have that begin with a word, by the word's hash; the register must be sealed."""
        return self._lengths
