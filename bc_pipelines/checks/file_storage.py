"""Whether a bucket of media is open where visitors need it and closed everywhere else, from a look's facts."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase

from bc_pipelines.checks.verdict import Verdict, listed, not_testable
from bc_pipelines.probes.file_storage import NOT_S3S, FileStorage, Grant, Switches
from bc_pipelines.probes.told import Untold

# Names of access points, which are used as a bucket's name is (S3 manual, "Bucket naming rules": reserved suffixes).
_ALIASES = ("-s3alias", "--ol-s3", ".mrap")
_READING = ("s3:get", "s3:list", "s3:describe")
_RIGHTS = "docs/infrastructure.md lists the rights that the keys need."


def images_are_public(seen: FileStorage) -> Verdict:
    """Whether visitors see pictures: the site links to them without a signature, so a policy must let anybody read."""
    what = f"Expected: anybody can read {seen.image}, and a policy of {seen.bucket} says so."
    if isinstance(seen.image_readable, Untold):
        return not_testable(f"no image of {seen.bucket} could be asked for without a key ({seen.image_readable.why}).")
    if not seen.image_readable and seen.policy_is_public == seen.grants == Untold(NOT_S3S):
        # No failure of the bucket's: nothing that could be set on it would change that.
        return Verdict(
            False,
            f"{what} Found: it is refused, and the server knows no policies, so that nobody without a key can be let "
            "in. Look whether visitors see pictures: if not, keep the media on a server that knows policies, or name a "
            "host that shows them in AWS_S3_CUSTOM_DOMAIN.",
            severity="warn",
        )
    if not seen.image_readable:
        return Verdict(
            False,
            f"{what} Found: it is refused, so visitors see no pictures. Let `*` do s3:GetObject on the bucket's "
            "objects in its policy, and look whether a switch against public access is on.",
        )
    if seen.policy_is_public is False:
        return Verdict(
            False,
            f"{what} Found: it can be read, but by no policy; others may not be, because the site stores objects as "
            "private. Put the right into the bucket's policy.",
            severity="warn",
        )
    by = "" if seen.policy_is_public is True else " By what right was not told."
    return Verdict(True, f"Anybody can read {seen.image} of {seen.bucket}, as visitors must.{by}")


def list_is_not_public(seen: FileStorage) -> Verdict:
    """Whether strangers can see the names of all files, those of unpublished and private documents among them."""
    ways = []
    if seen.listable is True:
        ways.append("it was given to somebody without a key")
    if _effective(seen.acl, seen.switches, "ignore_acls") & {"READ", "FULL_CONTROL"}:
        ways.append("the bucket's access list gives it to everybody")
    if any(_lists(action) for grant in _grants(seen) if not grant.conditional for action in grant.actions):
        ways.append("its policy gives it to anybody")
    if ways:
        return Verdict(
            False,
            f"Expected: nobody without a key gets the list of what {seen.bucket} holds. Found: {' and '.join(ways)}. "
            "It names files that no page links to. Take s3:ListBucket for `*` out of its policy, and READ for "
            "everybody out of its access list.",
        )
    if isinstance(seen.listable, Untold):
        return not_testable(f"{seen.bucket} did not say whether strangers get its list ({seen.listable.why}).")
    return Verdict(True, f"Somebody without a key is refused the list of what {seen.bucket} holds.")


def nobody_else_can_write(seen: FileStorage) -> Verdict:
    """Whether policy or access list let strangers change files. Nothing is tried out."""
    if _effective(seen.acl, seen.switches, "ignore_acls") & {"WRITE", "WRITE_ACP", "FULL_CONTROL"}:
        return _open(seen, "the bucket's access list lets everybody")
    changing = [grant for grant in _grants(seen) if any(_changes(action) for action in grant.actions)]
    for grant in changing:
        if not grant.conditional:
            return _open(seen, f"its policy lets anybody do {_named(grant)}")
    if changing:
        return Verdict(
            False,
            f"The policy of {seen.bucket} lets anybody do {_named(changing[0])} under a condition. Have somebody read "
            "that condition: it must not be one that a stranger can meet.",
            severity="warn",
        )
    untold = sorted({each.why for each in (seen.acl, seen.grants) if isinstance(each, Untold)})
    if untold:
        return not_testable(f"policy or access list of {seen.bucket} could not be read ({listed(untold)}). {_RIGHTS}")
    return Verdict(True, f"Neither policy nor access list of {seen.bucket} let strangers change anything.")


def encrypted(seen: FileStorage) -> Verdict:
    """Whether what is stored is encrypted by default."""
    if isinstance(seen.encryption, Untold):
        return not_testable(f"how {seen.bucket} encrypts was not told ({seen.encryption.why}). {_RIGHTS}")
    if not seen.encryption:
        summary = f"{seen.bucket} does not encrypt what is stored. Switch on default encryption (SSE-S3)."
        return Verdict(False, summary, severity="warn")
    return Verdict(True, f"{seen.bucket} encrypts what is stored ({seen.encryption}).")


def has_a_way_back(seen: FileStorage) -> Verdict:
    """Whether a file that was overwritten or deleted can be had back."""
    if isinstance(seen.versioning, Untold):
        return not_testable(f"whether {seen.bucket} keeps versions was not told ({seen.versioning.why}). {_RIGHTS}")
    if seen.versioning != "Enabled":
        summary = (
            f"Expected: {seen.bucket} keeps versions. Found: {seen.versioning}. What is deleted or overwritten is "
            "gone; switch versioning on, with a lifecycle rule that lets old versions expire."
        )
        return Verdict(False, summary, severity="warn")
    return Verdict(True, f"{seen.bucket} keeps versions, so a file that was deleted or overwritten can be had back.")


def in_its_region(seen: FileStorage, expected: str) -> Verdict:
    """Whether the bucket is where its app says.

    Args:
        seen: the facts.
        expected: the region as configured; empty where nothing says one.
    """
    if not expected:
        return not_testable("no region is configured: neither AWS_S3_REGION_NAME nor AWS_DEFAULT_REGION is set.")
    if isinstance(seen.region, Untold):
        return not_testable(f"where {seen.bucket} is was not told ({seen.region.why}). {_RIGHTS}")
    if seen.region != expected:
        summary = (
            f"Expected: {seen.bucket} is in {expected}. Found: it is in {seen.region}. Correct the app's region, or "
            "ask who is responsible for data protection whether the bucket may be there."
        )
        return Verdict(False, summary)
    return Verdict(True, f"{seen.bucket} is in {expected}, as configured.")


def is_not_productions(seen: FileStorage, production: Collection[str]) -> Verdict:
    """Whether a bucket is another one than production's.

    Args:
        seen: the facts.
        production: every name of production's bucket.
    """
    if seen.bucket in production:
        summary = (
            f"{seen.bucket} is production's bucket. Give this app a bucket of its own before anything else is done."
        )
        return Verdict(False, summary)
    if ":" in seen.bucket or seen.bucket.endswith(_ALIASES):
        return not_testable(
            f"{seen.bucket} is an access point, which may lead to production's. Name the bucket itself."
        )
    return Verdict(True, f"{seen.bucket} is not production's bucket ({listed(production)}).")


def _open(seen: FileStorage, how: str) -> Verdict:
    return Verdict(
        False,
        f"Expected: strangers cannot change what {seen.bucket} holds. Found: {how}. Take that out at once, and look "
        "for files that nobody of yours put there.",
    )


def _effective(acl: tuple[str, ...] | Untold, switches: Switches | Untold, switch: str) -> set[str]:
    return set() if isinstance(acl, Untold) or _on(switches, switch) else set(acl)


def _grants(seen: FileStorage) -> tuple[Grant, ...]:
    return () if isinstance(seen.grants, Untold) or _on(seen.switches, "restrict_buckets") else seen.grants


def _on(switches: Switches | Untold, name: str) -> bool:
    return not isinstance(switches, Untold) and bool(getattr(switches, name))


def _changes(action: str) -> bool:
    action = action.lower()
    # An asterisk further left than the verb takes in everything.
    return not action.startswith(_READING) and (action.startswith("s3:") or fnmatchcase("s3:putobject", action))


def _lists(action: str) -> bool:
    return fnmatchcase("s3:listbucket", action.lower())


def _named(grant: Grant) -> str:
    return listed(grant.actions)
