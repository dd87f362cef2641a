"""What comes to a folder where no database says what files are."""

from pathlib import Path

import pytest

from bc_pipelines.media.plan import Action
from bc_pipelines.operations.media_local import plan_pull, plan_push
from bc_pipelines.operations.media_places import MediaPlaces
from bc_pipelines.settings import Environment
from bc_pipelines.storage import Keys, MediaSettings, Scope
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.conftest import Pair
from bc_pipelines_tests.media.conftest import addresses as addresses
from bc_pipelines_tests.media.conftest import on_moto as on_moto

PRODUCTION = Environment("production", "site-production", False, (), {}, None)
STAGING = Environment("staging", "site-staging", True, (), {}, None)


@pytest.fixture
def places(on_moto: Pair, addresses: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> MediaPlaces:
    """The pair's buckets as those of two environments."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", addresses["moto"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    keys = Keys(servers.ACCESS_KEY, servers.SECRET_KEY)
    settings = MediaSettings(
        buckets={"production": on_moto.source.name, "staging": on_moto.target.name},
        keys={"production": keys, "staging": keys},
    )
    return MediaPlaces(settings, {"production": PRODUCTION, "staging": STAGING}, None)


def test_only_images_come_without_a_database(on_moto: Pair, places: MediaPlaces, tmp_path: Path) -> None:
    """Nobody can tell what a folder that Wagtail does not make holds, so it stays away; what is here stays here."""
    pictures = ["images/a.width-400.jpg", "original_images/a.jpg"]
    for key in (*pictures, "documents/closed.pdf", "exports/people.csv", "avatar_images/somebody.png", "dump.sql"):
        on_moto.put(on_moto.source, key)
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "mine.pdf").write_bytes(b"mine")
    planned = plan_pull(places, "production", tmp_path, Scope.MEDIA, None)
    assert [(change.action, change.key) for change in planned.plan.changes] == [(Action.COPY, key) for key in pictures]
    assert planned.objections == ()
    assert "Only images come" in planned.notes[0]


def test_a_personal_file_that_no_bucket_can_hold_stops_no_push(places: MediaPlaces, tmp_path: Path) -> None:
    """What is not pushed need not fit, and its name is told in no objection."""
    for name in ("original_images/a.jpg", "avatar_images/jane\tdoe.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"picture")
    planned = plan_push(places, "staging", tmp_path, Scope.MEDIA, deletes=False)
    assert [change.key for change in planned.plan.changes] == ["original_images/a.jpg"]
    assert planned.objections == ()
