"""The runbook's question about file storage: whose bucket and keys are asked with.

Does not belong here: asking (see `probes.file_storage`), judging (see `checks.file_storage`). Nothing is changed.
"""

from __future__ import annotations

from bc_pipelines.checks import file_storage as storage_checks
from bc_pipelines.checks.verdict import Fact
from bc_pipelines.heroku.errors import HerokuError
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.infrastructure import Checks, Looked, nothing_known, shown
from bc_pipelines.operations.media_places import MediaPlaces
from bc_pipelines.operations.tools import Tools
from bc_pipelines.probes import file_storage as storage
from bc_pipelines.probes.told import version_of

CHECKS = Checks(
    of_each={
        "images_are_public": "Anybody can read an image, by the bucket's policy: pages link to them without a "
        "signature.",
        "list_is_not_public": "Nobody without a key gets the list of files.",
        "nobody_else_can_write": "Neither policy nor access list let strangers change files. Nothing is tried out.",
        "encrypted": "What is stored is encrypted by default.",
        "has_a_way_back": "Versions are kept, so that a file that was deleted or overwritten can be had back.",
        "in_its_region": "The bucket is in the region that its app says.",
    },
    of_a_copy={"is_not_productions": "The bucket is another one than production's."},
)


def look_at_file_storage(tools: Tools, environment: str) -> Looked:
    """Ask the bucket of an environment's media what it is like, with its app's own keys and with none.

    Args:
        tools: the run's tools.
        environment: its name.
    """
    places = MediaPlaces.of(tools)
    try:
        place = places.place(environment)
        production = places.production_buckets()
        told = tools.heroku.config_vars(tools.settings.environments[environment].heroku_app)
    except (Refused, HerokuError) as reason:
        return nothing_known(CHECKS.of(environment), str(reason))
    domain = told.get("AWS_S3_CUSTOM_DOMAIN", "")
    region = place.region or None
    seen = storage.look(
        place.bucket,
        storage.client(place.keys.access_key, place.keys.secret_key, region=region),
        storage.client(region=region),
        domain,
    )
    verdicts = {
        "images_are_public": storage_checks.images_are_public(seen),
        "list_is_not_public": storage_checks.list_is_not_public(seen),
        "nobody_else_can_write": storage_checks.nobody_else_can_write(seen),
        "encrypted": storage_checks.encrypted(seen),
        "has_a_way_back": storage_checks.has_a_way_back(seen),
        "in_its_region": storage_checks.in_its_region(seen, place.region),
    }
    if environment != "production":
        verdicts["is_not_productions"] = storage_checks.is_not_productions(seen, production)
    facts: dict[str, Fact] = {
        "bucket": seen.bucket,
        "region": shown(seen.region),
        "policy_is_public": shown(seen.policy_is_public),
        "an_image_can_be_read_by_anybody": shown(seen.image_readable),
        "anybody_gets_the_list": shown(seen.listable),
        "encryption": shown(seen.encryption),
        "versioning": shown(seen.versioning),
    } | ({"shown_at": domain} if domain else {})
    return Looked(facts, version_of(seen), verdicts)
