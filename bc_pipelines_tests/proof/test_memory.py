"""How much memory one value may take that is nearly as long as a row may be, in both processes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bc_pipelines.pgarchive.rows import MAX_ROW
from bc_pipelines_tests.proof.archives import Maker
from benchmarks.figures import BYTES_AN_IDENTIFIER, MEMORY_BYTES
from benchmarks.production import CHECKOUT
from benchmarks.work import Work

# Room for the other columns and for COPY's and JSON's own escapes.
LENGTH = MAX_ROW - (1 << 21)
SENTENCE = "The lamp at the corner of our street hums all night \U0001f4a1, and nobody comes to mend it. "


def prose() -> str:
    """A long text with a character that needs four bytes, and that takes as much for each of all others in Python."""
    return SENTENCE * (LENGTH // len(SENTENCE.encode()))


def draft() -> str:
    """A draft with a comment to empty, and JSON in a text as Wagtail keeps a page's body."""
    blocks = [{"type": "paragraph", "value": SENTENCE * 20, "id": str(number)} for number in range(LENGTH // 2200)]
    comments = [{"pk": 1, "text": "Ask vic.tester@residents.example about the lamp", "replies": []}]
    body = json.dumps(blocks, ensure_ascii=False)
    return json.dumps({"pk": 3, "wagtail_admin_comments": comments, "body": body}, ensure_ascii=False)


VALUES: dict[str, tuple[str, str, Callable[[], str]]] = {
    "a draft with a comment": ("wagtailcore_revision", "content", draft),
    "an answer in a form": (
        "wagtailforms_formsubmission",
        "form_data",
        lambda: json.dumps({"name": "V T", "q": prose()}),
    ),
    "a text without JSON": ("feedback_feedbackcomment", "issue", prose),
    "base64 without an end": ("images_customimage", "description", lambda: "Ab9" * (LENGTH // 3)),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_of_thirty_megabytes_stays_within_the_bar(maker: Maker, tmp_path: Path, name: str) -> None:
    """Sanitising and proving take 150 MB and 16 bytes an identifier each, even for a row of nearly 32 MB."""
    table, column, value = VALUES[name]
    account = {"id": "1", "email": "vic.tester@residents.example", "username": "vic.tester7", "password": "!"}
    archive = tmp_path / "raw.dump"
    archive.write_bytes(maker.archive({"users_user": [account], table: [{"id": "1", column: value()}]}))
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks.work", archive, "1", tmp_path / "written.dump"),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    work = Work(**json.loads(done.stdout))
    bar = MEMORY_BYTES + BYTES_AN_IDENTIFIER * work.identifiers
    assert work.bytes_read
    assert max(work.sanitiser_peak, work.proof_peak) <= bar, (work.sanitiser_peak, work.proof_peak)
