"""The table of contents of a copy says nothing about production."""

import io
import secrets
from pathlib import Path

from bc_pipelines.pgarchive import ArchiveReader
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.privacy.archives import catalogue, dumped, rows_of, sanitised, without_data

DECIDED = catalogue("[tables.a.person]\nkeep = ['id', 'name']")


def test_names_and_remarks_are_left_out(cluster: Cluster, tmp_path: Path) -> None:
    """Database, owner, grants, comments and settings of production are not in the copy, and it restores as well."""
    role = f"production_{secrets.token_hex(4)}"
    cluster.execute(f"CREATE ROLE {role}")
    statements = (
        "CREATE TABLE person (id int PRIMARY KEY, name text)",
        "INSERT INTO person VALUES (1, 'Ann')",
        f"ALTER TABLE person OWNER TO {role}",
        f"GRANT SELECT ON person TO {role} WITH GRANT OPTION",
        f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role}",
        "ALTER DATABASE privacy SET search_path = remarkable",
        "COMMENT ON TABLE person IS 'ask remarkable Ann'",
        "COMMENT ON COLUMN person.name IS 'remarkable'",
        "COMMENT ON DATABASE privacy IS 'remarkable'",
    )
    archive = dumped(cluster, tmp_path, "; ".join(statements))
    for word in (role.encode(), b"remarkable", b"privacy"):
        assert word in without_data(archive)
    copy, _ = sanitised(archive, DECIDED)
    for word in (role.encode(), b"remarkable", b"privacy"):
        assert word not in without_data(copy)
    path = tmp_path / "copy.dump"
    path.write_bytes(copy)
    for arguments in ((), ("--no-owner", "--no-privileges")):
        cluster.restore(path, *arguments, database="restored")
        assert cluster.execute("SELECT * FROM person", database="restored") == [(1, "Ann")]


def test_comments_of_extensions_stay(cluster: Cluster, tmp_path: Path) -> None:
    """What an extension's authors say about it is no secret."""
    statements = "CREATE TABLE person (id int, name text); COMMENT ON EXTENSION plpgsql IS 'a language'"
    archive = dumped(cluster, tmp_path, statements)
    entries = ArchiveReader(io.BytesIO(sanitised(archive, DECIDED)[0])).entries
    comments = [entry.tag for entry in entries if entry.desc == "COMMENT"]
    before = [entry.tag for entry in ArchiveReader(io.BytesIO(archive)).entries if entry.desc == "COMMENT"]
    assert comments == before


def test_time_and_versions_stay(cluster: Cluster, tmp_path: Path) -> None:
    """When and with what a backup was made can still be read from the copy, and is in the manifest."""
    archive = dumped(cluster, tmp_path, "CREATE TABLE person (id int, name text)")
    copy, manifest = sanitised(archive, DECIDED)
    before, after = (ArchiveReader(io.BytesIO(data)).header for data in (archive, copy))
    assert (after.created, after.version, after.server_version) == (
        before.created,
        before.version,
        before.server_version,
    )
    assert after.dbname == "sanitised"
    assert manifest.archive.version == before.version_text
    assert manifest.archive.created_at is not None


def test_rows_are_not_its_business(cluster: Cluster, tmp_path: Path) -> None:
    """Every way of compressing a dump comes out as it went in."""
    for level in ("0", "9"):
        statements = "CREATE TABLE person (id int, name text); INSERT INTO person VALUES (1, E'tab\\there')"
        archive = dumped(cluster, tmp_path, statements, "--compress", level)
        copy, _ = sanitised(archive, DECIDED)
        assert rows_of(copy) == rows_of(archive)
