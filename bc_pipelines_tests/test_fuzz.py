"""`python -m benchmarks.fuzz` in small: the product holds against some damaged archives, and the runner would tell."""

from pathlib import Path

import pytest

from bc_pipelines_tests.postgres import find_bindirs
from benchmarks.fuzz import corpus, drive, watch

SEED = 1
INPUTS = 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archives of the newest pg_dump at hand."""
    major, bin_dir = list(find_bindirs().items())[-1]
    made = tmp_path_factory.mktemp("fuzz")
    corpus.make(made, {major: bin_dir})
    return made


def test_damaged_archives_are_refused_as_documented(folder: Path) -> None:
    """Some are refused, some are written, and nothing else happens, in bounded memory."""
    result = watch.run(folder, SEED, 0, lambda done, _: done < INPUTS)
    assert result.findings == []
    assert result.inputs == INPUTS
    assert {"written", "CorruptArchive", "TruncatedArchive"} <= set(result.outcomes)
    assert 0 < result.peak <= watch.MEMORY_BOUND


def test_an_input_is_made_again_from_its_number(folder: Path) -> None:
    """Seed and number make the same input each time, other numbers make others: findings can be replayed."""
    archives = corpus.read(folder)
    inputs = [drive.damaged(archives, SEED, number) for number in range(30)]
    assert inputs == [drive.damaged(archives, SEED, number) for number in range(30)]
    assert len(set(inputs)) > 25
    assert drive.damaged(archives, SEED + 1, 0) != inputs[0]


@pytest.mark.parametrize(("bound", "what"), [("MEMORY_BOUND", "memory"), ("SECONDS_AN_INPUT", "hang")])
def test_too_much_memory_and_too_much_time_are_findings(
    folder: Path, monkeypatch: pytest.MonkeyPatch, bound: str, what: str
) -> None:
    """An input over a bound is a finding under its number, and the run goes on with the next."""
    monkeypatch.setattr(watch, bound, 0.01)
    result = watch.run(folder, SEED, 7, lambda done, _: done < 2)
    assert [finding.number for finding in result.findings] == [7, 8]
    assert all(finding.what.startswith(what) for finding in result.findings)


def test_an_undocumented_exception_is_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only documented refusals have an outcome; anything else leaves ``outcome`` as it is, for the worker to report."""
    archive = min(corpus.read(folder), key=len)
    assert drive.outcome(archive) == "written"
    assert drive.outcome(archive[:-1]) == "TruncatedArchive"
    monkeypatch.setattr(drive, "sanitise", int)
    with pytest.raises(TypeError):
        drive.outcome(archive)
