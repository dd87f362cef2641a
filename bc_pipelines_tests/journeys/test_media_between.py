"""Media from production's bucket to staging's without a reset: what changes the plan, and what stops it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bc_pipelines.operations import media_sync
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.media_ends import between
from bc_pipelines.operations.tools import open_tools
from bc_pipelines.sandbox import s3
from bc_pipelines.sandbox.world import BUCKETS
from bc_pipelines.storage import Scope
from bc_pipelines_tests.journeys.test_failures import change
from bc_pipelines_tests.journeys.test_failures import environments as environments
from bc_pipelines_tests.journeys.world import STAGING, Outside

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.usefixtures("first")
OURS = BUCKETS["staging"]
LEFT_OVER = "original_images/left-over.jpg"


@pytest.fixture
def left_over(outside: Outside) -> Iterator["S3Client"]:
    """The S3 server, past the product; staging's bucket has an object that no row names."""
    client = s3.client(outside.world)
    client.put_object(Bucket=OURS, Key=LEFT_OVER, Body=b"a picture of before")
    yield client
    client.delete_object(Bucket=OURS, Key=LEFT_OVER)


@pytest.fixture
def served_elsewhere(outside: Outside) -> Iterator[None]:
    """Staging serves its media from a domain before the bucket."""
    with outside.heroku() as heroku:
        for domain in ("media.staging.example", None):
            variables = {"AWS_S3_CUSTOM_DOMAIN": domain}
            heroku.patch(f"/apps/{STAGING}/config-vars", json=variables).raise_for_status()
            if domain:
                yield


def withheld() -> int:
    """How many restricted documents the plan of now keeps from staging."""
    with open_tools() as tools:
        plan = media_sync.plan_between(tools, "production", "staging", Scope.MEDIA, deletes=True).plan
    return plan.withheld_count


def test_private_documents_come_where_strangers_get_nothing() -> None:
    """The control of the next test: staging's bucket is closed, so nothing is withheld."""
    assert withheld() == 0


@pytest.mark.usefixtures("served_elsewhere")
def test_private_documents_stay_away_from_a_domain_before_the_bucket() -> None:
    """Whoever serves that domain may read the bucket with keys of its own, so a closed bucket proves nothing."""
    assert withheld() > 0


def test_a_plan_that_went_stale_is_not_carried_out(left_over: "S3Client") -> None:
    """What differs has changed between the plan and somebody's yes: nothing is deleted."""
    with between("production", "staging", Scope.IMAGES, deletes=True) as ends:
        left_over.put_object(Bucket=OURS, Key="original_images/another.jpg", Body=b"uploaded meanwhile")
        with pytest.raises(Refused, match="has changed since the plan was shown"):
            ends.carry_out(None, True)
    left_over.delete_object(Bucket=OURS, Key="original_images/another.jpg")
    assert left_over.head_object(Bucket=OURS, Key=LEFT_OVER)


def test_a_plan_that_still_holds_is_carried_out(left_over: "S3Client") -> None:
    """The control: nothing changed in between, so what no row names is deleted."""
    with between("production", "staging", Scope.IMAGES, deletes=True) as ends:
        assert ends.carry_out(None, True).deleted == [LEFT_OVER]


def test_the_archive_store_takes_no_media(environments: Path) -> None:
    """Settings that name it as staging's media bucket are refused: a sync would delete the archives."""
    store = BUCKETS["archives"]
    change(environments, "[environments.staging]", f'[environments.staging]\nmedia_bucket = "{store}"')
    with open_tools() as tools, pytest.raises(Refused, match=f"{store} is the archive store"):
        media_sync.plan_between(tools, "production", "staging", Scope.MEDIA, deletes=True)
