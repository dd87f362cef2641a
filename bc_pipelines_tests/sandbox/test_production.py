"""Filling production: once by the site, afterwards from its dump."""

from __future__ import annotations

import http.client
import ssl
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from bc_pipelines.sandbox import apps, postgres, production, s3
from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.up import down, sandbox, up
from bc_pipelines.sandbox.world import BUCKETS, World

MANAGE = """
import os, pathlib, sys
import psycopg
with psycopg.connect(os.environ["DATABASE_URL"].replace("postgres://", "postgresql://")) as connection:
    if sys.argv[1] == "migrate":
        connection.execute("CREATE TABLE seeds (scale int, seed int, at timestamptz DEFAULT now())")
    else:
        connection.execute("INSERT INTO seeds VALUES (%s, %s)", (sys.argv[3], sys.argv[5]))
        picture = pathlib.Path(os.environ["BC_MEDIA_ROOT"]) / "images" / "a b.png"
        picture.parent.mkdir()
        picture.write_bytes(b"picture")
"""

BROKEN = "import os, sys; sys.exit('no: ' + os.environ['DATABASE_URL'])"


@pytest.fixture
def tiny_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the site's place whose manage.py makes one table with one row, and one picture."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "manage.py").write_text(MANAGE)
    monkeypatch.setattr(apps, "SITE", folder)
    return folder


def rows(world: World) -> list[tuple[object, ...]]:
    """Read what the tiny site's seed wrote."""
    with psycopg.connect(world.database_url("production").replace("postgres://", "postgresql://")) as connection:
        return connection.execute("SELECT scale, seed, at FROM seeds").fetchall()


def test_the_second_time_comes_from_the_dump(world: World, tiny_site: Path) -> None:
    """The site runs once; what is lost later comes back the same from the dump, and what stands there is left alone."""
    said: list[str] = []
    production.fill(world, said.append)
    first = rows(world)
    assert [row[:2] for row in first] == [(world.scale, world.seed)]
    production.fill(world, said.append)
    production._mark(postgres.clusters(world)[0], "something else")
    production.fill(world, said.append)
    assert rows(world) == first
    assert [text.split()[0] for text in said] == ["making", "restoring"]
    dump = world.root / "production" / f"seed-{production.seed_key(world)}.dump"
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600


def test_pictures_reach_the_bucket(world: World, tiny_site: Path) -> None:
    """What the seed writes into its media folder stands in production's bucket under the same names."""
    production.fill(world, lambda _: None)
    found = s3.client(world).get_object(Bucket=BUCKETS["production"], Key="images/a b.png")
    assert (found["Body"].read(), found["ContentType"]) == (b"picture", "image/png")


def test_the_content_depends_on_seed_scale_and_sources(world: World, tiny_site: Path) -> None:
    """Another seed, scale, PostgreSQL or line of the site is another production."""
    keys = [production.seed_key(world)]
    keys += [production.seed_key(replace(world, seed=1)), production.seed_key(replace(world, scale=9))]
    keys.append(production.seed_key(replace(world, postgres=replace(world.postgres, major=99))))
    (tiny_site / "models.py").write_text("")
    keys.append(production.seed_key(world))
    assert len(set(keys)) == 5


def test_a_failing_seed_is_told_without_secrets_and_repeated(world: World, tiny_site: Path) -> None:
    """The message names the command and the log; nothing counts as filled; once mended, the next try goes through."""
    (tiny_site / "manage.py").write_text(BROKEN)
    with pytest.raises(SandboxError, match=r"manage\.py migrate.* ended with 1.*seed\.log") as caught:
        production.fill(world, lambda _: None)
    assert world.secrets["database_production"] not in str(caught.value)
    (world.logs / "seed.log").unlink()
    (tiny_site / "manage.py").write_text(MANAGE)
    production.fill(world, lambda _: None)
    assert len(rows(world)) == 1


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A running sandbox whose production holds the real site's content."""
    root = tmp_path_factory.mktemp("filled") / "root"
    with sandbox(root) as running:
        yield running
    down(root, destroy=True)


def visit(world: World, host: str) -> tuple[int, str]:
    """Ask the router for a site's front page, as a browser would that resolves every host to it."""
    context = ssl.create_default_context(cafile=str(world.ca))
    connection = http.client.HTTPSConnection("127.0.0.1", world.ports["router"], timeout=30, context=context)
    try:
        connection.request("GET", "/", headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.timeout(900)
def test_the_real_site_serves_every_production_host(filled: World) -> None:
    """Each of the five sites answers through the router, over the sandbox's TLS, with a page of its own."""
    pages = [visit(filled, host) for host in apps.PRODUCTION.hosts]
    assert [status for status, _ in pages] == [200] * 5
    assert len({page for _, page in pages}) == 5


def test_staging_and_development_start_empty(filled: World) -> None:
    """Only production is filled."""
    for database, expected in (("production", True), ("staging", False), ("development", False), ("local", False)):
        with psycopg.connect(filled.database_url(database).replace("postgres://", "postgresql://")) as connection:
            found = connection.execute("SELECT to_regclass('public.wagtailcore_site') IS NOT NULL").fetchone()
        assert found == (expected,), database


def test_a_second_up_of_a_filled_sandbox_does_nothing(filled: World) -> None:
    """Nothing is made, restored or started."""
    said: list[str] = []
    assert up(filled.root, say=said.append) == filled
    assert said == []
