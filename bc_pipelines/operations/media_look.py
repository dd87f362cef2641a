"""A target's media as they are now, looked at for the checks: fresh listings, the database, headers and a stranger.

Belongs here: which buckets and which database the checks are handed. Judging is in `checks.media`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bc_pipelines.checks import media as checks
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.media.bucket import Bucket, clear_errors
from bc_pipelines.media.errors import MediaError
from bc_pipelines.media.listing import listing
from bc_pipelines.operations.media_places import MediaPlaces
from bc_pipelines.operations.target import target_database
from bc_pipelines.operations.tools import Tools
from bc_pipelines.storage import PERSONAL, Scope


@dataclass(frozen=True)
class Holding:
    """What a bucket holds.

    Attributes:
        bucket: its name.
        objects: how many.
        bytes: their size.
        newest: when the newest was written, or None where there is none.
    """

    bucket: str
    objects: int
    bytes: int
    newest: datetime | None


def holding(tools: Tools, environment: str) -> Holding:
    """Count what an environment's bucket holds, with its own keys. Changes nothing."""
    place = MediaPlaces.of(tools).place(environment)
    count = size = 0
    newest: datetime | None = None
    for item in listing(place.open(place.keys)):
        count, size, newest = count + 1, size + item.size, max(newest or item.modified, item.modified)
    return Holding(place.bucket, count, size, newest)


LOOKS = ("every_file_present", "nothing_extra", "headers_kept", "private_files_left_out")
"""What is looked at, in the order of the verdicts."""


def look(tools: Tools, source: str, environment: str) -> tuple[Verdict, ...]:
    """Hold an environment's bucket against its database and against the bucket that it was filled from.

    Args:
        tools: the run's tools.
        source: name of the environment that it was filled from.
        environment: a writable environment.

    Returns:
        Four verdicts: every file is there, nothing extra is, headers are kept, and private files are left out.
    """
    media = tools.settings.media
    way = MediaPlaces.of(tools).route(source, environment, media.scope)
    theirs, ours = way.source, way.target
    with target_database(tools, environment) as connection:
        everything = checks.named_files(connection)
    everything = tuple(file for file in everything if not file.key.startswith(media.excluded))
    images_only = media.scope is Scope.IMAGES
    named = tuple(file for file in everything if file.kind == "image") if images_only else everything
    with _decided("look at", ours):
        objects = checks.objects_in(ours.client, ours.name, ours.prefix)
        # What a wider scope or somebody's push left there must be private too.
        restricted = [file.key for file in everything if file.restricted and (images_only or file.key in objects)]
        readable = checks.open_to_strangers(ours.client, ours.name, restricted)
        personal = _below(ours, objects, PERSONAL)
    with _decided("compare with", theirs):
        originals = checks.objects_in(theirs.client, theirs.name, theirs.prefix)
        both = sorted(file.key for file in named if file.key in objects and file.key in originals)
        of_theirs = _below(theirs, originals, PERSONAL)
        kept = checks.headers_kept((theirs.client, theirs.name), (ours.client, ours.name), both)
    return (
        checks.every_file_present(named, objects),
        checks.nothing_extra(named, objects, media.excluded),
        kept,
        checks.private_files_left_out(everything, personal, of_theirs, readable),
    )


@contextmanager
def _decided(doing: str, bucket: Bucket) -> Iterator[None]:
    """Say that there is no verdict, where what a bucket answers tells nothing."""
    with clear_errors(doing, bucket):
        try:
            yield
        except checks.Undecided as reason:
            raise MediaError(f"{reason} Whether its files are as they must be is not known. Look again.") from None


def _below(bucket: Bucket, objects: Mapping[str, int], folders: tuple[str, ...]) -> dict[str, int]:
    """What lies below some folders, also where the listing at hand is only of images."""
    if not bucket.prefix:
        return {key: size for key, size in objects.items() if key.startswith(folders)}
    return {key: size for each in folders for key, size in checks.objects_in(bucket.client, bucket.name, each).items()}
