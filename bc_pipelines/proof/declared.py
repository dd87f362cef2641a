"""What a person has looked at and declared public: from the words of a list to what the searcher compares.

Belongs here: the shapes of a declared text. Does not belong here: where the list is written (settings), what follows
from a find of it (verdict.py).
"""

from collections.abc import Iterable, Iterator

from bc_pipelines.proof import text
from bc_pipelines.proof.kinds import Shape
from bc_pipelines.proof.register import Register


def declare(register: Register, public: Iterable[str]) -> None:
    """Tell a register which texts are no person's secret.

    Args:
        register: of the raw archive.
        public: e-mail addresses, telephone numbers, names in either order, words; each one alone.
    """
    for value in public:
        for shape, folded in _shapes(text.fold(text.of_value(value.encode()))):
            register.declare(shape, folded)


def _shapes(folded: bytes) -> Iterator[tuple[Shape, bytes]]:
    """Everything that a text is as a whole. An address is not its shorter forms as well: those are other people's."""
    yield from ((Shape.ADDRESS, local + b"@" + domain) for local, domain in text.addresses(folded))
    yield from ((Shape.PHONE, number) for number in text.phones(folded))
    tokens = text.tokens(folded)
    if len(tokens) == 1:
        yield Shape.TOKEN, tokens.pop()
    words = [word for piece in text.pieces(folded) for word in piece]
    yield Shape.TEXT, b" ".join(words)
    for start in range(len(words)):
        yield Shape.PHRASE, b" ".join(words[start:] + words[:start])
