"""Which bucket an environment's media are in, and with whose keys it is reached.

Belongs here: settings first, the app's own config vars else; and that production's bucket is never a target. Does not
belong here: what is copied (see `media_reset`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bc_pipelines.media import bucket as buckets
from bc_pipelines.media.bucket import Bucket
from bc_pipelines.media.plan import ORIGINALS
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.tools import Tools
from bc_pipelines.storage import CopyAs, Keys, Scope


@dataclass(frozen=True)
class Place:
    """Where an environment's media are.

    Attributes:
        environment: its name.
        bucket: the bucket's name.
        region: of the bucket; empty where nothing says it.
        keys: with which its own app, or what is set for this machine, reaches it.
    """

    environment: str
    bucket: str
    region: str
    keys: Keys = field(repr=False)

    def open(self, keys: Keys | None, prefix: str = "") -> Bucket:
        """The bucket, reached with some keys; without any, with those of `AWS_*`."""
        pair = (keys.access_key, keys.secret_key) if keys else ()
        return Bucket(self.bucket, buckets.client(*pair, region=self.region or None), prefix)


@dataclass(frozen=True)
class Route:
    """From where to where media are copied.

    Attributes:
        source: where from.
        target: where to.
        production: the name of production's bucket, which is never written.
        through_here: whether every object passes through this machine, under two identities.
    """

    source: Bucket
    target: Bucket
    production: str
    through_here: bool


def place_of(tools: Tools, environment: str) -> Place:
    """Find an environment's media.

    Args:
        tools: the run's tools.
        environment: its name.

    Raises:
        Refused: neither the settings nor the app name a bucket, or keys.
    """
    media, app = tools.settings.media, tools.settings.environments[environment].heroku_app
    bucket, keys = media.buckets.get(environment, ""), media.keys.get(environment)
    region = ""
    if not bucket or keys is None:
        variables = tools.heroku.config_vars(app)
        bucket = bucket or variables.get("AWS_STORAGE_BUCKET_NAME", "")
        keys = keys or _keys_of(variables)
        region = variables.get("AWS_S3_REGION_NAME") or variables.get("AWS_DEFAULT_REGION", "")
    if not bucket or keys is None:
        what = "the bucket of its media" if not bucket else "keys to its media"
        raise Refused(
            f"Nothing says {what} for {environment}: neither environments.toml nor the config vars of {app} "
            "(AWS_STORAGE_BUCKET_NAME, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY). No object was touched."
        )
    return Place(environment, bucket, region, keys)


def route(tools: Tools, source: str, target: str, scope: Scope) -> Route:
    """Open the way from one environment's media to another's.

    Args:
        tools: the run's tools.
        source: name of the environment that is read.
        target: name of the environment that is written.
        scope: which files are meant.

    Raises:
        Refused: the target is not writable, or is production's bucket or the source's own; or a bucket or keys are
            missing.
    """
    if not tools.settings.environments[target].writable:
        raise Refused(f"{target} may not be changed (environments.toml), so none of its media are.")
    places = {name: place_of(tools, name) for name in {source, target, tools.settings.production.name}}
    production = places[tools.settings.production.name].bucket
    if places[target].bucket in (production, places[source].bucket):
        raise Refused(f"The media of {target} are said to be in {places[target].bucket}, which is not its own bucket.")
    prefix = ORIGINALS if scope is Scope.IMAGES else ""
    how = tools.settings.media.media_copy
    shared = places[target].keys if how is CopyAs.TARGET else None
    through_here = how is CopyAs.BOTH
    return Route(
        source=places[source].open(places[source].keys if through_here else shared, prefix),
        target=places[target].open(places[target].keys if through_here else shared, prefix),
        production=production,
        through_here=through_here,
    )


def _keys_of(variables: Mapping[str, str]) -> Keys | None:
    access_key, secret_key = variables.get("AWS_ACCESS_KEY_ID", ""), variables.get("AWS_SECRET_ACCESS_KEY", "")
    return Keys(access_key, secret_key) if access_key and secret_key else None
