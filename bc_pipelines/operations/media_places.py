"""Which bucket an environment's media are in, and with whose keys it is reached.

Belongs here: settings first, the app's own config vars else; and that production's bucket is never a target. Does not
belong here: what is copied (see `media_reset` and `media_sync`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field

from bc_pipelines.heroku.errors import NotFound, Unauthorised
from bc_pipelines.media import bucket as buckets
from bc_pipelines.media.bucket import Bucket
from bc_pipelines.media.plan import ORIGINALS
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.tools import Tools
from bc_pipelines.settings import Environment
from bc_pipelines.storage import CopyAs, Keys, MediaSettings, Scope, variable_names

# Of access points, which are used as a bucket's name is (S3 manual, "Bucket naming rules": reserved suffixes).
_ALIASES = ("-s3alias", "--ol-s3", ".mrap")


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


@dataclass(frozen=True)
class MediaPlaces:
    """All environments' media.

    Attributes:
        settings: what is said about media.
        environments: by name.
        config_vars: gives the config vars of a Heroku app; None without a token.
    """

    settings: MediaSettings
    environments: Mapping[str, Environment]
    config_vars: Callable[[str], Mapping[str, str]] | None

    @classmethod
    def of(cls, tools: Tools) -> MediaPlaces:
        """The places as a run knows them."""
        return cls(tools.settings.media, tools.settings.environments, tools.heroku.config_vars)

    def place(self, environment: str) -> Place:
        """Find an environment's media.

        Raises:
            Refused: there is no such environment, or nothing names its bucket or keys.
        """
        if environment not in self.environments:
            known = ", ".join(self.environments)
            raise Refused(f"There is no environment {environment} in environments.toml; there are: {known}.")
        app = self.environments[environment].heroku_app
        bucket, keys = self.settings.buckets.get(environment, ""), self.settings.keys.get(environment)
        region = ""
        if not bucket or keys is None:
            variables = self.config_vars(app) if self.config_vars else {}
            bucket = bucket or variables.get("AWS_STORAGE_BUCKET_NAME", "")
            keys = keys or _keys_of(variables)
            region = variables.get("AWS_S3_REGION_NAME") or variables.get("AWS_DEFAULT_REGION", "")
        if not bucket or keys is None:
            raise Refused(self._nothing_says("bucket" if not bucket else "keys", environment, app))
        return Place(environment, bucket, region, keys)

    def production_buckets(self) -> tuple[str, ...]:
        """Every name of production's bucket: what is set, and what its app says where it can be asked; never none.

        Both count, because a setting may be out of date. Keys of production are not needed for this.

        Raises:
            Refused: nothing says it.
        """
        app, told = self.environments["production"].heroku_app, self.settings.buckets.get("production", "")
        said = ""
        # A developer's token need not see production, and need not where its bucket is set.
        with suppress(NotFound, Unauthorised) if told else nullcontext():
            said = self.config_vars(app).get("AWS_STORAGE_BUCKET_NAME", "") if self.config_vars else ""
        names = tuple(filter(None, (told, said)))
        if not names:
            raise Refused(self._nothing_says("bucket", "production", app))
        return names

    def route(self, source: str, target: str, scope: Scope) -> Route:
        """Open the way from one environment's media to another's.

        Args:
            source: name of the environment that is read.
            target: name of the environment that is written.
            scope: which files are meant.

        Raises:
            Refused: the target is not writable, or is production's bucket or the source's own; or a bucket or keys are
                missing.
        """
        places = {name: self.place(name) for name in {source, target}}
        self.refuse_unwritable(target)
        if places[target].bucket == places[source].bucket:
            raise Refused(f"Source and target are one bucket, {places[target].bucket}. No object was touched.")
        prefix = ORIGINALS if scope is Scope.IMAGES else ""
        shared = places[target].keys if self.settings.media_copy is CopyAs.TARGET else None
        through_here = self.settings.media_copy is CopyAs.BOTH
        return Route(
            source=places[source].open(places[source].keys if through_here else shared, prefix),
            target=places[target].open(places[target].keys if through_here else shared, prefix),
            production=self.production_buckets()[0],
            through_here=through_here,
        )

    def refuse_unwritable(self, target: str) -> None:
        """Refuse an environment that may not be changed, or whose bucket is production's or hides behind an alias.

        Raises:
            Refused: it is one.
        """
        bucket = self.place(target).bucket
        if not self.environments[target].writable:
            raise Refused(f"{target} may not be changed (environments.toml), so none of its media are.")
        if ":" in bucket or bucket.endswith(_ALIASES):
            raise Refused(
                f"The media of {target} are said to be in {bucket}, which is an access point: which bucket it leads to "
                "cannot be told, and it may be production's. Name the bucket itself. No object was touched."
            )
        if bucket in self.production_buckets():
            raise Refused(f"The media of {target} are said to be in {bucket}, which is production's bucket.")

    def _nothing_says(self, what: str, environment: str, app: str) -> str:
        names = " and ".join(variable_names(environment))
        where = f"media_bucket in environments.{environment}" if what == "bucket" else names
        asked = (
            f"the config vars of {app} (AWS_STORAGE_BUCKET_NAME, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) say nothing"
            if self.config_vars
            else "without HEROKU_API_KEY its app cannot be asked"
        )
        return f"The {what} of the media of {environment} is not known: set {where}; {asked}. No object was touched."


def _keys_of(variables: Mapping[str, str]) -> Keys | None:
    access_key, secret_key = variables.get("AWS_ACCESS_KEY_ID", ""), variables.get("AWS_SECRET_ACCESS_KEY", "")
    return Keys(access_key, secret_key) if access_key and secret_key else None
