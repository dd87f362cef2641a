"""Words that stand for people, and a note of where each was put and which copies may still hold it."""

from dataclasses import dataclass

ROWS = 8
"""Rows of every table of the site in the tests."""

Rows = dict[str, dict[int, dict[str, object]]]
"""Values by table, row number and column."""

NOWHERE: frozenset[str] = frozenset()
ON_STAGING = frozenset(("staging",))
EVERYWHERE = frozenset(("staging", "local"))


@dataclass(frozen=True)
class Planted:
    """A word that stands for a person.

    Attributes:
        place: where it was put, as ``table.column``, and behind a comma what distinguishes it there.
        word: what to look for.
        stays_in: the copies that may hold it.
    """

    place: str
    word: str
    stays_in: frozenset[str] = frozenset()

    @property
    def column(self) -> str:
        """``table.column`` alone."""
        return self.place.partition(",")[0]


class Garden:
    """Hands out words and notes where they went."""

    def __init__(self) -> None:
        self.planted: list[Planted] = []

    def word(self, place: str, stays_in: frozenset[str] = NOWHERE) -> str:
        """A new word of plain letters and digits."""
        return self.note(place, f"planted{len(self.planted):03}zq", stays_in)

    def email(self, place: str, stays_in: frozenset[str] = NOWHERE, domain: str = "residents.example") -> str:
        """An address with a new word before the at sign."""
        return f"{self.word(place, stays_in)}@{domain}"

    def note(self, place: str, word: str, stays_in: frozenset[str] = NOWHERE) -> str:
        """Note a word that was made elsewhere."""
        self.planted.append(Planted(place, word, stays_in))
        return word
