"""Where the media of each environment are and how they may be moved, as settings and variables say.

Belongs here: names of buckets, keys, and what is left out or refused. Does not belong here: asking an app for what is
not set here (see `operations.media_places`), and moving anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bc_pipelines.tables import SettingsError, only, text, texts

LOCAL = "local"
"""The name of a developer's machine, in place of an environment's."""


class Scope(StrEnum):
    """Which files are meant.

    `IMAGES` is the images as editors uploaded them, from which the site makes all renditions anew; `MEDIA` is
    everything: images, their renditions and documents.
    """

    IMAGES = "images"
    MEDIA = "media"


class CopyAs(StrEnum):
    """Whose keys carry out a copy inside S3; they must read the source and write the target.

    `WORKER` means the keys of `AWS_*` where this runs, `TARGET` those of the environment that is written. With `BOTH`,
    each side is reached with its own keys, and every object passes through this machine.
    """

    WORKER = "worker"
    TARGET = "target"
    BOTH = "both"


@dataclass(frozen=True)
class Keys:
    """An identity at S3."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


PERSONAL = ("wagtail_uploads/", "avatar_images/", "imported_files/")
"""Folders whose files are people's: where Wagtail puts unfinished uploads and avatars, and a transfer its sources."""


@dataclass(frozen=True)
class MediaSettings:
    """What is said about media.

    Attributes:
        scope: which files a reset copies.
        media_copy: whose keys copy from bucket to bucket.
        excluded: prefixes whose objects are never copied. Those of unfinished uploads, avatars and sources of imports
            are personal, and always among them.
        most_deletes: more deletions in one run are refused.
        most_deleted_share: a larger share of the target's objects, from 0 to 1, is not deleted.
        buckets: by environment, where set; else the app's own setting counts.
        keys: by environment, where set; else the app's own.
    """

    scope: Scope = Scope.MEDIA
    media_copy: CopyAs = CopyAs.BOTH
    excluded: tuple[str, ...] = PERSONAL
    most_deletes: int = 5_000
    most_deleted_share: float = 0.2
    buckets: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, Keys] = field(default_factory=dict)


def read_media(
    table: Mapping[str, Any], environments: Mapping[str, Mapping[str, Any]], variables: Mapping[str, str]
) -> MediaSettings:
    """Read `[media]`, each environment's `media_bucket`, and the variables with keys.

    Args:
        table: `[media]`.
        environments: `[environments]`, as parsed.
        variables: environment variables.

    Raises:
        SettingsError: something is unknown or wrong, or one bucket is named for two environments.
    """
    only(table, "media", "scope", "media_copy", "excluded", "most_deletes", "most_deleted_share")
    buckets = {
        name: text(entry, "media_bucket", f"environments.{name}")
        for name, entry in environments.items()
        if "media_bucket" in entry
    }
    if len(set(buckets.values())) != len(buckets):
        raise SettingsError("Two environments name the same media_bucket; each needs its own.")
    usual = MediaSettings()
    return MediaSettings(
        scope=Scope(_one_of(table, "scope", Scope, usual.scope)),
        media_copy=CopyAs(_one_of(table, "media_copy", CopyAs, usual.media_copy)),
        excluded=tuple(dict.fromkeys((*PERSONAL, *_prefixes(table)))),
        most_deletes=_whole(table, "most_deletes", usual.most_deletes),
        most_deleted_share=_share(table, "most_deleted_share", usual.most_deleted_share),
        buckets=buckets,
        keys={name: keys for name in environments if (keys := _keys(name, variables))},
    )


def variable_names(environment: str) -> tuple[str, str]:
    """The variables that hold an environment's S3 keys on machines that are to use other keys than the app's."""
    prefix = f"BC_{environment.upper()}_MEDIA"
    return f"{prefix}_ACCESS_KEY_ID", f"{prefix}_SECRET_ACCESS_KEY"


def _keys(environment: str, variables: Mapping[str, str]) -> Keys | None:
    names = variable_names(environment)
    access_key, secret_key = (variables.get(name, "") for name in names)
    if bool(access_key) != bool(secret_key):
        raise SettingsError(f"Of {names[0]} and {names[1]} only one is set; set both or neither.")
    return Keys(access_key, secret_key) if access_key else None


def _one_of(table: Mapping[str, Any], key: str, choices: type[StrEnum], usual: str) -> str:
    value = table.get(key, usual)
    if value not in list(choices):
        raise SettingsError(f"media.{key} must be one of: {', '.join(choices)}.")
    return str(value)


def _prefixes(table: Mapping[str, Any]) -> tuple[str, ...]:
    prefixes = texts(table, "excluded", "media")
    if any(not prefix.endswith("/") or prefix.startswith("/") for prefix in prefixes):
        raise SettingsError('media.excluded must hold folders of the bucket, as "avatar_images/".')
    return prefixes


def _whole(table: Mapping[str, Any], key: str, usual: int) -> int:
    value = table.get(key, usual)
    if type(value) is not int or value < 0:
        raise SettingsError(f"media.{key} must be a whole number.")
    return value


def _share(table: Mapping[str, Any], key: str, usual: float) -> float:
    value = table.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise SettingsError(f"media.{key} must be a share from 0 to 1, as 0.2.")
    return float(value)
