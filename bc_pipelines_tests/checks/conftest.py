"""Gives every test of this folder a database whose changes are undone: checks only read, so nothing need be final."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from bc_pipelines_tests.postgres import Cluster


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """An open connection to an empty database, inside a transaction that is rolled back."""
    with psycopg.connect(cluster.url(), autocommit=True) as opened, opened.transaction(force_rollback=True):
        yield opened
