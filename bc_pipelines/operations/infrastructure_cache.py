"""The runbook's questions about caches: which Redis and which hosts of an environment are asked.

Does not belong here: asking (see `probes.cache`), judging (see `checks.cache`). Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping

from bc_pipelines.checks import cache as cache_checks
from bc_pipelines.checks.verdict import Fact
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.operations.infrastructure import Checks, Looked, nothing_known, shown
from bc_pipelines.operations.tools import Tools
from bc_pipelines.probes import cache
from bc_pipelines.probes.told import Untold, version_of

CHECKS = Checks(
    of_each={
        "answers": "The site's Redis lets it in: a site goes on without one, so that nobody would notice.",
        "encrypted": "Password and values are encrypted on their way.",
        "asks_for_password": "Whoever has no password is refused.",
        "evicts_when_full": "When memory is full, old values make room: else nothing could be stored any more.",
    },
    of_a_copy={"is_not_productions": "The Redis is another one than production's: a reset empties it."},
)


def look_at_cache(tools: Tools, environment: str) -> Looked:
    """Ask the Redis that an environment's app names what it is like: PING and INFO, and no more.

    Args:
        tools: the run's tools.
        environment: its name.
    """
    names = CHECKS.of(environment)
    app = tools.settings.environments[environment].heroku_app
    try:
        url = _url(tools, app)
        elsewhere = "" if environment == "production" else _url(tools, tools.settings.production.heroku_app)
    except HerokuError as reason:
        return nothing_known(names, str(reason), "backend")
    if not url:
        why = f"{app} has no REDIS_URL, so its site caches in its own database, which a reset empties."
        return nothing_known(names, why, "backend", "the site's database")
    place = cache.place_of(url)
    if place is None:
        return nothing_known(names, f"REDIS_URL of {app} is no address of a Redis.", "backend", "not known")
    seen = cache.look(place)
    verdicts = {
        "answers": cache_checks.answers(seen),
        "encrypted": cache_checks.encrypted(seen),
        "asks_for_password": cache_checks.asks_for_password(seen),
        "evicts_when_full": cache_checks.evicts_when_full(seen),
    }
    if environment != "production":
        production = cache.place_of(elsewhere)
        process = cache.look(production).process if production else Untold("not known")
        verdicts["is_not_productions"] = cache_checks.is_not_productions(seen, production, process)
    return Looked(_facts(seen), version_of(seen), verdicts)


def _url(tools: Tools, app: str) -> str:
    return tools.heroku.config_vars(app).get("REDIS_URL", "")


def _facts(seen: cache.Cache) -> Mapping[str, Fact]:
    facts: dict[str, Fact] = {
        "backend": "Redis",
        "address": seen.address,
        "version": shown(seen.version),
        "encrypted": shown(seen.encrypted),
        "certificate_is_trusted": shown(seen.trusted),
        "milliseconds_to_an_answer": shown(seen.milliseconds),
        "when_memory_is_full": shown(seen.policy),
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
