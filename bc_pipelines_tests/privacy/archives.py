"""Helpers for tests of privacy: sanitising in memory, and reading what came out."""

import io
from pathlib import Path

from bc_pipelines.pgarchive import ArchiveReader
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import Profile
from bc_pipelines.privacy.manifest import Manifest
from bc_pipelines.privacy.policy import Policy
from bc_pipelines.privacy.sanitiser import sanitise
from bc_pipelines_tests.planted import STAFF_DOMAINS
from bc_pipelines_tests.postgres import Cluster

SINK = "sink@staging.example"
PASSWORD = "open-staging"

Rows = dict[str, list[bytes]]


def policy(profile: Profile, *, replace_staff_passwords: bool = False) -> Policy:
    """A policy with the invented council's staff domains."""
    return Policy(profile, STAFF_DOMAINS, "replace" if replace_staff_passwords else "keep", SINK, PASSWORD)


def sanitised(source: bytes, catalogue: Catalogue, how: Policy | None = None) -> tuple[bytes, Manifest]:
    """A sanitised copy of an archive, and its manifest."""
    target = io.BytesIO()
    manifest = sanitise(io.BytesIO(source), target, catalogue, how or policy("staging"))
    return target.getvalue(), manifest


def rows_of(archive: bytes) -> Rows:
    """The COPY lines of every table."""
    rows: Rows = {}
    for block in ArchiveReader(io.BytesIO(archive)).blocks():
        assert block.table
        rows.setdefault(block.table.name, []).extend(block.rows())
    return rows


def stored_of(archive: bytes) -> dict[str, bytes]:
    """The compressed data of every table."""
    blocks = ArchiveReader(io.BytesIO(archive)).blocks()
    return {block.table.name: b"".join(block.chunks()) for block in blocks if block.table}


def without_data(archive: bytes) -> bytes:
    """The header and table of contents alone."""
    return archive[: ArchiveReader(io.BytesIO(archive)).position]


def dumped(cluster: Cluster, folder: Path, statements: str, *arguments: str) -> bytes:
    """The archive of a new database in which some SQL was run."""
    cluster.create_database("privacy")
    cluster.execute(statements, database="privacy")
    return cluster.dump(folder / "privacy.dump", *arguments, database="privacy").read_bytes()


def catalogue(tables: str, json_rules: str = "") -> Catalogue:
    """A small catalogue with one area, ``a``, from the TOML of its tables."""
    return Catalogue.parse(f"format = 1\n[areas]\na = 'Tests'\n{json_rules}\n{tables}".encode())
