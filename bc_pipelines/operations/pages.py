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
    ANOTHER_RUN = "More: docs/operating.md#another-run-has-staging"
    LOST_LOCK = "More: docs/operating.md#the-lock-was-lost"
    ROLLING_BACK = "More: docs/operating.md#rolling-back"
    LOST_WAY_BACK = "More: docs/operating.md#the-way-back-is-gone"
    ANOTHER_DATABASE = "More: docs/operating.md#the-database-is-another-one"
    RAW_COPIES = "More: docs/operating.md#old-raw-copies"
    ARCHIVE_STORE = "More: docs/operating.md#the-archive-store-refuses"
    BRANCHES = "More: docs/operating.md#the-branches-do-not-come-together"
    CI = "More: docs/operating.md#ci-does-not-pass"
    MEDIA = "More: docs/operating.md#media-do-not-come-across"
    NOTICE = "More: docs/operating.md#a-notice-is-missing"
    FULL_DISK = "More: docs/operating.md#the-disk-is-full"
