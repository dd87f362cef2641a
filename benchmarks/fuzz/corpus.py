"""The archives that get damaged: dumps of the whole site and of a few of its tables, by every pg_dump at hand."""

from collections.abc import Mapping
from pathlib import Path

from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.site_schema import build_site

# Every kind of rule is among them, and a block that has to wait for others; small, so that many inputs fit into a run.
_FEW = (
    "django_content_type",
    "django_session",
    "forms_formpage",
    "users_user",
    "wagtailcore_pagelogentry",
    "wagtailcore_pageviewrestriction",
    "wagtailcore_referenceindex",
    "wagtailcore_revision",
    "wagtailredirects_redirect",
    "wagtailsearchpromotions_query",
    "wagtailsearchpromotions_searchpromotion",
)
_DATABASE = "site"


def make(folder: Path, bindirs: Mapping[int, Path]) -> None:
    """Fill an empty folder with archives.

    Args:
        folder: where to; gets some hundred kB from each.
        bindirs: PostgreSQL installs, by major version.
    """
    for major, bin_dir in bindirs.items():
        with Cluster(bin_dir) as cluster:
            build_site(cluster, _DATABASE)
            cluster.dump(folder / f"{major}-site.dump", database=_DATABASE)
            for level in (0, 6):
                few = (f"--table={table}" for table in _FEW)
                cluster.dump(folder / f"{major}-few-{level}.dump", f"--compress={level}", *few, database=_DATABASE)
            piped = cluster.run("pg_dump", "--format=custom", "--table=users_user", database=_DATABASE)
            (folder / f"{major}-piped.dump").write_bytes(piped.stdout)


def read(folder: Path) -> list[bytes]:
    """The archives of a folder, in the order of their names; the small ones several times, to be chosen more often."""
    archives = []
    for path in sorted(folder.glob("*.dump")):
        archives += [path.read_bytes()] * (1 if "site" in path.name else 4)
    return archives
