"""A git server for all tests of this folder, and a repository of its own for each."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bc_pipelines.sandbox.certificates import Certificates, make_certificates
from bc_pipelines_tests.branches.remote import Remote, new_remote, serving

_NUMBERS = count()


@pytest.fixture(scope="package")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority and a certificate for loopback."""
    return make_certificates(tmp_path_factory.mktemp("tls") / "private", [])


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[tuple[Path, str]]:
    """The server's folder and address."""
    folder = tmp_path_factory.mktemp("repositories")
    with serving(folder, certificates) as address:
        yield folder, address


@pytest.fixture
def empty(server: tuple[Path, str], certificates: Certificates) -> Remote:
    """A repository without any commit."""
    return new_remote(*server, certificates, f"site-{next(_NUMBERS)}")


@pytest.fixture
def remote(empty: Remote) -> Remote:
    """A repository with a main branch of one commit."""
    empty.commit("master", {"manage.py": "1\n", "bc/__init__.py": "", "shared.txt": "one\ntwo\nthree\n"}, days=400)
    return empty
