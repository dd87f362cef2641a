"""Whether Heroku's token is allowed to do what a reset does, asked before anything is done.

Belongs here: which apps are asked about, and the verdict. Does not belong here: how rights are found out (see
`heroku.access`).
"""

from __future__ import annotations

from bc_pipelines.checks.verdict import Verdict
from bc_pipelines.heroku.access import access
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.tools import Tools
from bc_pipelines.settings import Environment


def rights_for_reset(tools: Tools, target: Environment) -> Verdict:
    """Say what the token may do on production's app and on the target's. Changes nothing.

    Args:
        tools: the run's tools.
        target: the environment that would be reset.

    Returns:
        The verdict; it fails where a reset would be refused on the way, and warns where nobody can know before. Its
        rows are every right by app.

    Raises:
        HerokuError: Heroku cannot be reached, or does not accept the token at all.
    """
    apps = (tools.settings.production.heroku_app, target.heroku_app)
    known = [environment.heroku_app for environment in tools.settings.environments.values()]
    found = access(tools.heroku, apps, known)
    objections = [each for app in found for each in app.objections]
    doubts = list(dict.fromkeys(each for app in found for each in app.doubts))
    return Verdict(
        passed=not objections and not doubts,
        summary=" ".join([*objections, *doubts] or [app.words for app in found]),
        facts={"rights missing": len(objections), "doubts": len(doubts)},
        rows=tuple(
            {"app": app.app, "may": right.to, "allowed": right.allowed, "because": right.why, "needed": right.needed}
            for app in found
            for right in app.rights
        ),
        severity="error" if objections else "warn",
    )


def require_rights(verdict: Verdict) -> None:
    """Refuse a reset that the token cannot carry through.

    Args:
        verdict: of `rights_for_reset`.

    Raises:
        Refused: a right is missing.
    """
    if verdict.stops:
        raise Refused(f"{verdict.summary} Nothing was changed.")
