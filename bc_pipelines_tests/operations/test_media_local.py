"""What comes to a folder where no database says what files are."""

from pathlib import Path

import pytest

from bc_pipelines.media.plan import Action
from bc_pipelines.operations.media_local import plan_pull
from bc_pipelines.operations.media_places import MediaPlaces
from bc_pipelines.settings import Environment
from bc_pipelines.storage import Keys, MediaSettings, Scope
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.conftest import Pair
from bc_pipelines_tests.media.conftest import addresses as addresses
from bc_pipelines_tests.media.conftest import on_moto as on_moto

PRODUCTION = Environment("production", "site-production", False, (), {}, None)


def test_only_images_come_without_a_database(
    on_moto: Pair, addresses: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can tell what a folder that Wagtail does not make holds, so it stays away; what is here stays here."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", addresses["moto"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    pictures = ["images/a.width-400.jpg", "original_images/a.jpg"]
    for key in (*pictures, "documents/closed.pdf", "exports/people.csv", "avatar_images/somebody.png", "dump.sql"):
        on_moto.put(on_moto.source, key)
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "mine.pdf").write_bytes(b"mine")
    settings = MediaSettings(
        buckets={"production": on_moto.source.name},
        keys={"production": Keys(servers.ACCESS_KEY, servers.SECRET_KEY)},
    )
    places = MediaPlaces(settings, {"production": PRODUCTION}, None)
    planned = plan_pull(places, "production", tmp_path, Scope.MEDIA, None)
    assert [(change.action, change.key) for change in planned.plan.changes] == [(Action.COPY, key) for key in pictures]
    assert planned.objections == ()
    assert "Only images come" in planned.notes[0]
