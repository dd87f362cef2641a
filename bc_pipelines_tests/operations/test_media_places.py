"""Which bucket is production's, by whatever names it: it is never a target."""

from collections.abc import Mapping

import pytest

from bc_pipelines.heroku.errors import NotFound
from bc_pipelines.operations.errors import Refused
from bc_pipelines.operations.media_places import MediaPlaces
from bc_pipelines.settings import Environment
from bc_pipelines.storage import Keys, MediaSettings

ENVIRONMENTS = {
    name: Environment(name, f"site-{name}", name != "production", (), {}, None) for name in ("production", "staging")
}
KEYS = {"staging": Keys("of-staging", "secret")}


def places(
    told: Mapping[str, str], apps: Mapping[str, str] | None = None, keys: Mapping[str, Keys] | None = None
) -> MediaPlaces:
    """What settings say of buckets, and what the config vars of apps say; an app that is not there is not seen."""

    def config_vars(app: str) -> Mapping[str, str]:
        name = app.removeprefix("site-")
        if apps is None or name not in apps:
            raise NotFound(happened="No such app.", state="", next_step="")
        pair = {"AWS_ACCESS_KEY_ID": f"of-{name}", "AWS_SECRET_ACCESS_KEY": "secret"}
        return {"AWS_STORAGE_BUCKET_NAME": apps[name], **pair}

    return MediaPlaces(
        MediaSettings(buckets=told, keys=keys or {}), ENVIRONMENTS, None if apps is None else config_vars
    )


def test_what_the_app_says_counts_although_a_setting_says_another() -> None:
    """Production's bucket has moved and the setting was forgotten: staging may not be pointed at the new one."""
    found = places({"production": "old-one"}, {"production": "the-real-one", "staging": "the-real-one"})
    with pytest.raises(Refused, match="the-real-one, which is production's bucket"):
        found.refuse_unwritable("staging")


@pytest.mark.parametrize(
    "alias",
    ["media-1a2b3c-s3alias", "media-1a2b--ol-s3", "m1a2b.mrap", "arn:aws:s3:eu-west-2:123456789012:accesspoint/media"],
)
def test_an_access_point_is_no_target(alias: str) -> None:
    """Which bucket is behind one cannot be told by its name, so it may be production's."""
    with pytest.raises(Refused, match="access point"):
        places({}, {"production": "theirs", "staging": alias}).refuse_unwritable("staging")


def test_a_push_needs_no_keys_of_production() -> None:
    """A developer without a token pushes with staging's keys alone: production's bucket must only be known by name."""
    places({"production": "theirs", "staging": "ours"}, keys=KEYS).refuse_unwritable("staging")


def test_a_token_that_does_not_see_production() -> None:
    """Then the setting counts alone; without one nobody knows what must not be written, which is refused."""
    places({"production": "theirs"}, {"staging": "ours"}).refuse_unwritable("staging")
    with pytest.raises(NotFound):
        places({}, {"staging": "ours"}).refuse_unwritable("staging")
    with pytest.raises(Refused, match="bucket of the media of production is not known"):
        places({"staging": "ours"}, keys=KEYS).refuse_unwritable("staging")
