"""Running `bucks archive` in tests: in this process, with answers looked at as people and machines do."""

import json
import sys
from pathlib import Path

from typer.testing import CliRunner, Result

from bc_pipelines.cli import app
from bc_pipelines_tests.archive_samples import PEOPLE, STAFF_DOMAIN

BUCKS = Path(sys.executable).with_name("bucks")
WAIT_SECONDS = 60.0
QUERY = "X-Amz-Signature=SIGNATURE"


def bucks(*arguments: str | Path, given: bytes = b"") -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["archive", *map(str, arguments)], input=given)


def sanitise(source: str | Path, target: Path, *options: str | Path, given: bytes = b"") -> Result:
    """Run `sanitise` for a staging copy."""
    return bucks(
        "sanitise", source, target, "--profile", "staging", "--staff-domain", STAFF_DOMAIN, *options, given=given
    )


def assert_nobody_in(text: str) -> None:
    """No text of a person, and no signature of an address, is printed."""
    assert not [each for each in (*PEOPLE, QUERY) if each in text]


def answer(result: Result) -> dict[str, object]:
    """The JSON on standard output, which holds nothing else."""
    document = json.loads(result.stdout)
    assert isinstance(document, dict)
    return document


def cut(archive: bytes) -> bytes:
    """It ends early."""
    return archive[: len(archive) // 2]
