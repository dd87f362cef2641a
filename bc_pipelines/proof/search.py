"""Looking for identifiers in text: cut it into every shape that an identifier can have, and ask the register.

Belongs here: what stands in a buffer, whatever hides it. Does not belong here: which row it is (scan.py), what follows.

A site repeats itself: every revision of a page holds nearly all of the one before. So a buffer is cut into pieces
(text.py), and a piece that was found clean before is not looked at again.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

from bc_pipelines.proof import text
from bc_pipelines.proof.hidden import DECODERS, Decoder
from bc_pipelines.proof.kinds import Shape
from bc_pipelines.proof.register import Register

SHORTEST_TOKEN = 5
SHORTEST_TEXT = 16
FEWEST_WORDS = 3
DEEPEST = 6
_GROUPS = 16
_LAYER_BYTES = 1 << 20
_CACHED_BYTES = 24 << 20
_CACHED_WORDS = 100_000
_CACHED_PIECES = 100_000
_OVERHEAD = 96


def body(words: Sequence[bytes]) -> bytes | None:
    """A text as it is compared: its words, if there are enough of them to tell it from a phrase."""
    if len(words) < FEWEST_WORDS:
        return None
    joined = b" ".join(words)
    return joined if len(joined) >= SHORTEST_TEXT else None


class Searcher:
    """Finds the identifiers of a sealed register in text.

    Args:
        register: what to look for.
        decoders: what uncovers hidden text; a search with fewer than all is void, as its control shows.
    """

    def __init__(self, register: Register, decoders: Sequence[Decoder] = DECODERS) -> None:
        self._register = register
        self._decoders = decoders
        self._clean: set[bytes] = set()
        self._clean_bytes = 0
        self._tainted: dict[bytes, frozenset[int]] = {}
        self._other_tokens: set[bytes] = set()
        self._other_words: set[bytes] = set()

    def in_rows(self, rows: bytes) -> frozenset[int]:
        """The digests of the identifiers that stand in COPY rows, joined by newlines, or in a part of one."""
        return self._in_text(text.of_rows(rows))

    def in_value(self, value: bytes) -> frozenset[int]:
        """The digests of the identifiers that stand in one value as it is, not escaped for COPY."""
        return self._in_text(text.of_value(value))

    def _in_text(self, plain: bytes) -> frozenset[int]:
        pieces = text.cut(plain)
        self._forget()
        new = pieces - self._clean - self._tainted.keys()
        for group in _groups(new):
            self._examine(group)
        return frozenset().union(*(self._tainted[piece] for piece in pieces & self._tainted.keys()))

    def _examine(self, pieces: list[bytes]) -> None:
        """Sort pieces into clean ones and tainted ones, by dividing those that hold something into ever fewer."""
        found = self._identify(pieces)
        if not found:
            self._clean.update(pieces)
            self._clean_bytes += sum(map(len, pieces)) + _OVERHEAD * len(pieces)
        elif len(pieces) == 1:
            self._tainted[pieces[0]] = frozenset(found)
        else:
            size = -(-len(pieces) // _GROUPS)
            for start in range(0, len(pieces), size):
                self._examine(pieces[start : start + size])

    def _forget(self) -> None:
        """Keep what is remembered within bounds."""
        if self._clean_bytes > _CACHED_BYTES:
            self._clean.clear()
            self._clean_bytes = 0
        if len(self._tainted) > _CACHED_PIECES:
            self._tainted.clear()
        for words in (self._other_tokens, self._other_words):
            if len(words) > _CACHED_WORDS:
                words.clear()

    def _identify(self, pieces: list[bytes]) -> set[int]:
        return self._in_layer_and_below(text.SEPARATOR.join(pieces), DEEPEST)

    def _in_layer_and_below(self, layer: bytes, depth: int) -> set[int]:
        """The identifiers in a buffer of plain text, and in what hides in it, a bounded amount at a time."""
        found = self._in_layer(layer)
        if not depth:
            return found
        waiting: list[bytes] = []
        size = 0
        for hidden in chain.from_iterable(decode(layer) for decode in self._decoders):
            waiting.append(hidden)
            size += len(hidden)
            if size > _LAYER_BYTES:
                found |= self._in_layer_and_below(text.of_value(text.SEPARATOR.join(waiting)), depth - 1)
                waiting, size = [], 0
        if waiting:
            found |= self._in_layer_and_below(text.of_value(text.SEPARATOR.join(waiting)), depth - 1)
        return found

    def _in_layer(self, layer: bytes) -> set[int]:
        """The identifiers that stand openly in a buffer. What is not ASCII is folded apart, because that is slow."""
        if layer.isascii():
            return self._in_folded(text.fold(layer))
        parts = layer.split(text.SEPARATOR)
        foreign = [part for part in parts if not part.isascii()]
        plain = [part for part in parts if part.isascii()]
        return self._in_folded(text.fold(text.SEPARATOR.join(plain))) | self._in_folded(
            text.fold(text.SEPARATOR.join(foreign))
        )

    def _in_folded(self, folded: bytes) -> set[int]:
        known = self._register.known
        forms = {form for address in text.addresses(folded) for form in text.address_forms(*address)}
        found = {digest for digest, _ in known(Shape.ADDRESS, forms)}
        found.update(digest for digest, _ in known(Shape.PHONE, text.phones(folded)))
        return found | self._tokens(folded) | self._phrases_and_texts(folded)

    def _tokens(self, folded: bytes) -> set[int]:
        new = {token for token in text.tokens(folded) if len(token) >= SHORTEST_TOKEN} - self._other_tokens
        found = dict(self._register.known(Shape.TOKEN, new))
        self._other_tokens |= new.difference(found.values())
        return set(found)

    def _phrases_and_texts(self, folded: bytes) -> set[int]:
        pieces = text.pieces(folded)
        texts = {joined for words in pieces if (joined := body(words))}
        found = {digest for digest, _ in self._register.known(Shape.TEXT, texts)}
        starts = self._starts(pieces)
        if starts:
            phrases = {phrase for words in pieces for phrase in _phrases(words, starts)}
            found.update(digest for digest, _ in self._register.known(Shape.PHRASE, phrases))
        return found

    def _starts(self, pieces: list[list[bytes]]) -> dict[bytes, tuple[int, ...]]:
        """The words here with which a phrase may begin, and the lengths of such phrases in words."""
        new = set().union(*pieces) - self._other_words
        starts = {word: lengths for word in new if (lengths := self._register.phrase_lengths(word))}
        self._other_words |= new - starts.keys()
        return starts


def _groups(pieces: Iterable[bytes]) -> Iterable[list[bytes]]:
    """Lists of pieces, each of a bounded size."""
    group: list[bytes] = []
    size = 0
    for piece in pieces:
        group.append(piece)
        size += len(piece)
        if size > _LAYER_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _phrases(words: list[bytes], starts: dict[bytes, tuple[int, ...]]) -> Iterable[bytes]:
    if starts.keys().isdisjoint(words):
        return
    for place, word in enumerate(words):
        for length in starts.get(word, ()):
            if place + length <= len(words):
                yield b" ".join(words[place : place + length])
