"""Years of editing: revisions of invented pages that resemble a council's, saved in the order of time.

Successive revisions of a page share all but a few blocks, an editor saves a page several times in a row, and pages
differ from each other: what a search that remembers what it has seen gains from a real site, it gains here, no more.
"""

import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

REVISIONS_A_PAGE = 8
_BLOCKS = 14
_MOST_SAVES_IN_A_ROW = 4
_ONE_COMMENT_IN = 25
_WORDS = 6_000
# Without vowels and ends that make words of which nobody wants to read.
_SYLLABLE = (
    ("b", "br", "c", "ch", "d", "f", "fl", "g", "gr", "h", "k", "l", "m", "n", "p", "pl", "r", "s", "sh", "st", "t"),
    ("a", "ai", "e", "ea", "o", "oa", "ou", "ar", "er", "or"),
    ("b", "d", "g", "l", "ll", "m", "n", "nd", "ng", "nt", "p", "r", "rd", "rk", "s", "sh", "st", "t", "th"),
)


@dataclass
class Page:
    """A page as its newest revision has it."""

    number: int
    title: str
    body: list[dict[str, Any]] = field(default_factory=list)


class History:
    """Revisions without end; the same arguments give the same ones.

    Args:
        pages: how many pages are edited.
        envelope: the content of any real revision; all but pk, title and body is taken from it.
    """

    def __init__(self, pages: int, envelope: dict[str, Any]) -> None:
        self._random = random.Random(pages)  # noqa: S311  nothing here is a secret
        self._vocabulary = [self._word() for _ in range(_WORDS)]
        # Words of a language are about as frequent as the inverse of their rank (Zipf's law).
        self._frequencies = list(accumulate(1 / rank for rank in range(1, _WORDS + 1)))
        self._envelope = envelope
        self._pages = [self._page(100_000 + number) for number in range(pages)]

    def revisions(self) -> Iterator[tuple[str, str, str]]:
        """Object id, title and content of each revision, the content as JSON."""
        while True:
            page = self._random.choice(self._pages)
            for _ in range(self._random.randint(1, _MOST_SAVES_IN_A_ROW)):
                page.body[self._random.randrange(len(page.body))] = self._block()
                yield str(page.number), page.title, self._content(page)

    def _content(self, page: Page) -> str:
        # A StreamField is JSON in a text inside the JSON.
        own = {"pk": page.number, "title": page.title, "draft_title": page.title, "body": json.dumps(page.body)}
        return json.dumps({**self._envelope, **own, "wagtail_admin_comments": self._comments(page)})

    def _comments(self, page: Page) -> list[dict[str, Any]]:
        if self._random.randrange(_ONE_COMMENT_IN):
            return []
        text = f"Please ask before this is published: {self._sentence()}"
        return [{"pk": self._random.randrange(1 << 30), "page": page.number, "text": text, "user": 1, "replies": []}]

    def _page(self, number: int) -> Page:
        return Page(number, self._sentence()[:60], [self._block() for _ in range(_BLOCKS)])

    def _block(self) -> dict[str, Any]:
        dice = self._random
        # The seed keeps the numbers below 100 for officers; a resident's would be found, and the proof would fail.
        name, number, where = dice.choice(self._vocabulary), dice.randrange(100), dice.randrange(1, 900)
        value = "".join(
            (
                f'<h3 data-block-key="{dice.getrandbits(20):05x}">{self._sentence()[:40]}</h3>',
                f'<p data-block-key="{dice.getrandbits(20):05x}">{" ".join(self._sentence() for _ in range(3))} ',
                f'See <a linktype="page" id="{where}">our page</a>, write to {name}@buckinghamshire.example, ',
                f"or ring 01632 960{number:03}.</p>",
            )
        )
        return {"id": str(uuid.UUID(int=dice.getrandbits(128), version=4)), "type": "paragraph", "value": value}

    def _sentence(self) -> str:
        words = self._random.choices(self._vocabulary, cum_weights=self._frequencies, k=self._random.randint(7, 19))
        return f"{' '.join(words).capitalize()}."

    def _word(self) -> str:
        syllables = range(self._random.choice((1, 1, 2, 2, 3)))
        return "".join(self._random.choice(letters) for _ in syllables for letters in _SYLLABLE)
