"""Small pictures for Dagster's UI, where a look says more than a number.

Belongs here: drawing. Does not belong here: what is drawn. The UI shows markdown without a click only below 1,000
characters, and keeps of SVG only what comes as an image's address.
"""

import base64
from collections.abc import Iterator, Sequence

import dagster as dg

GREEN, AMBER, RED = "#2f8f5b", "#b7791f", "#c24141"
"""What stayed, what was changed, what is gone; readable on a light and on a dark page."""

_WIDTH = 480
_HEIGHT = 18
_GAP = 10
_LETTER = 7.5
"""Width of a letter of the legend, roughly."""


def bar(parts: Sequence[tuple[str, int, str]]) -> dg.MarkdownMetadataValue:
    """Draw the parts of a whole as one bar with a legend below it.

    Args:
        parts: of each its name, its number and its colour, as `("removed", 750, RED)`.

    Returns:
        Markdown of less than 1,000 characters for up to three parts; the picture's alternative text says the same.
    """
    words = [f"{number:,} {name}" for name, number, _ in parts]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT * 2 + 4}" font-size="13" '
        f'font-family="sans-serif">{"".join(_stripes(parts))}{"".join(_legend(words, parts))}</svg>'
    )
    address = base64.b64encode(svg.encode()).decode("ascii")
    return dg.MetadataValue.md(f"![{', '.join(words)}](data:image/svg+xml;base64,{address})")


def _stripes(parts: Sequence[tuple[str, int, str]]) -> Iterator[str]:
    whole = sum(number for _, number, _ in parts) or 1
    before = 0
    for _, number, colour in parts:
        left, right = (round(_WIDTH * edge / whole) for edge in (before, before + number))
        # However few, they can be seen.
        width = max(right - left, 2) if number else 0
        yield f'<rect x="{min(left, _WIDTH - width)}" width="{width}" height="{_HEIGHT}" fill="{colour}"/>'
        before += number


def _legend(words: Sequence[str], parts: Sequence[tuple[str, int, str]]) -> Iterator[str]:
    left = 0.0
    for text, (_, _, colour) in zip(words, parts, strict=True):
        yield f'<text x="{left:.0f}" y="{_HEIGHT * 2 - 2}" fill="{colour}">{text}</text>'
        left += len(text) * _LETTER + _GAP
