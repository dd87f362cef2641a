"""Media in a reset: what comes to staging's bucket, what does not, and what stops it or is told of it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bc_pipelines.defs.launch import Outcome
from bc_pipelines.media.bucket import AT_ONCE
from bc_pipelines.operations.record import State
from bc_pipelines.sandbox import s3
from bc_pipelines.sandbox.world import BUCKETS
from bc_pipelines_tests.journeys.test_failures import change
from bc_pipelines_tests.journeys.test_failures import environments as environments
from bc_pipelines_tests.journeys.test_killed import newest, reset_in_another_process, until
from bc_pipelines_tests.journeys.world import Outside

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.usefixtures("first"), pytest.mark.timeout(900)]
THEIRS, OURS = BUCKETS["production"], BUCKETS["staging"]
NAMED = (
    "select file from images_customimage union select file from images_rendition union"
    " select file from documents_customdocument"
)


@pytest.fixture
def bucket(outside: Outside) -> "S3Client":
    """The S3 server, past the product."""
    return s3.client(outside.world)


def held(client: "S3Client", name: str) -> dict[str, str]:
    """What a bucket holds: keys and ETags."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=name)
    return {found["Key"]: found["ETag"] for page in pages for found in page.get("Contents", ())}


def named(outside: Outside) -> set[str]:
    """Every file that staging's database names, asked past the product."""
    return {key for (key,) in outside.sql("staging", NAMED) if key}


def failed(outcome: Outcome) -> dict[str, str]:
    """Checks that failed, with their words."""
    return {check.name: check.summary for check in outcome.failed_checks}


def test_staging_has_exactly_what_its_database_names(first: Outcome, outside: Outside, bucket: "S3Client") -> None:
    """A few hundred files arrived byte for byte; avatars, unfinished uploads and imports of production did not."""
    theirs, ours = held(bucket, THEIRS), held(bucket, OURS)
    assert len(ours) > 300
    assert ours.keys() == named(outside)
    assert ours == {key: etag for key, etag in theirs.items() if key in ours}
    left_behind = {key.partition("/")[0] for key in theirs.keys() - ours.keys()}
    assert {"avatar_images", "wagtail_uploads"} <= left_behind
    assert first.metadata["staging/incoming_media"]["files copied"] == len(ours)
    assert first.metadata["staging/incoming_media"]["personal files left out"]


def test_a_second_reset_copies_nothing_and_repairs_what_was_changed(outside: Outside, bucket: "S3Client") -> None:
    """An object overwritten on staging is production's again, and what no row names is gone; nothing else is copied."""
    before = held(bucket, OURS)
    spoilt = next(key for key in sorted(before) if key.startswith("original_images/"))
    bucket.put_object(Bucket=OURS, Key=spoilt, Body=b"edited on staging")
    bucket.put_object(Bucket=OURS, Key="original_images/only_on_staging.jpg", Body=b"staging's own")
    outcome = outside.reset()
    assert outcome.failure == ""
    assert outcome.failed_checks == ()
    assert outcome.metadata["staging/incoming_media"]["files copied"] == 1
    assert outcome.metadata["staging/media"]["files copied"] == 0
    assert outcome.metadata["staging/media"]["files deleted"] == 1
    assert held(bucket, OURS) == before


def test_what_the_old_way_left_on_staging_is_cleared(outside: Outside, bucket: "S3Client") -> None:
    """Production's avatars and unfinished uploads, copied raw one day, are gone after a reset; a tester's own stays."""
    before = held(bucket, OURS)
    personal = [key for key in held(bucket, THEIRS) if key.startswith(("avatar_images/", "wagtail_uploads/"))]
    for key in personal:
        bucket.copy_object(Bucket=OURS, Key=key, CopySource={"Bucket": THEIRS, "Key": key})
    own = "avatar_images/of-a-tester.png"
    bucket.put_object(Bucket=OURS, Key=own, Body=b"uploaded on staging")
    outcome = outside.reset()
    after = held(bucket, OURS)
    bucket.delete_object(Bucket=OURS, Key=own)
    assert after.pop(own)
    assert after == before
    assert outcome.failed_checks == ()
    assert outcome.metadata["staging/media"]["files deleted"] == len(personal) > 1
    assert not any(Path(key).stem in str(outcome.metadata) for key in personal)


