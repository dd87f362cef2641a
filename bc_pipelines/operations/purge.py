"""Emptying the cache in front of an environment's hosts, where its app names one: Cloudflare's.

Hosts are purged by name and never the whole zone, which may be production's too. A purge that fails stops nothing: what
is kept goes by itself within minutes. Does not belong here: the site's own caches (see `ready`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import httpx

from bc_pipelines.checks.verdict import Verdict, listed
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.operations.tools import Tools

PURGED = {
    "front_end_cache_purged": "The front-end cache that the app's config vars name has dropped what it kept of these "
    "hosts. Never more than a warning.",
}
_VARIABLE = "FRONTEND_CACHE_CLOUDFLARE_"
# The most that one call took on any plan before 2025; there are five.
_HOSTS_A_CALL = 30
_SECONDS = 15.0


def purge(tools: Tools, environment: str) -> Verdict:
    """Have the front-end cache drop every page of an environment's hosts.

    Args:
        tools: the run's tools.
        environment: its name; one that may be written.

    Returns:
        Whether that was done, or nothing had to be; a warning else. Never raises for what Cloudflare or Heroku do.
    """
    settings = tools.settings
    # Whatever is configured, what production's visitors get is not touched.
    hosts = [host for host in settings.environments[environment].hosts if host not in settings.production.hosts]
    app = settings.environments[environment].heroku_app
    try:
        told = tools.heroku.config_vars(app)
    except HerokuError as reason:
        return _not_purged(hosts, str(reason))
    zone, login = told.get(f"{_VARIABLE}ZONEID", "").strip(), _login(told)
    if not zone and not login:
        return Verdict(True, f"{app} names no front-end cache ({_VARIABLE}ZONEID), so there was none to empty.")
    if not zone or not login:
        return _not_purged(hosts, f"{app} names only half of what Cloudflare asks for ({_VARIABLE}…).")
    address = f"{settings.cloudflare_api_url}/zones/{quote(zone, safe='')}/purge_cache"
    for start in range(0, len(hosts), _HOSTS_A_CALL):
        problem = _call(address, login, hosts[start : start + _HOSTS_A_CALL])
        if problem:
            return _not_purged(hosts, problem)
    return Verdict(True, f"Cloudflare dropped what it kept of {listed(hosts)}.", {"hosts": len(hosts)})


def _login(told: Mapping[str, str]) -> Mapping[str, str]:
    """The headers that say who asks, in the site's own order of preference; none where nothing says it."""
    key, email = (told.get(f"{_VARIABLE}{name}", "").strip() for name in ("TOKEN", "EMAIL"))
    token = told.get(f"{_VARIABLE}BEARER_TOKEN", "").strip()
    if key:
        return {"X-Auth-Email": email, "X-Auth-Key": key} if email else {}
    return {"Authorization": f"Bearer {token}"} if token else {}


def _call(address: str, login: Mapping[str, str], hosts: Sequence[str]) -> str:
    """Purge some hosts; the answer is what went wrong, without anything that may hold a token."""
    try:
        answer = httpx.post(address, json={"hosts": list(hosts)}, headers=dict(login), timeout=_SECONDS)
        told = answer.json()
        if told["success"] is True:
            return ""
        codes = listed(str(int(error["code"])) for error in told["errors"])
    except httpx.HTTPError as error:
        return f"Cloudflare could not be asked ({type(error).__name__})."
    except (ValueError, KeyError, TypeError, httpx.InvalidURL):
        # No cause: a token that is no valid header is quoted in it.
        return "Cloudflare's answer could not be read, or the token could not be sent."
    return f"Cloudflare refused (status {answer.status_code}, code {codes})."


def _not_purged(hosts: Sequence[str], why: str) -> Verdict:
    summary = (
        f"The front-end cache may still hold pages of before: {why} They go by themselves when their time is over, ten "
        f"minutes as the site has it. To be sure, purge these hosts in Cloudflare's dashboard: {listed(hosts)}."
    )
    return Verdict(False, summary, severity="warn")
