"""That the tests of the CLI would notice a way out, and that what they install is pinned."""

from __future__ import annotations

import json

from bc_pipelines_tests.heroku_cli.commands import HerokuCli, Reached
from bc_pipelines_tests.heroku_cli.install import LOCKED


def test_a_way_out_is_refused_and_noticed(cli: HerokuCli) -> None:
    """A host that the CLI does not trust sends it to the real API, and that very attempt is stopped and told."""
    assert cli.run("whoami", HEROKU_HOST="https://api.heroku.example").code != 0
    assert Reached("connection", "api.heroku.com", allowed=False) in cli.reached()


def test_the_way_to_the_sandbox_is_noticed_too(cli: HerokuCli) -> None:
    """A command that works is seen to connect to loopback, and to nothing else."""
    cli.good("whoami")
    assert {each.target for each in cli.reached() if each.kind == "connection"} == {"127.0.0.1"}


def test_every_package_is_pinned_by_its_hash() -> None:
    """The lockfile has a SHA-512 of every package that is fetched, names no registry, and has the CLI's version."""
    manifest, lock = (json.loads(path.read_text()) for path in LOCKED)
    packages = lock["packages"]
    assert packages["node_modules/heroku"]["version"] == manifest["dependencies"]["heroku"]
    # What is bundled comes inside another package, and under its hash.
    fetched = [package for name, package in packages.items() if name and not package.get("inBundle")]
    assert all(package["integrity"].startswith("sha512-") for package in fetched)
    assert not any("resolved" in package for package in packages.values())
