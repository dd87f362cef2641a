"""Waiting in tests for something that another process does."""

import time
from collections.abc import Callable

PATIENCE = 60
"""Seconds."""


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, up to a bound that fails the test."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
