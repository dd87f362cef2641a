"""Whether a plan may be carried out, decided on the whole of it before anything is written. All or nothing.

An empty source with deletions on is how other tools wipe a bucket and call it a success.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bc_pipelines.media.bucket import Bucket
from bc_pipelines.media.errors import Refused
from bc_pipelines.media.folder import Folder
from bc_pipelines.media.plan import Action, Plan

Place = Bucket | Folder

_NAMED = 20


@dataclass(frozen=True)
class Limits:
    """What makes a plan suspicious.

    Attributes:
        most_deletes: more deletions are refused, whatever their share.
        most_deleted_share: a larger share of the target's objects, from 0 to 1, is not deleted.
        few: so few deletions are let through whatever their share.
        least_source_share: a source with less than this share of its objects of last time is refused.
    """

    most_deletes: int = 5_000
    most_deleted_share: float = 0.2
    few: int = 20
    least_source_share: float = 0.5


def objections(
    plan: Plan,
    source: Place,
    target: Place,
    production: str,
    *,
    limits: Limits,
    deletes: bool,
    source_count_before: int | None = None,
    unfit: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Every reason not to carry a plan out.

    Args:
        plan: made of complete listings.
        source: where objects come from.
        target: what would be changed.
        production: name of production's bucket, which is never written; names are unique, endpoints are not.
        limits: what makes a plan suspicious.
        deletes: whether deletions are to be carried out.
        source_count_before: how many objects the source had last time, where that is known.
        unfit: keys that cannot be written or read, each with the reason: of ``Fitting``, ``in_the_way`` and ``Walk``.
    """
    return (
        *_wrong_place(source, target, production),
        *_shrunken(plan, source, limits, source_count_before),
        *(_too_many_deletions(plan, target, limits) if deletes else ()),
        *_unfit(unfit or {}),
    )


def insist(found: tuple[str, ...]) -> None:
    """Refuse where there is an objection.

    Raises:
        Refused: nothing was copied and nothing deleted.
    """
    if found:
        raise Refused("Nothing was copied and nothing deleted. " + " ".join(found))


def _wrong_place(source: Place, target: Place, production: str) -> Iterator[str]:
    if source.name == target.name:
        yield f"Source and target are one place, {target.name}."
    if target.name == production:
        yield f"The target {target.name} is production's bucket, which is never written."


def _shrunken(plan: Plan, source: Place, limits: Limits, before: int | None) -> Iterator[str]:
    if not plan.source_count:
        yield f"The source {source} is empty. Is that the right place and prefix?"
    elif before and plan.source_count < before * limits.least_source_share:
        yield (
            f"The source {source} has {plan.source_count} objects, and had {before} last time. If that is meant, lower "
            "least_source_share for this run."
        )


def _too_many_deletions(plan: Plan, target: Place, limits: Limits) -> Iterator[str]:
    count = len(plan.of(Action.DELETE))
    if (everything := count + len(plan.personal)) > limits.most_deletes:
        yield f"{everything} objects of {target} would be deleted; {limits.most_deletes} are allowed."
    elif count > max(limits.few, plan.target_count * limits.most_deleted_share):
        share = limits.most_deleted_share
        yield f"{count} of {plan.target_count} objects of {target} would be deleted; a share of {share:.0%} is allowed."


def _unfit(unfit: Mapping[str, str]) -> Iterator[str]:
    if unfit:
        # Quoted, because a name may hold what a terminal obeys.
        named = ", ".join(f"{key!r} ({reason})" for key, reason in sorted(unfit.items())[:_NAMED])
        more = f" and {len(unfit) - _NAMED} more" if len(unfit) > _NAMED else ""
        yield f"{len(unfit)} names do not fit: {named}{more}. Put that right, or leave these keys out by name."