@pytest.fixture
def lost(outside: Outside, bucket: "S3Client") -> Iterator[str]:
    """An original that production's bucket has lost for the length of a test, and staging's too."""
    key = str(outside.sql("production", "select file from images_customimage order by id limit 1")[0][0])
    kept = bucket.get_object(Bucket=THEIRS, Key=key)
    content, kind = kept["Body"].read(), kept["ContentType"]
    for name in (THEIRS, OURS):
        bucket.delete_object(Bucket=name, Key=key)
    yield key
    bucket.put_object(Bucket=THEIRS, Key=key, Body=content, ContentType=kind)


def test_a_lost_original_is_named(outside: Outside, lost: str) -> None:
    """Two checks turn red with the image's id and key: production's bucket lacks it, and so staging's does."""
    [(number,)] = outside.sql("production", f"select id from images_customimage where file = '{lost}'")  # noqa: S608
    outcome = outside.reset()
    assert outcome.failure == "", "the rest of the site is there"
    red = failed(outcome)
    assert red.keys() == {"production_has_every_file", "every_file_present"}
    assert f"image {number} ({lost})" in red["production_has_every_file"]
    assert lost in red["every_file_present"]


@pytest.fixture
def emptied(outside: Outside, bucket: "S3Client", environments: Path) -> None:
    """Settings that name an empty bucket as production's."""
    bucket.create_bucket(Bucket="an-empty-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    change(
        environments,
        "[environments.production]",
        '[environments.production]\nmedia_bucket = "an-empty-bucket"',
    )


@pytest.mark.usefixtures("emptied")
def test_an_empty_source_stops_the_reset_before_the_wipe(outside: Outside, bucket: "S3Client") -> None:
    """What other tools take as the order to wipe the target is refused, and staging stays open with all it had."""
    before, rows = held(bucket, OURS), outside.rows("staging")
    outcome = outside.reset()
    assert "an-empty-bucket/ is empty" in outcome.failure
    assert "Nothing was copied and nothing deleted" in outcome.failure
    assert outcome.steps[-1].name == "staging/incoming_media"
    assert newest(outside).state is State.SANITISED
    assert (held(bucket, OURS), outside.rows("staging")) == (before, rows)
    assert not outside.maintenance()


def test_production_as_a_target(outside: Outside, bucket: "S3Client", environments: Path) -> None:
    """Settings that name production's bucket as staging's stop the reset; production's objects stay as they are."""
    change(environments, "[environments.staging]", f'[environments.staging]\nmedia_bucket = "{THEIRS}"')
    before = held(bucket, THEIRS)
    outcome = outside.reset()
    assert f"The media of staging are said to be in {THEIRS}, which is production's bucket" in outcome.failure
    assert held(bucket, THEIRS) == before
    assert not outside.maintenance()


def test_a_reset_killed_while_it_copies(outside: Outside, bucket: "S3Client") -> None:
    """What had arrived stays, staging is open, and the next reset copies only the rest."""
    whole = {key: etag for key, etag in held(bucket, THEIRS).items() if key in named(outside)}
    for key in held(bucket, OURS):
        bucket.delete_object(Bucket=OURS, Key=key)
    with reset_in_another_process(subprocess.DEVNULL) as process:
        until(lambda: process.poll() is not None or len(held(bucket, OURS)) > 20)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    arrived = held(bucket, OURS)
    assert 20 < len(arrived) < len(whole)
    assert not outside.maintenance()
    outcome = outside.reset()
    assert outcome.failure == ""
    assert outcome.failed_checks == ()
    # A few were under way, and may have been listed before they were whole, or have come in since.
    copied = outcome.metadata["staging/incoming_media"]["files copied"]
    assert isinstance(copied, int)
    assert abs(copied - (len(whole) - len(arrived))) <= AT_ONCE
    assert held(bucket, OURS) == whole


def test_images_only(outside: Outside, bucket: "S3Client", environments: Path) -> None:
    """Renditions and documents are left alone in the bucket, and the database forgets its renditions."""
    change(environments, 'scope = "media"', 'scope = "images"')
    others = {key for key in held(bucket, OURS) if not key.startswith("original_images/")}
    outcome = outside.reset()
    assert outcome.failure == ""
    assert outcome.failed_checks == ()
    assert outside.sql("staging", "select count(*) from images_rendition") == [(0,)]
    assert others <= held(bucket, OURS).keys()
