"""The runbook's questions about an environment's infrastructure: asked of what settings and apps name, then judged.

Belongs here: which bucket, hosts and keys a probe is handed, and what cannot be asked. Does not belong here: asking
(see `probes`), judging (see `checks`). Nothing is changed, on no environment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bc_pipelines.checks import file_storage as storage_checks
from bc_pipelines.checks.verdict import Fact, Row, Verdict, not_testable
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.media_places import MediaPlaces
from bc_pipelines.operations.tools import Tools
from bc_pipelines.probes import file_storage as storage
from bc_pipelines.probes.told import Untold, version_of

FILE_STORAGE = {
    "images_are_public": "Anybody can read an image, by the bucket's policy: pages link to them without a signature.",
    "list_is_not_public": "Nobody without a key gets the list of files.",
    "nobody_else_can_write": "Neither policy nor access list let strangers change files. Nothing is tried out.",
    "encrypted": "What is stored is encrypted by default.",
    "has_a_way_back": "Versions are kept, so that a file that was deleted or overwritten can be had back.",
    "in_its_region": "The bucket is in the region that its app says.",
}
# Longer than anything that is as it should be: a header may have 64 kB, a text in the DNS too.
_LONGEST = 4000
OF_A_COPY = {"is_not_productions": "The bucket is another one than production's."}


@dataclass(frozen=True)
class Looked:
    """One look at one area of an environment.

    Attributes:
        facts: what was found, to show; no secret.
        version: a digest of the facts; another one where something has changed since the last look.
        verdicts: by the check's name.
        rows: facts that come once for each host, as a table.
    """

    facts: Mapping[str, Fact]
    version: str
    verdicts: Mapping[str, Verdict]
    rows: tuple[Row, ...] = ()

    def to_show(self) -> Looked:
        """The same, with what servers said cut short where it is long, and without characters that cannot be seen."""
        verdicts = {
            name: replace(each, summary=_tame(each.summary), rows=tuple(map(_tamed, each.rows)))
            for name, each in self.verdicts.items()
        }
        return replace(self, facts=_tamed(self.facts), verdicts=verdicts, rows=tuple(map(_tamed, self.rows)))


def _tamed(facts: Mapping[str, Fact]) -> Mapping[str, Fact]:
    return {name: _tame(value) if isinstance(value, str) else value for name, value in facts.items()}


def _tame(text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … and {len(text) - _LONGEST} characters more"
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in shown)


def checks_of(area: Mapping[str, str], environment: str) -> Mapping[str, str]:
    """The checks of an area, by name; only a copy can be mistaken for production."""
    return {**area, **({} if environment == "production" else OF_A_COPY)}


def look_at_file_storage(tools: Tools, environment: str) -> Looked:
    """Ask the bucket of an environment's media what it is like, with its app's own keys and with none.

    Args:
        tools: the run's tools.
        environment: its name.
    """
    names = checks_of(FILE_STORAGE, environment)
    places = MediaPlaces.of(tools)
    try:
        place = places.place(environment)
        production = places.production_buckets()
        told = tools.heroku.config_vars(tools.settings.environments[environment].heroku_app)
    except (Refused, HerokuError) as reason:
        return nothing_known(names, str(reason))
    domain = told.get("AWS_S3_CUSTOM_DOMAIN", "")
    region = place.region or None
    seen = storage.look(
        place.bucket,
        storage.client(place.keys.access_key, place.keys.secret_key, region=region),
        storage.client(region=region),
        domain,
    )
    judges: Mapping[str, Callable[[], Verdict]] = {
        "images_are_public": lambda: storage_checks.images_are_public(seen),
        "list_is_not_public": lambda: storage_checks.list_is_not_public(seen),
        "nobody_else_can_write": lambda: storage_checks.nobody_else_can_write(seen),
        "encrypted": lambda: storage_checks.encrypted(seen),
        "has_a_way_back": lambda: storage_checks.has_a_way_back(seen),
        "in_its_region": lambda: storage_checks.in_its_region(seen, place.region),
        "is_not_productions": lambda: storage_checks.is_not_productions(seen, production),
    }
    facts: dict[str, Fact] = {
        "bucket": seen.bucket,
        "region": _shown(seen.region),
        "policy_is_public": _shown(seen.policy_is_public),
        "an_image_can_be_read_by_anybody": _shown(seen.image_readable),
        "anybody_gets_the_list": _shown(seen.listable),
        "encryption": _shown(seen.encryption),
        "versioning": _shown(seen.versioning),
    } | ({"shown_at": domain} if domain else {})
    return Looked(facts, version_of(seen), {name: judges[name]() for name in names})


def nothing_known(names: Mapping[str, str], why: str) -> Looked:
    """Say of each check why it is not testable."""
    return Looked({"state": "not configured"}, "not configured", {name: not_testable(why) for name in names})


def _shown(value: str | bool | Untold) -> Fact:
    if isinstance(value, Untold):
        return f"not told ({value.why})"
    return ("yes" if value else "no") if isinstance(value, bool) else value or "none"
