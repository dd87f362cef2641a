"""`python -m benchmarks.fuzz --seconds 600 --seed 1`: run, count, print every finding with what replays it."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bc_pipelines_tests.postgres import find_bindirs
from benchmarks.fuzz import corpus, watch

console = Console()


def main(
    seconds: Annotated[int, typer.Option(min=1, help="How long to go on.")] = 600,
    seed: Annotated[int, typer.Option(help="Another seed makes other inputs.")] = 1,
    first: Annotated[int, typer.Option(min=0, help="The first input's number.")] = 0,
    inputs: Annotated[int | None, typer.Option(min=1, help="Stop after so many; 1 with --first replays one.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Keeps the archives, so that inputs can be replayed.")] = None,
) -> None:
    """Damage real archives and see what the product says; ends with 1 if anything came out that must not."""
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bc-fuzz-")))
        place.mkdir(parents=True, exist_ok=True)
        if not any(place.glob("*.dump")):
            console.print("[dim]making archives[/]")
            corpus.make(place, find_bindirs())
        result = watch.run(
            place, seed, first, lambda done, passed: passed < seconds and (inputs is None or done < inputs)
        )
    _report(result, seed, folder)
    raise typer.Exit(1 if result.findings else 0)


def _report(result: watch.Result, seed: int, folder: Path | None) -> None:
    console.print(f"{result.inputs:,} inputs, peak memory {result.peak >> 20:,} MB of {watch.MEMORY_BOUND >> 20:,} MB")
    for outcome, number in result.outcomes.most_common():
        console.print(f"  {outcome}: {number:,}")
    for finding in result.findings:
        where = f"--folder {folder} " if folder else ""
        console.print(f"[bold]{finding.what}[/]: replay with {where}--seed {seed} --first {finding.number} --inputs 1")
        console.print(finding.trace, markup=False, highlight=False)


if __name__ == "__main__":
    typer.run(main)
