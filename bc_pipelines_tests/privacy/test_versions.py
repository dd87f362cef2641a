"""Whatever pg_dump wrote the backup: its copy loads with two jobs, and holds what the manifest says."""

from pathlib import Path

import pytest

from bc_pipelines.privacy.catalogue import Catalogue
from bc_pipelines_tests.postgres import Cluster, find_bindirs
from bc_pipelines_tests.privacy.archives import sanitised
from bc_pipelines_tests.site_schema import build_site

VERSIONS = {15: "1.14", 16: "1.15", 17: "1.16", 18: "1.16"}


@pytest.mark.parametrize("major", sorted(find_bindirs()))
def test_a_copy_of_the_whole_site_loads(major: int, tmp_path: Path) -> None:
    """The site's dump, taken off a pipe without places of blocks, becomes a copy that restores without a warning.

    Statistics, which hold values of rows and which pg_dump can write since 18, are not in it.
    """
    options = ("--statistics",) if major >= 18 else ()
    with Cluster(find_bindirs()[major]) as cluster:
        build_site(cluster, "site")
        cluster.execute("ANALYZE", database="site")
        piped = cluster.run("pg_dump", "--format=custom", *options, database="site").stdout
        assert (b"STATISTICS DATA" in piped) == bool(options)
        copy, manifest = sanitised(piped, Catalogue.load())
        assert b"STATISTICS DATA" not in copy
        assert manifest.archive.version == VERSIONS[major]
        target = tmp_path / "copy.dump"
        target.write_bytes(copy)
        cluster.restore(target, database="restored")
        counted = {
            table.table: cluster.execute(f'SELECT count(*) FROM public."{table.table}"', database="restored")[0][0]  # noqa: S608
            for table in manifest.tables
        }
    assert counted == {table.table: table.rows_written for table in manifest.tables}
    assert len(counted) == 142
    assert 0 in counted.values()
