"""What the terminal shows of a run."""

import io

from rich.console import Console

from bc_pipelines.defs.launch import Outcome
from bc_pipelines.operations.report import CheckLine
from bc_pipelines.reset_output import print_outcome


def test_words_of_a_check_are_no_markup() -> None:
    """A file that does not merge may be called as the terminal's own marks are."""
    summary = "Not every branch merges: one (bc/[id]/[/red].html)."
    check = CheckLine("staging/branches", "every_branch_merges", passed=False, warning=False, summary=summary)
    console = Console(file=io.StringIO(), width=200)
    print_outcome(console, Outcome("1", succeeded=True, failure="", steps=(), checks=(check,), metadata={}), "")
    assert isinstance(console.file, io.StringIO)
    assert summary in console.file.getvalue()
