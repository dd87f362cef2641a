"""Gives every test of this folder a throw-away database."""

from bc_pipelines_tests.database.fixtures import cluster, connection, url

__all__ = ["cluster", "connection", "url"]
