"""What was taken from a batch of rows, on its way into the register."""

from collections.abc import Collection, Iterable
from itertools import repeat

from bc_pipelines.proof.extract import Identifier
from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.register import WHERE_COMMON, Register


class Taken:
    """What a batch of rows holds, by kind and shape: texts, each with the number of its row."""

    def __init__(self) -> None:
        self._texts: dict[tuple[Kind, Shape], tuple[list[int], list[bytes]]] = {}

    def add(self, kind: Kind, shape: Shape, rows: Iterable[int], texts: Iterable[bytes]) -> None:
        """Note texts of one kind, each with its row."""
        known_rows, known_texts = self._texts.setdefault((kind, shape), ([], []))
        known_rows.extend(rows)
        known_texts.extend(texts)

    def add_all(self, kind: Kind, shape: Shape, texts: Collection[bytes]) -> None:
        """Note texts of a kind of which it does not matter how many rows have them."""
        self.add(kind, shape, repeat(0, len(texts)), texts)

    def add_each(self, row: int, identifiers: Iterable[Identifier]) -> None:
        """Note what was taken from one row."""
        for each in identifiers:
            self.add(each.kind, each.shape, (row,), (each.text,))

    def remember(self, register: Register) -> None:
        """Hand everything over. Where it matters how many rows have a text, a row that repeats one counts once."""
        for (kind, shape), (rows, texts) in self._texts.items():
            if kind in WHERE_COMMON:
                register.add_all(kind, shape, [each for _, each in set(zip(rows, texts, strict=True))])
            else:
                register.add_all(kind, shape, set(texts))
