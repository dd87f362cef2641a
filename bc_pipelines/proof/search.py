"""Looking for identifiers in text and in everything that hides in it, layer below layer.

Belongs here: cutting text up, uncovering what hides in it, and what need not be looked at again. Does not belong here:
what a layer holds openly (layer.py), how it is uncovered (hidden.py), which row it is (scan.py), what follows.

A site repeats itself: every revision of a page holds nearly all of the one before. So rows are cut into sections,
sections into parts, parts into pieces, and pieces into runs without white space; what was looked at before is not
looked at again.
"""

from collections.abc import Iterable, Sequence

from bc_pipelines.proof import text
from bc_pipelines.proof.hidden import DECODERS, OF_RUNS, Decoder, inline_tags
from bc_pipelines.proof.layer import LayerReader
from bc_pipelines.proof.recent import Recent
from bc_pipelines.proof.register import Register
from bc_pipelines.proof.seams import ENDS_OF_FIELDS, WINDOW, windows

DEEPEST = 6
"""How many encodings inside each other are looked through."""

_GROUPS = 16
# Where an object of JSON ends with a text: a quote, at which nothing is torn apart, and rarer than other quotes.
_END_OF_SECTION = b'"}'
# Where a text of an object ends and the next key begins; in JSON inside JSON its quotes are escaped twice.
_END_OF_PART = b'", "'
_END_OF_PART_IN_TEXT = rb'\\", \\"'
SECTIONS = 1 << 20
_TAINTED = 100_000


class Searcher:
    """Finds the identifiers of a sealed register in text.

    Args:
        register: what to look for.
        decoders: what uncovers hidden text; a search with fewer than all is void, as its control shows.
        sections: how many sections to remember, a power of two.
    """

    def __init__(self, register: Register, decoders: Sequence[Decoder] = DECODERS, *, sections: int = SECTIONS) -> None:
        self._layers = LayerReader(register)
        self._decoders = decoders
        self._clean_sections = Recent(sections)
        self._tainted_sections: dict[int, frozenset[int]] = {}
        self._clean_parts = Recent(sections // 4)
        self._clean_pieces = Recent(sections // 4)
        self._clean_runs = Recent(sections // 4)

    def in_rows(self, rows: bytes) -> frozenset[int]:
        """The digests of the identifiers that stand in COPY rows, joined by newlines, or in a part of one."""
        return frozenset().union(*map(self._in_window, windows(rows, ENDS_OF_FIELDS)))

    def in_value(self, value: bytes) -> frozenset[int]:
        """The digests of the identifiers that stand in one value as it is, not escaped for COPY."""
        return frozenset().union(*(self._in_top_layer(text.of_value(window)) for window in windows(value)))

    def _in_window(self, rows: bytes) -> frozenset[int]:
        suspects = self._clean_sections.new(rows.split(_END_OF_SECTION))
        if len(self._tainted_sections) > _TAINTED:
            self._tainted_sections.clear()
        tainted = suspects.keys() & self._tainted_sections.keys()
        new = [(each, section) for each, section in suspects.items() if each not in tainted]
        found = self._examine(new) if new else frozenset[int]()
        return found.union(*(self._tainted_sections[each] for each in tainted))

    def _examine(self, sections: list[tuple[int, bytes]]) -> frozenset[int]:
        """Sort sections into clean ones and tainted ones, by dividing those that hold something into ever fewer."""
        rows = _END_OF_SECTION.join([*(section for _, section in sections), b""])
        parts = self._clean_parts.new(rows.replace(_END_OF_PART_IN_TEXT, _END_OF_PART).split(_END_OF_PART))
        rows = _END_OF_PART.join([*parts.values(), b""])
        found = frozenset(self._in_top_layer(text.of_rows(rows)))
        if not found:
            self._clean_parts.add(parts)
            self._clean_sections.add(each for each, _ in sections)
        elif len(sections) == 1:
            self._tainted_sections[sections[0][0]] = found
        else:
            size = -(-len(sections) // _GROUPS)
            for start in range(0, len(sections), size):
                self._examine(sections[start : start + size])
        return found

    def _in_top_layer(self, plain: bytes) -> set[int]:
        return self._in_layer_and_below(plain, DEEPEST)

    def _in_layer_and_below(self, plain: bytes, depth: int) -> set[int]:
        """The identifiers in a buffer of plain text, and in what hides in it, a bounded amount at a time."""
        pieces = self._clean_pieces.new(self._pieces(plain))
        buffer = text.SEPARATOR.join(pieces.values())
        runs = self._clean_runs.new(text.runs(buffer))
        found, starting = self._layers.read(buffer, runs.values())
        if depth:
            for hidden in _groups(self._hidden(buffer, runs.values())):
                found |= self._in_layer_and_below(text.of_value(text.SEPARATOR.join(hidden)), depth - 1)
        # Further down, less of what hides in a piece is uncovered.
        if depth == DEEPEST and not found:
            self._clean_pieces.add(pieces)
            self._clean_runs.add(runs.keys() - starting)
        return found

    def _pieces(self, plain: bytes) -> set[bytes]:
        """The different pieces of a buffer, and those that it has for a reader who does not see inline tags."""
        pieces = set(plain.split(text.SEPARATOR))
        if inline_tags in self._decoders:
            pieces.update(inline_tags(plain))
        return pieces

    def _hidden(self, buffer: bytes, new_runs: Iterable[bytes]) -> Iterable[bytes]:
        runs = text.SEPARATOR.join(new_runs)
        for decoder in self._decoders:
            if decoder is not inline_tags:
                yield from decoder(runs if decoder in OF_RUNS else buffer)


def _groups(pieces: Iterable[bytes]) -> Iterable[list[bytes]]:
    """Lists of pieces, each of a bounded size."""
    group: list[bytes] = []
    size = 0
    for piece in pieces:
        group.append(piece)
        size += len(piece)
        if size > WINDOW:
            yield group
            group, size = [], 0
    if group:
        yield group
