"""The command `bucks doctor`: what is configured here, and what of it works.

Belongs here: options, what is printed, exit codes. Does not belong here: looking (see `operations.doctor`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bc_pipelines.terminal import FAILED

if TYPE_CHECKING:
    from bc_pipelines.operations.finding import Finding

_INDENTED = (0, 0, 0, 2)
_MARKS = {
    "works": Text("✓", "green"),
    "set": Text("✓", "green"),
    "not set": Text("-", "yellow"),
    "wrong": Text("✗", "bold red"),
}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")] = False,
) -> None:
    """Say what is configured on this machine and from where, what is missing, what works, and how to mend the rest.

    Changes nothing and prints no secret. What is not set need not be: a laptop has no use for most of it.

    Ends with 0 when everything that is set works, 1 otherwise.

    Example: bucks doctor
    """
    from bc_pipelines.operations.doctor import examine

    with Console(stderr=True).status("asking around"):
        found = list(examine())
    well = all(finding.state != "wrong" for finding in found)
    if as_json:
        document = {"outcome": "well" if well else "wrong", "findings": [asdict(finding) for finding in found]}
        typer.echo(json.dumps(document, indent=1))
    else:
        _print(Console(highlight=False), found)
    if not well:
        raise typer.Exit(FAILED)


def _print(console: Console, findings: Iterable[Finding]) -> None:
    for finding in findings:
        console.print(Text(" ").join([_MARKS[finding.state], Text(finding.about, "bold")]))
        console.print(Padding(Text(finding.words), _INDENTED))
        if finding.mend:
            console.print(Padding(Text(f"→ {finding.mend}", "red" if finding.state == "wrong" else ""), _INDENTED))
