"""The council's whole site as an archive, and a copy of it in each profile, for tests that share them."""

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bc_pipelines.pgarchive import ArchiveReader, copytext
from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines.privacy.entries import Profile
from bc_pipelines.privacy.manifest import Manifest
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.privacy.archives import Rows, policy, rows_of, sanitised, without_data
from bc_pipelines_tests.site_schema import build_site


@dataclass(frozen=True)
class Archive:
    """An archive of the site."""

    archive: bytes

    @cached_property
    def rows(self) -> Rows:
        """The COPY lines of every table."""
        return rows_of(self.archive)

    @cached_property
    def everything(self) -> bytes:
        """All that it says: its table of contents and its rows."""
        return without_data(self.archive) + b"\n".join(line for lines in self.rows.values() for line in lines)

    @cached_property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns of every table, as its rows have them."""
        return {data.name: tuple(data.columns) for data in ArchiveReader(io.BytesIO(self.archive)).tables}

    def column(self, table: str, name: str) -> list[str | None]:
        """The values of a column."""
        index = self.columns[table].index(name)
        values = (copytext.split(line)[index] for line in self.rows[table])
        return [None if value is None else value.decode() for value in values]


@dataclass(frozen=True)
class Raw(Archive):
    """The site as production would dump it."""

    cluster: Cluster


@dataclass(frozen=True)
class Copy(Archive):
    """A sanitised copy of it."""

    profile: Profile
    manifest: Manifest


def dumped_site(cluster: Cluster, folder: Path) -> Raw:
    """The whole site, dumped."""
    build_site(cluster, "site")
    return Raw(cluster.dump(folder / "site.dump", database="site").read_bytes(), cluster)


def copied(raw: Raw, profile: Profile) -> Copy:
    """A copy, made with the shipped catalogue."""
    archive, manifest = sanitised(raw.archive, Catalogue.load(), policy(profile))
    return Copy(archive, profile, manifest)
