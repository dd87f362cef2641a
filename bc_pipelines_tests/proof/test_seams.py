"""Cutting long texts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bc_pipelines.proof.seams import WINDOW, windows

# What no window may tear apart stands between these.
NUMBERS = st.integers(0, 10**9)


@given(st.integers(WINDOW // 2, 3 * WINDOW), st.sampled_from(['"', " ", "\\", "\t", "\u3000", "-"]), NUMBERS)
@settings(max_examples=40, deadline=None)
def test_every_word_stands_whole_in_a_window(size: int, between: str, first: int) -> None:
    """Whatever stands between words, each of them is in one window from beginning to end, and windows are bounded."""
    count = size // (len(str(first)) + len(between.encode()))
    words = [str(first + number) for number in range(count)]
    cut = list(windows(between.join(words).encode(), b'"\t'))
    assert max(map(len, cut)) <= WINDOW
    whole = {word for window in cut for word in window.decode("utf-8", "replace").split(between)}
    assert whole.issuperset(words)


def test_a_short_text_is_one_window() -> None:
    """Nothing is copied or cut where there is no need."""
    text = b"x" * WINDOW
    assert list(windows(text)) == [text]
    assert list(windows(b"")) == [b""]


@pytest.mark.parametrize(("before", "group"), [(b"a: ", b"QUJD"), (b"a: ", b"xUJD"), (rb"a: \\x", b"4142")])
def test_encoded_groups_are_not_torn_apart(before: bytes, group: bytes) -> None:
    """Of a long run of base64 or hexadecimal each window ends and begins where a group of characters does."""
    first, *others = windows(before + group * WINDOW)
    assert first.endswith(group)
    assert len(others) >= 4
    assert all(window.startswith(group) and window.endswith(group) for window in others)
