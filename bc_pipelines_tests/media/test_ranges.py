"""Plans made of several ranges of keys at once: the same as of whole listings, in little memory."""

import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.media import ranges
from bc_pipelines.media.errors import MediaError
from bc_pipelines.media.listing import listing
from bc_pipelines.media.plan import Rule, make_plan
from bc_pipelines.media.ranges import between, plan_in_ranges
from bc_pipelines_tests.media import million
from bc_pipelines_tests.media.conftest import Pair

RULE = Rule((), frozenset(), {}, True, None)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let even these tests' buckets be split, as if their answers were waited for."""
    monkeypatch.setattr(ranges, "BUSY", sys.maxsize)
    monkeypatch.setattr(ranges, "SMALL", 20)
    monkeypatch.setattr(ranges, "_BETWEEN_SPLITS", 10)


@pytest.mark.usefixtures("tiny")
def test_ranges_make_the_same_plan(pair: Pair) -> None:
    """Of flat and deep keys, with letters beyond ASCII, some on one side only and some changed."""
    keys = [f"original_images/IMG_{number * 37:05}.jpg" for number in range(120)]
    keys += [f"images/{letter}{number}.jpg" for letter in "AZamz\u00e9\u6c34" for number in range(12)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: pair.put(pair.source, key, b"ours!"), keys[:-20]))
        list(pool.map(lambda key: pair.put(pair.target, key, b"ours!" if len(key) % 5 else b"other"), keys[30:]))
    rule = replace(RULE, excluded=("images/Z",), left_out=frozenset(keys[:3]))
    whole = make_plan(listing(pair.source), listing(pair.target), excluded=rule.excluded, left_out=rule.left_out)
    assert len(whole.changes) > 40
    for _ in range(5):
        assert plan_in_ranges(pair.source, pair.target, rule) == whole


def test_a_small_bucket_costs_no_question_more(pair: Pair) -> None:
    """Where a page holds everything, each side is asked once."""
    pair.put(pair.source, "a.jpg")
    pair.requests.clear()
    assert len(plan_in_ranges(pair.source, pair.target, RULE).changes) == 1
    assert pair.requests == ["ListObjectsV2"] * 2


@pytest.mark.usefixtures("tiny")
def test_an_error_in_any_range_ends_the_plan() -> None:
    """A page that cannot be had, wherever it lies, is an error of the whole: nothing is planned from the others."""
    source, target = million.bucket(20_000), million.bucket(20_000, denied_after="original_images/0000015000")
    with pytest.raises(MediaError, match="Could not list"):
        plan_in_ranges(source, target, RULE)


def test_helpers_that_cannot_begin_end_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a machine has no threads left, or somebody stops the run just then, those that began wait for nobody."""
    begun: list[int] = []

    class Pool(ThreadPoolExecutor):
        def submit(self, *args: Any, **more: Any) -> Future[Any]:  # noqa: ANN401 - the standard library's
            begun.append(1)
            if len(begun) == ranges.AT_ONCE:
                raise RuntimeError("can't start new thread")
            return super().submit(*args, **more)

    monkeypatch.setattr(ranges, "ThreadPoolExecutor", Pool)
    with pytest.raises(RuntimeError, match="new thread"):
        plan_in_ranges(million.bucket(10), million.bucket(10), RULE)


def test_who_is_not_kept_waiting_asks_no_more_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading answers takes all the time, both sides are listed once."""
    # Any share of the time, because a machine on which others work keeps everybody waiting.
    monkeypatch.setattr(ranges, "BUSY", 0)
    source, target = million.bucket(100_000), million.bucket(100_000)
    plan = plan_in_ranges(source, target, RULE)
    assert (plan.kept, plan.changes) == (100_000, [])
    assert source.client.questions == target.client.questions == 100  # type: ignore[attr-defined]


def test_many_keys_are_really_split() -> None:
    """Where answers take a while, ranges begin in the middle of a flat prefix, and few questions are wasted."""
    source, target = million.bucket(100_000, seconds=0.1), million.bucket(100_000, seconds=0.1)
    plan = plan_in_ranges(source, target, RULE)
    assert (plan.kept, plan.changes) == (100_000, [])
    assert len({begin for begin in source.client.begins if begin.startswith("original_images/0")}) > 1  # type: ignore[attr-defined]
    assert source.client.questions < 250  # type: ignore[attr-defined]


MEASURED = """
import sys
from pathlib import Path
from bc_pipelines_tests.media import million
from bc_pipelines_tests.media.test_ranges import RULE
from bc_pipelines.media.ranges import plan_in_ranges
count = int(sys.argv[1])
assert plan_in_ranges(million.bucket(count), million.bucket(count), RULE).kept == count
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
"""


def test_memory_does_not_grow_with_the_keys() -> None:
    """A million keys a side take hardly more memory than twenty thousand."""
    peaks = [
        int(subprocess.run((sys.executable, "-c", MEASURED, str(count)), capture_output=True, check=True).stdout)
        for count in (20_000, 1_000_000)
    ]
    assert peaks[1] - peaks[0] < 30 << 10


KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)


@given(KEYS, KEYS, st.none() | KEYS)
def test_a_guess_lies_between(earlier: str, key: str, until: str | None) -> None:
    """Whatever the keys, a guess comes after the present one and not after the end."""
    guess = between(earlier, key, until)
    if guess is not None:
        assert key.encode() < guess.encode()
        assert until is None or guess.encode() <= until.encode()


def test_guesses_get_there() -> None:
    """In a flat prefix, guesses lie within it; next to the last character they go one deeper."""
    assert between("original_images/1000.jpg", "original_images/2000.jpg", None) == "original_images/X"
    assert between("a/1000.jpg", "a/2000.jpg", "a/4") == "a/3"
    assert between("a/1000.jpg", "a/2000.jpg", "a/3") == "a/2W"
