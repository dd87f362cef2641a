"""Gives every test of this folder an empty database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from bc_pipelines_tests.postgres import Cluster


@pytest.fixture
def url(cluster: Cluster) -> str:
    """Connection URL of an empty database."""
    cluster.create_database("site")
    return cluster.url("site")


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """An open connection to the empty database, in autocommit mode."""
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened
