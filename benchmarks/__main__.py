"""`python -m benchmarks`: make a production, measure, print the table, write docs/benchmarks.md."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bc_pipelines_tests.postgres import Cluster, find_bindirs
from benchmarks import page as page_module
from benchmarks import resources
from benchmarks.codec import codec
from benchmarks.figures import Measured, Restore, rows
from benchmarks.production import CHECKOUT, Production, restore
from benchmarks.work import Work

_SECONDS = 3600
_IMPORT = """
import time, dagster
started = time.process_time()
import bc_pipelines.definitions
print(time.process_time() - started)
"""

console = Console()


def main(
    scale: Annotated[int, typer.Option(min=1, help="How large a production; 1 takes about a minute.")] = 100,
    repeat: Annotated[int, typer.Option(min=1, help="How often to measure what is compared.")] = 3,
    page: Annotated[Path, typer.Option(help="The page to write.")] = page_module.PAGE,
) -> None:
    """Measure what docs/benchmarks.md reports."""
    major, bin_dir = next(iter(find_bindirs().items()))
    with tempfile.TemporaryDirectory(prefix="bc-benchmarks-") as folder, Cluster(bin_dir) as cluster:
        archives, revisions = _archives(cluster, scale, Path(folder))
        measured = _measure(cluster, *archives, repeat)
        known = page_module.facts(archives, str(major), scale, revisions)
    table = rows(measured)
    console.print(page_module.table(table))
    page_module.write(page, table, known, repeat)


def _archives(cluster: Cluster, scale: int, folder: Path) -> tuple[tuple[Path, Path], int]:
    """A dump of a production when it had a quarter of its revisions, and one when it had all of them."""
    _say("making a production")
    media = folder / "media"
    media.mkdir()
    production = Production(cluster, scale, media)
    quarter = production.revisions // 4
    _say("editing and dumping it")
    production.edit(quarter)
    small = production.dump(folder / "small.dump")
    production.edit(production.revisions - quarter)
    return (small, production.dump(folder / "large.dump")), production.revisions


def _measure(cluster: Cluster, small: Path, large: Path, repeat: int) -> Measured:
    _say("sanitising and proving the small archive")
    small_work = _work(small)
    pairs = []
    for turn in range(1, repeat + 1):
        _say(f"sanitising, proving and restoring the large archive, {turn} of {repeat}")
        pairs.append((_work(large), _restore(cluster, large)))
    _say("importing the definitions, and passing rows through the codec")
    return Measured(small_work, pairs, _imports(repeat), codec(large))


def _work(archive: Path) -> Work:
    return Work(**json.loads(_python("-m", "benchmarks.work", str(archive))))


def _restore(cluster: Cluster, archive: Path) -> Restore:
    """Restore an archive and count what client and server took."""
    cluster.create_database("restored")
    postmaster = int(cluster.execute("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")[0][0])
    client, server, started = resources.of_children(), resources.of_server(postmaster), time.monotonic()
    restore(cluster, archive, "restored")
    wall = time.monotonic() - started
    return Restore(resources.of_children() - client, resources.of_server(postmaster) - server, wall)


def _imports(repeat: int) -> list[float]:
    # The first import may have to compile.
    return [float(_python("-c", _IMPORT)) for _ in range(repeat + 1)][1:]


def _python(*arguments: str) -> str:
    done = subprocess.run(
        (sys.executable, *arguments), cwd=CHECKOUT, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"a measured process failed:\n{done.stderr[-2000:]}")
    return done.stdout


def _say(what: str) -> None:
    console.print(f"[dim]{what}[/]")


if __name__ == "__main__":
    typer.run(main)
