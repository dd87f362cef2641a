"""Verdicts on the site's branches: whether they merge, what would be lost, and what the repository holds afterwards."""

from __future__ import annotations

from collections.abc import Iterable

from bc_pipelines.checks.verdict import Row, Verdict, listed

NOT_CONFIGURED = "Not looked at: environments.toml names no repository."


def every_branch_merges(rows: tuple[Row, ...], main: str) -> Verdict:
    """Whether each branch that is to be merged back into a new staging merges without anybody's help.

    Args:
        rows: one for each, in order: `branch`, `merges`, `files` and `conflicts with`.
        main: the branch that they are merged into.
    """
    facts = {"branches": len(rows), "conflicts": sum(not row["merges"] for row in rows)}
    stuck = [f"{row['branch']} ({row['files']})" for row in rows if not row["merges"]]
    if stuck:
        return Verdict(
            False,
            f"Not every branch merges into {main}, in this order: {listed(stuck, 5)}. Merge {main} into it, or "
            "leave it out with repository.merge in environments.toml.",
            facts,
            rows,
        )
    if not rows:
        return Verdict(True, f"No branch is merged back: staging becomes {main}.", facts)
    return Verdict(True, f"All {len(rows)} branches merge cleanly into {main}, in this order.", facts, rows)


def migrations_come_together(rows: tuple[Row, ...]) -> Verdict:
    """Whether no app of a new staging has two last migrations, with which Django would not migrate.

    Args:
        rows: one for each app that has: `migrations of`, `last ones` and `brought by`.
    """
    facts = {"apps": len(rows)}
    if not rows:
        return Verdict(True, "No branch brings a migration that does not follow the others.", facts)
    apps = listed((f"{row['migrations of']} ({row['last ones']}; brought by {row['brought by']})" for row in rows), 5)
    return Verdict(
        False,
        f"Branches brought migrations that do not know each other: {apps}. Merge one of the branches into the other, "
        "run ./manage.py makemigrations --merge there, and push; or leave one out with repository.merge in "
        "environments.toml.",
        facts,
        rows,
    )


def nothing_only_on_staging(commits: Iterable[tuple[str, str, bool]], staging: str) -> Verdict:
    """Whether staging has commits that no other branch has; only ever a warning, since a person may accept that.

    Args:
        commits: id, date and whether it is a merge in which somebody changed something.
        staging: the branch's name.
    """
    rows: tuple[Row, ...] = tuple({"commit": each[:12], "date": date, "merge": merge} for each, date, merge in commits)
    if rows:
        return Verdict(
            False,
            f"Only {staging} has {len(rows)} commits: {listed((str(row['commit']) for row in rows), 5)}. A new "
            f"{staging} is without them. Put them on a branch of their own if anybody needs them.",
            {"commits": len(rows)},
            rows,
            "warn",
        )
    return Verdict(True, f"Whatever {staging} holds is on another branch too.", {"commits": 0}, severity="warn")
