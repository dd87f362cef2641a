"""What is said of a bucket: passed, failed with what to do, or not testable, which is never green."""

from dataclasses import replace

import pytest

from bc_pipelines.checks import file_storage as checks
from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.probes.file_storage import NOT_S3S, FileStorage, Grant, Switches
from bc_pipelines.probes.told import Untold

OPEN = Switches(False, False, False, False)
SHUT = Switches(True, True, True, True)
DENIED = Untold("AccessDenied")
GOOD = FileStorage(
    bucket="council-media",
    region="eu-west-2",
    policy_is_public=True,
    grants=(Grant(("s3:GetObject",), False),),
    acl=(),
    switches=OPEN,
    encryption="AES256",
    versioning="Enabled",
    image="images/bridge.jpg",
    image_readable=True,
    listable=False,
)
JUDGES = (
    checks.images_are_public,
    checks.list_is_not_public,
    checks.nobody_else_can_write,
    checks.encrypted,
    checks.has_a_way_back,
)


def is_not_testable(verdict: Verdict) -> bool:
    """Whether it says that nothing is known, as a warning."""
    return not verdict.passed and verdict.severity == "warn" and verdict.facts == {"state": "not_testable"}


def test_a_bucket_as_it_must_be() -> None:
    """Every check passes."""
    assert all(judge(GOOD).passed for judge in JUDGES)
    assert checks.in_its_region(GOOD, "eu-west-2").passed
    assert checks.is_not_productions(GOOD, ["production-media"]).passed


def test_what_could_not_be_asked_is_never_green() -> None:
    """Where everything is denied, every check says so and none passes."""
    denied = FileStorage("council-media", *([DENIED] * 10))
    assert all(is_not_testable(judge(denied)) for judge in JUDGES)
    assert is_not_testable(checks.in_its_region(denied, "eu-west-2"))
    assert is_not_testable(checks.in_its_region(GOOD, ""))


def test_images_that_visitors_do_not_see() -> None:
    """A refused image is a failure, but where no policy could let anybody in; an unknown policy is said."""
    assert checks.images_are_public(replace(GOOD, image_readable=False)).severity == "error"
    elsewhere = replace(GOOD, image_readable=False, policy_is_public=Untold(NOT_S3S), grants=Untold(NOT_S3S))
    assert checks.images_are_public(elsewhere).severity == "warn"
    assert not is_not_testable(checks.images_are_public(elsewhere))
    hidden = replace(GOOD, image_readable=False, policy_is_public=DENIED, grants=DENIED)
    assert checks.images_are_public(hidden).severity == "error"
    by_chance = checks.images_are_public(replace(GOOD, policy_is_public=False))
    assert (by_chance.passed, by_chance.severity) == (False, "warn")
    assert "not told" in checks.images_are_public(replace(GOOD, policy_is_public=DENIED)).summary


@pytest.mark.parametrize(
    "found",
    [
        replace(GOOD, listable=True),
        replace(GOOD, acl=("READ",)),
        replace(GOOD, listable=DENIED, grants=(Grant(("s3:List*",), False),)),
        replace(GOOD, grants=(Grant(("*",), False),)),
    ],
)
def test_a_list_that_anybody_gets(found: FileStorage) -> None:
    """However it came out, it is a failure."""
    verdict = checks.list_is_not_public(found)
    assert (verdict.passed, verdict.severity) == (False, "error")
    assert "Found:" in verdict.summary


@pytest.mark.parametrize(
    "action", ["s3:PutObject", "S3:Put*", "s3:*", "*", "s3:DeleteObject", "s3:PutBucketPolicy", "s*"]
)
def test_a_policy_that_lets_anybody_change_files(action: str) -> None:
    """Each way of writing it is a failure, unless a switch of Amazon's stands before it."""
    found = replace(GOOD, grants=(Grant(("s3:GetObject", action), False),))
    verdict = checks.nobody_else_can_write(found)
    assert (verdict.passed, verdict.severity) == (False, "error")
    assert checks.nobody_else_can_write(replace(found, switches=SHUT)).passed


def test_writing_under_a_condition_is_for_somebody_to_read() -> None:
    """It is a warning, because only a person can tell who meets the condition; without one it is a failure."""
    some = Grant(("s3:PutObject",), True)
    verdict = checks.nobody_else_can_write(replace(GOOD, grants=(some,)))
    assert (verdict.passed, verdict.severity) == (False, "warn")
    both = checks.nobody_else_can_write(replace(GOOD, grants=(some, Grant(("s3:DeleteObject",), False))))
    assert both.severity == "error"


@pytest.mark.parametrize("permission", ["WRITE", "WRITE_ACP", "FULL_CONTROL"])
def test_an_access_list_that_lets_everybody_write(permission: str) -> None:
    """A failure, also where the policy could not be read; not where access lists are ignored."""
    found = replace(GOOD, acl=(permission,), grants=DENIED)
    assert checks.nobody_else_can_write(found).severity == "error"
    assert checks.nobody_else_can_write(replace(found, grants=(), switches=SHUT)).passed


@pytest.mark.parametrize("half", [replace(GOOD, acl=DENIED), replace(GOOD, grants=DENIED)])
def test_half_an_answer_is_none(half: FileStorage) -> None:
    """Where policy or access list could not be read, nobody can say that strangers do not write."""
    assert is_not_testable(checks.nobody_else_can_write(half))


def test_what_keeps_files_safe() -> None:
    """No encryption and no versions are warnings; a bucket elsewhere is a failure."""
    assert not checks.encrypted(replace(GOOD, encryption="")).passed
    for state in ("off", "Suspended"):
        verdict = checks.has_a_way_back(replace(GOOD, versioning=state))
        assert (verdict.passed, verdict.severity) == (False, "warn")
    assert checks.in_its_region(replace(GOOD, region="us-east-1"), "eu-west-2").severity == "error"


def test_a_copy_on_productions_bucket() -> None:
    """It is a failure; behind an access point nobody can tell."""
    assert not checks.is_not_productions(GOOD, ["other", "council-media"]).passed
    assert is_not_testable(checks.is_not_productions(replace(GOOD, bucket="media-abc-s3alias"), ["other"]))
