"""The runbook's questions about caches: which Redis and which hosts of an environment are asked.

Does not belong here: asking (see `probes.cache`), judging (see `checks.cache`). Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bc_pipelines.checks import cache as cache_checks
from bc_pipelines.checks.verdict import Fact, Verdict, not_testable
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.operations.infrastructure import Looked
from bc_pipelines.operations.tools import Tools
from bc_pipelines.probes import cache
from bc_pipelines.probes.told import Untold, version_of

CACHE = {
    "answers": "The site's Redis lets it in: a site goes on without one, so that nobody would notice.",
    "encrypted": "Password and values are encrypted on their way.",
    "asks_for_password": "Whoever has no password is refused.",
    "evicts_when_full": "When memory is full, old values make room: else nothing could be stored any more.",
}
OF_A_COPY = {"is_not_productions": "The Redis is another one than production's: a reset empties it."}


def checks_of_cache(environment: str) -> Mapping[str, str]:
    """The checks of a cache, by name; only a copy can be mistaken for production."""
    return {**CACHE, **({} if environment == "production" else OF_A_COPY)}


def look_at_cache(tools: Tools, environment: str) -> Looked:
    """Ask the Redis that an environment's app names what it is like: PING and INFO, and no more.

    Args:
        tools: the run's tools.
        environment: its name.
    """
    names = checks_of_cache(environment)
    app = tools.settings.environments[environment].heroku_app
    try:
        url = tools.heroku.config_vars(app).get("REDIS_URL", "")
        elsewhere = url if environment == "production" else _productions(tools)
    except HerokuError as reason:
        return _unknown(names, "not configured", str(reason))
    if not url:
        why = f"{app} has no REDIS_URL, so its site caches in its own database, which a reset empties."
        return _unknown(names, "the site's database", why)
    place, production = cache.place_of(url), cache.place_of(elsewhere)
    if place is None:
        return _unknown(names, "not known", f"REDIS_URL of {app} is no address of a Redis.")
    seen = cache.look(place)
    judges: Mapping[str, Callable[[], Verdict]] = {
        "answers": lambda: cache_checks.answers(seen),
        "encrypted": lambda: cache_checks.encrypted(seen),
        "asks_for_password": lambda: cache_checks.asks_for_password(seen),
        "evicts_when_full": lambda: cache_checks.evicts_when_full(seen),
        "is_not_productions": lambda: cache_checks.is_not_productions(
            seen, production, cache.look(production).process if production else Untold("not known")
        ),
    }
    return Looked(_facts(seen), version_of(seen), {name: judges[name]() for name in names})


def _productions(tools: Tools) -> str:
    return tools.heroku.config_vars(tools.settings.production.heroku_app).get("REDIS_URL", "")


def _unknown(names: Mapping[str, str], backend: str, why: str) -> Looked:
    return Looked({"backend": backend}, backend, {name: not_testable(why) for name in names})


def _facts(seen: cache.Cache) -> Mapping[str, Fact]:
    facts: dict[str, Fact] = {
        "backend": "Redis",
        "address": seen.address,
        "version": _shown(seen.version),
        "encrypted": _shown(seen.encrypted),
        "certificate_is_trusted": _shown(seen.trusted),
        "milliseconds_to_an_answer": _shown(seen.milliseconds),
        "when_memory_is_full": _shown(seen.policy),
    }
    if not isinstance(seen.used, Untold):
        facts["megabytes_used"] = round(seen.used / 1e6, 2)
    if not isinstance(seen.limit, Untold):
        facts["megabytes_at_most"] = round(seen.limit / 1e6, 2) or "no limit"
    if not isinstance(seen.use, Untold):
        asked = seen.use.found + seen.use.missed
        facts["evicted_keys"] = seen.use.evicted
        facts["refused_connections"] = seen.use.refused
        facts["hit_ratio"] = round(seen.use.found / asked, 3) if asked else "nothing was asked for yet"
    if not isinstance(seen.databases, Untold):
        for each in seen.databases:
            facts[f"keys_in_database_{each.number}"] = f"{each.keys}, of which {each.expiring} expire"
    return facts


def _shown(value: str | float | bool | Untold) -> Fact:
    if isinstance(value, Untold):
        return f"not told ({value.why})"
    return ("yes" if value else "no") if isinstance(value, bool) else value
