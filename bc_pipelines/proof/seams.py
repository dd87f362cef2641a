"""Where a text that is too long to be looked at in one go may be cut, so that nothing is torn apart.

Belongs here: windows of bounded size, before any escape is undone. Does not belong here: what stands in them (text.py).
Whatever is done to a text makes a dozen copies of it, so windows are what bounds the memory of a search.
"""

from collections.abc import Iterator

WINDOW = 1 << 19
ENDS_OF_FIELDS = b'"\t\n'
"""Where a text of COPY rows ends: at a quote of JSON, a field's end or a row's."""

# Twice the longest text that is looked for as a whole, because its escapes take room (layer.py).
_OVERLAP = 1 << 17
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
# PostgreSQL's manual, "Binary Data Types": bytea is written as a backslash, x and the digits.
_BEFORE_HEXADECIMAL = rb"\x"
# Base64 has four characters for three bytes, hexadecimal two for one.
_GROUP = 4


def windows(text: bytes, separators: bytes = b'"') -> Iterator[bytes]:
    """Parts of a text of at most ``WINDOW`` bytes each; the text itself if it is no longer.

    Args:
        text: the text, still escaped.
        separators: bytes at which a text ends, so that nothing stands on both sides of one.

    Yields:
        Parts between separators; where there is none, parts that overlap.
    """
    start = 0
    while len(text) - start > WINDOW:
        window = text[start : start + WINDOW]
        end, following = _seam(window, separators)
        yield window[:end]
        start += following
    yield text[start:]


def _seam(window: bytes, separators: bytes) -> tuple[int, int]:
    """Where a window ends, and where the next one begins."""
    if separator := _last(window, separators) + 1:
        return separator, separator
    # An escape such as \n is white space, or a letter of which the overlap has the rest.
    end = _last(window, b" \\")
    following = _last(window[: max(0, end - _OVERLAP)], b" \\")
    if following > WINDOW // 2:
        return end, following
    encoded = _start_of_encoded(window)
    return _whole_groups(encoded, WINDOW), _whole_groups(encoded, WINDOW - _OVERLAP)


def _start_of_encoded(window: bytes) -> int:
    """Where the run begins with which a window ends."""
    start = len(window.rstrip(_BASE64))
    if window[start - 1 : start + 1] == _BEFORE_HEXADECIMAL:
        start += 1
    return min(start, WINDOW - _OVERLAP)


def _whole_groups(start: int, end: int) -> int:
    """The last place that is a whole number of groups away from a start."""
    return end - (end - start) % _GROUP


def _last(window: bytes, wanted: bytes) -> int:
    """The place of the last of some bytes, or -1."""
    return max(window.rfind(bytes((byte,))) for byte in wanted)
