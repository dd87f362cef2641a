"""Where `docs/operating.md` tells more about a failure; messages quote these places.

A test holds them and the page together.
"""

from __future__ import annotations

from enum import StrEnum


class Page(StrEnum):
    """The section of each failure, as messages quote it."""

    BEFORE_THE_WIPE = "More: docs/operating.md#it-stopped-before-the-wipe"
    AFTER_THE_WIPE = "More: docs/operating.md#it-stopped-after-the-wipe"
    OPEN_UNFINISHED = "More: docs/operating.md#the-site-is-open-but-the-run-did-not-end"
