"""What is remembered of the raw archive."""

import pytest

from bc_pipelines.proof.kinds import Kind, Shape
from bc_pipelines.proof.register import Register

TEXT = b"jo@home.example"


@pytest.mark.parametrize("shows", [True, False])
def test_texts_are_remembered_only_for_a_terminal(shows: bool) -> None:
    """A register knows digests, and what it was asked about only where somebody will be shown it."""
    register = Register(shows=shows)
    digest = register.add(Kind.EMAIL, Shape.ADDRESS, TEXT)
    register.seal()
    assert register.text(digest) == ""
    assert list(register.known(Shape.ADDRESS, [TEXT, b"sam@home.example"])) == [digest]
    assert register.text(digest) == (TEXT.decode() if shows else "")
