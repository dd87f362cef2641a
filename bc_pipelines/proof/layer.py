"""What stands openly in a buffer of plain text: its addresses, numbers, tokens, names and texts, held to the register.

Belongs here: one layer, with nothing uncovered. Does not belong here: what hides in it (search.py).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from bc_pipelines.proof import text
from bc_pipelines.proof.kinds import Shape
from bc_pipelines.proof.register import Register

SHORTEST_TOKEN = 5
SHORTEST_TEXT = 16
LONGEST_TEXT = 1 << 16
FEWEST_WORDS = 3


def body(words: Sequence[bytes]) -> bytes | None:
    """A text as it is compared: its words, if there are enough of them to tell it from a phrase, and not too many."""
    if len(words) < FEWEST_WORDS:
        return None
    joined = b" ".join(words)
    return joined if SHORTEST_TEXT <= len(joined) <= LONGEST_TEXT else None


class LayerReader:
    """Finds the identifiers of a sealed register that stand openly in plain text.

    Args:
        register: what to look for.
    """

    def __init__(self, register: Register) -> None:
        self._register = register

    def read(self, plain: bytes, runs: Collection[bytes]) -> tuple[set[int], set[int]]:
        """Look through a buffer.

        Args:
            plain: the buffer.
            runs: its runs of characters without white space (``text.runs``), but those in which nothing stands and
                with which no name begins.

        Returns:
            The digests of what was found, and the hashes of runs with which a name may begin.
        """
        folded = text.fold(text.SEPARATOR.join(runs))
        found = self._addresses(folded) | self._tokens(folded)
        starts = self._starts(folded)
        whole = text.fold_apart(plain)
        found.update(self._register.known(Shape.PHONE, text.phones(whole)))
        found |= self._texts_and_phrases(text.sentences(whole), starts)
        return found, {hash(run) for run in runs if _starts_in(run, starts)} if starts else set()

    def _addresses(self, folded: bytes) -> set[int]:
        forms = {form for address in text.addresses(folded) for form in text.address_forms(*address)}
        return set(self._register.known(Shape.ADDRESS, forms))

    def _tokens(self, folded: bytes) -> set[int]:
        tokens = text.tokens(folded)
        tokens |= text.without_file_endings(tokens)
        return set(self._register.known(Shape.TOKEN, [token for token in tokens if len(token) >= SHORTEST_TOKEN]))

    def _starts(self, folded: bytes) -> dict[bytes, tuple[int, ...]]:
        """The words here with which a name may begin, and the lengths of such names in words."""
        lengths = self._register.phrase_lengths
        return {word: lengths[each] for word in set(text.words(folded)) if (each := hash(word)) in lengths}

    def _texts_and_phrases(self, sentences: set[bytes], starts: dict[bytes, tuple[int, ...]]) -> set[int]:
        texts = [
            each
            for each in sentences
            if SHORTEST_TEXT <= len(each) <= LONGEST_TEXT and each.count(b" ") >= FEWEST_WORDS - 1
        ]
        found = set(self._register.known(Shape.TEXT, texts))
        if starts:
            phrases = {phrase for sentence in sentences for phrase in _phrases(sentence.split(b" "), starts)}
            found.update(self._register.known(Shape.PHRASE, phrases))
        return found


def _starts_in(run: bytes, starts: Mapping[bytes, object]) -> bool:
    return not starts.keys().isdisjoint(text.words(text.fold(run)))


def _phrases(words: list[bytes], starts: dict[bytes, tuple[int, ...]]) -> Iterable[bytes]:
    if starts.keys().isdisjoint(words):
        return
    for place, word in enumerate(words):
        for length in starts.get(word, ()):
            if place + length <= len(words):
                yield b" ".join(words[place : place + length])
