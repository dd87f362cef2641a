"""The runbook's question about front-end caches: which hosts of an environment are asked, where, and with which login.

Does not belong here: asking (see `probes.front_end_cache`), judging (see `checks.front_end_cache`). Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from bc_pipelines.checks import front_end_cache as front_checks
from bc_pipelines.checks.verdict import Fact, Row, listed
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.operations.infrastructure import Checks, Looked, shown
from bc_pipelines.operations.ready import login_of
from bc_pipelines.operations.tools import Tools
from bc_pipelines.probes import front_end_cache as front
from bc_pipelines.probes.told import Untold, version_of

CHECKS = Checks(
    of_each={
        "private_pages_are_not_kept": "No cache may keep the admin's pages; of documents it is a warning.",
        "no_cookie_on_kept_pages": "A home page that caches may keep sets no cookie, which the next visitor would get.",
        "visitors_are_told_apart": "Such a page is kept for each cookie apart. Never more than a warning.",
    },
    # A copy need not be kept by any cache.
    of_production={"home_page_may_be_kept": "The home page says what caches may keep. Never more than a warning."},
)


def look_at_front_end_cache(tools: Tools, environment: str) -> Looked:
    """Ask every host of an environment for a few pages, as a visitor.

    Args:
        tools: the run's tools.
        environment: its name.
    """
    settings = tools.settings
    login = _login(tools, environment)
    with ThreadPoolExecutor(max_workers=5) as pool:
        hosts = settings.environments[environment].hosts
        seen = list(pool.map(lambda host: front.look(host, settings.connect_to, login), hosts))
    verdicts = {
        "private_pages_are_not_kept": front_checks.private_pages_are_not_kept(seen),
        "no_cookie_on_kept_pages": front_checks.no_cookie_on_kept_pages(seen),
        "visitors_are_told_apart": front_checks.visitors_are_told_apart(seen),
    }
    if environment == "production":
        verdicts["home_page_may_be_kept"] = front_checks.home_page_may_be_kept(seen)
    return Looked(_facts(seen, settings.connect_to), version_of(*seen), verdicts, tuple(map(_row, seen)))


def _login(tools: Tools, environment: str) -> tuple[str, str] | None:
    try:
        return login_of(tools.heroku.config_vars(tools.settings.environments[environment].heroku_app))
    except HerokuError:
        # Hosts that ask for one then say so.
        return None


def _facts(seen: Sequence[front.FrontEnd], connect_to: str | None) -> Mapping[str, Fact]:
    caches = sorted({each.cache for each in seen if isinstance(each.cache, str) and each.cache})
    told = any(isinstance(each.cache, str) for each in seen)
    facts: dict[str, Fact] = {
        "hosts": len(seen),
        "front_end_cache": listed(caches) if caches else "none seen" if told else "no host answered",
    }
    return facts | ({"asked_at": connect_to} if connect_to else {})


def _row(each: front.FrontEnd) -> Row:
    home, again = each.home, each.again
    if isinstance(home, Untold):
        nothing = dict.fromkeys(("vary", "cookies", "second look"), "")
        return {"host": each.host, "cache": "", "cache-control": shown(home), **nothing}
    return {
        "host": each.host,
        "cache": each.cache if isinstance(each.cache, str) and each.cache else "none seen",
        "cache-control": front_checks.shown(home.directives),
        "vary": ", ".join(home.vary),
        "cookies": ", ".join(home.cookies),
        "second look": " ".join(filter(None, (again.outcome, again.age))) if isinstance(again, front.Told) else "",
    }
