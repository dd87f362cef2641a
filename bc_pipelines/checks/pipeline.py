"""Verdicts on the CI of staging's branch, and on whether Heroku runs what was pushed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bc_pipelines.checks.verdict import Fact, Row, Verdict, listed

NOT_CONFIGURED = "Not waited for: environments.toml names no [repository.gitlab]."
NOT_DEPLOYED = "Not looked at: repository.gitlab.deploys does not say that CI releases staging's branch on Heroku."
_NEXT = (
    "Look at {page}. Then either mend it where it was made, on the main branch or on the branch that brought it, and "
    "start the reset again; or have GitLab run the pipeline again; or put the old branch back."
)
_SHORTEST = 7


def ci_passes(
    commit: str, status: str | None, page: str, jobs: Iterable[tuple[str, str, bool]], waited: str
) -> Verdict:
    """Whether the pipeline of a pushed commit has ended well; jobs that somebody starts by hand do not count.

    Args:
        commit: that was pushed.
        status: of its newest pipeline, as GitLab has it; None where none has begun.
        page: the pipeline's address; where none has begun, that of the branch's newest, if there is one.
        jobs: name, status and whether its failure counts for nothing.
        waited: how long it was waited for, in words.
    """
    rows: tuple[Row, ...] = tuple({"job": name, "status": now, "optional": may} for name, now, may in jobs)
    of, facts = f"The pipeline of {commit[:12]}", {"jobs": len(rows)}
    if status == "success":
        return Verdict(True, f"{of} succeeded: {page}", facts, rows)
    if status == "manual" and not _broken(rows):
        return _waits_for_somebody(of, page, facts, rows)
    if status == "skipped":
        said = f"{of} was skipped, so nothing has tested this code. Does a message of a commit say [skip ci]? {page}"
        return Verdict(False, said, facts, rows, "warn")
    if status is None:
        newest = f" The branch's newest, {page}, is of another commit: did somebody push since?" if page else ""
        return Verdict(
            False,
            f"GitLab has begun no pipeline of {commit[:12]} within {waited}.{newest} Does .gitlab-ci.yml leave this "
            "branch out? Start one for it in GitLab (Build, Pipelines), and start the reset again.",
        )
    # GitLab calls a pipeline manual for as long as somebody may start one of its jobs, whatever became of the others.
    if status in ("failed", "canceled", "manual"):
        broken = _broken(rows)
        which = f" ({listed(broken, 5)})" if broken else ""
        how = "was cancelled" if status == "canceled" else "failed"
        return Verdict(False, f"{of} {how}{which}. {_NEXT.format(page=page)}", facts, rows)
    said = f"{of} has not ended within {waited}: it is {status}. Look at {page}, and start the reset again."
    return Verdict(False, said, facts, rows)


def none_is_before_it(commit: str, status: str, page: str, waited: str) -> Verdict:
    """What to say of a pipeline that ended well, while an older one of the branch has not ended.

    Args:
        commit: that was pushed.
        status: of the older pipeline, as GitLab has it.
        page: the older pipeline's address.
        waited: how long it was waited for, in words.
    """
    return Verdict(
        False,
        f"The pipeline of {commit[:12]} has ended, but within {waited} an older one of the branch has not, which may "
        f"release another commit: it is {status}. Look at {page}, cancel it if nobody needs it, and start the reset "
        "again.",
    )


def _broken(rows: Iterable[Row]) -> list[str]:
    """Names of the jobs that did not come to a good end, and had to."""
    return [f"{row['job']}" for row in rows if row["status"] in ("failed", "canceled") and not row["optional"]]


def _waits_for_somebody(of: str, page: str, facts: Mapping[str, Fact], rows: tuple[Row, ...]) -> Verdict:
    """Of a pipeline that goes no further by itself: a warning where jobs are left that nobody starts by hand."""
    by_hand = listed(f"{row['job']}" for row in rows if row["status"] == "manual")
    behind = [f"{row['job']}" for row in rows if row["status"] == "created"]
    if not behind:
        return Verdict(True, f"{of} did all but what somebody starts by hand ({by_hand}): {page}", facts, rows)
    said = f"{of} waits for somebody to start {by_hand}. Until then, this has not run: {listed(behind, 5)}. {page}"
    return Verdict(False, said, facts, rows, "warn")


def same_commit(commit: str, of_release: str | None) -> bool:
    """Whether a release's commit is the one that was pushed; whoever deploys may have shortened it."""
    return of_release is not None and len(of_release) >= _SHORTEST and commit.startswith(of_release.lower())


def is_released(
    commit: str,
    version: int | None,
    of_release: str | None,
    failed: int | None,
    waited: str,
    *,
    pending: int | None = None,
) -> Verdict:
    """Whether Heroku's current release is of the pushed commit.

    Args:
        commit: that was pushed.
        version: of the current release; None where there is none.
        of_release: the commit that it is of; None where Heroku does not tell.
        failed: version of a newer release of the commit that Heroku gave up; None where there is none.
        waited: how long it was waited for, in words.
        pending: version of a newer release that is not over, of whichever commit; None where there is none.
    """
    facts = {"release": version or 0}
    if pending is not None and failed is None:
        return Verdict(
            False,
            f"Within {waited}, Heroku's release v{pending} did not come to its end: its release phase may be running. "
            f"Look at heroku releases:output v{pending}, and start the reset again once it is over.",
            facts,
        )
    if same_commit(commit, of_release):
        return Verdict(True, f"Heroku's release v{version} is of {commit[:12]}.", facts)
    runs = f"v{version} of {of_release[:12] if of_release else 'no commit that it tells'}" if version else "no release"
    if failed is not None:
        return Verdict(
            False,
            f"Heroku's release v{failed} of {commit[:12]} failed, probably in its release phase; the app still runs "
            f"{runs}. Read why with heroku releases:output v{failed}, and start the reset again once it is mended.",
            facts,
        )
    do = "Run the deploy job of the pipeline again, and start the reset again."
    if version and not of_release:
        do = (
            "Whoever deploys does not tell Heroku of which commit a release is, so this can never pass: have it tell, "
            "or set repository.gitlab.deploys = false, and start the reset again."
        )
    return Verdict(
        False,
        f"CI has ended, but within {waited} Heroku did not release {commit[:12]}: the app runs {runs}. {do}",
        facts,
    )
