"""Many texts at once: as a whole, and those that are names. What ``extract.py`` says of one, said of thousands.

Belongs here: speed. What is not simple, such as bytes beyond ASCII, escapes, entities, quotes or tags, is handed over
to the plain way; a test holds both to the same result. Does not belong here: where texts come from (bulk.py).
"""

import re
from collections.abc import Iterable, Sequence
from itertools import compress

from bc_pipelines.proof import extract, text
from bc_pipelines.proof.extract import SHORTEST_MIXED, Extractor
from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.layer import FEWEST_WORDS, SHORTEST_TEXT
from bc_pipelines.proof.taken import Taken

_NAME = re.compile(rb"([a-z]{2,}) ([a-z]{2,})")
_TITLES = frozenset(title.encode() for title in extract.TITLES)


def take_wholes(extractor: Extractor, kind: Kind, rows: Sequence[int], values: Sequence[bytes], taken: Taken) -> None:
    """Take each of many values as a whole, see ``Extractor.whole``.

    Args:
        extractor: the plain way, which also counts what is left out.
        kind: what a text is.
        rows: the row of each value.
        values: the values, none of them longer than a text may be, or with a zero byte in it.
        taken: where they go.
    """
    if not values:
        return
    joined = text.BETWEEN.join(values)
    lines = text.words_of_each(joined)
    if not text.is_simple(joined):
        others = [number for number, value in enumerate(values) if not text.is_simple(value)]
        values = list(values)
        for number in others:
            taken.add_each(rows[number], extractor.whole(kind, values[number]))
            values[number] = lines[number] = b""
    are_texts = [len(line) >= SHORTEST_TEXT and line.count(b" ") >= FEWEST_WORDS - 1 for line in lines]
    taken.add(kind, Shape.TEXT, compress(rows, are_texts), compress(lines, are_texts))
    are_short = [value and not is_text for value, is_text in zip(values, are_texts, strict=True)]
    short = zip(compress(rows, are_short), compress(values, are_short), compress(lines, are_short), strict=True)
    _take_references(extractor, short, taken)


def _take_references(extractor: Extractor, short: Iterable[tuple[int, bytes, bytes]], taken: Taken) -> None:
    """Take those of some values that are references, given their rows and words, and count the others."""
    left_out = 0
    for row, value, line in short:
        if len(value) >= SHORTEST_MIXED and _may_be_mixed(line) and (word := extract.reference(value.lower())):
            taken.add(Kind.REFERENCE, Shape.TOKEN, (row,), (word,))
        else:
            left_out += 1
    if left_out:
        extractor.left_out[extract.TOO_SHORT] += left_out


def _may_be_mixed(line: bytes) -> bool:
    letters = line.replace(b" ", b"")
    return not (letters.isalpha() or letters.isdigit())


def take_names(
    extractor: Extractor, whose: Sequence[str], rows: Sequence[int], values: Sequence[bytes], taken: Taken
) -> None:
    """Take the names in answers of forms, see ``Extractor.name``.

    Args:
        extractor: the plain way, which also counts what is left out.
        whose: whose name was asked for, for each answer.
        rows: the row of each answer.
        values: the answers.
        taken: where they go.
    """
    names: list[bytes] = []
    reversed_names: list[bytes] = []
    for asked_for, row, value in zip(whose, rows, values, strict=True):
        match = _NAME.fullmatch(value.lower()) if asked_for == extract.PERSON else None
        if match and match[1] not in _TITLES:
            names.append(match[0])
            reversed_names.append(match[2] + b" " + match[1])
        else:
            taken.add_each(row, extractor.name(asked_for, value))
    taken.add_all(Kind.FULL_NAME, Shape.PHRASE, names)
    taken.add_all(Kind.REVERSED_NAME, Shape.PHRASE, reversed_names)
