"""`make bench` at its smallest: what it prints and what it writes, not how fast anything is."""

import importlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import pytest

from benchmarks import page as page_module
from benchmarks.birdbath import Birdbath
from benchmarks.figures import What
from benchmarks.media import COLD_AWAY, KEYS_AWAY, UNCHANGED_AWAY
from benchmarks.movers import OURS, RCLONE
from benchmarks.page import HEADINGS, PAGE
from benchmarks.production import CHECKOUT
from benchmarks.rivals import Restore
from benchmarks.stages import OTHER, STAGES, START, by_stage

SECONDS = 580
pytestmark = pytest.mark.timeout(SECONDS + 20)
NAMES = [what.value for what in What]


@dataclass(frozen=True)
class Bench:
    """What one run printed and wrote."""

    printed: str
    page: str
    folder: Path


def table(page: str) -> list[list[str]]:
    """The cells of a page's first table, row by row, headings first and without the line below them."""
    first = page[page.index("| What |") :].partition("\n\n")[0]
    lines = [line.strip("| ").split(" | ") for line in first.splitlines()]
    return [cells for cells in lines if set("".join(cells)) != {"-"}]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """One run of the command at the smallest scale."""
    page = tmp_path_factory.mktemp("bench") / "benchmarks.md"
    small = ("--scale", "1", "--repeat", "1", "--no-others", "--birdbath")
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks", *small, "--page", page),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Bench(done.stdout, page.read_text(encoding="utf-8"), page.parent)


def test_every_figure_and_a_picture_lie_beside_the_page(bench: Bench) -> None:
    """The JSON has both sides of every comparison, and the SVG names who spends the time."""
    measured = json.loads((bench.folder / "benchmarks.json").read_text(encoding="utf-8"))["measured"]
    for each in measured["rounds"]:
        assert {side for side, figures in each.items() if figures["wall"] > 0} == set(each)
    picture = (bench.folder / "benchmarks.svg").read_text(encoding="utf-8")
    assert all(name in picture for name in ("sanitiser", "proof", "database server", "plain restore"))


def test_every_program_has_moved_media_rightly_near_and_far(bench: Bench) -> None:
    """Each way was gone by the same programs, and what is at the other end is what was to be there."""
    media = json.loads((bench.folder / "benchmarks.json").read_text(encoding="utf-8"))["measured"]["media"]
    for each in media["rounds"]:
        assert {COLD_AWAY, UNCHANGED_AWAY, KEYS_AWAY} < set(each)
        assert all(set(programs) == {OURS, RCLONE} for programs in each.values())
        assert all(run["right"] for programs in each.values() for run in programs.values())


def test_each_row_says_what_was_measured_and_whether_its_bar_is_held(bench: Bench) -> None:
    """The page has one row a measurement, and a verdict exactly where the design sets a bar."""
    headings, *rows = table(bench.page)
    assert headings == list(HEADINGS)
    assert [what for what, *_ in rows] == NAMES
    for _, figure, bar, held in rows:
        assert re.search(r"\d", figure)
        assert held in (("-",) if bar == "-" else ("yes", "**no**"))


def test_the_terminal_shows_the_same_rows(bench: Bench) -> None:
    """What is printed has every row's figure; a narrow terminal may break it anywhere."""
    words = set(re.findall(r"\w+", bench.printed))
    for what, figure, *_ in table(bench.page)[1:]:
        assert set(re.findall(r"\w+", f"{what} {figure}")) <= words


def test_memory_and_speed_come_first(bench: Bench) -> None:
    """The first row has both processes' memory, the bytes a second, and a bar in bytes for each identifier."""
    _, figure, bar, _ = table(bench.page)[1]
    assert re.match(r"sanitiser [\d,]+ MB, proof [\d,]+ MB, [\d,]+ identifiers; [\d,]+ bytes .* second", figure)
    assert "16 bytes an identifier" in bar


def test_the_page_names_no_machine(bench: Bench) -> None:
    """The page says how many cores and which PostgreSQL there were, and holds no path and no host."""
    assert re.search(r"^- Cores: \d+$", bench.page, re.MULTILINE)
    assert re.search(r"^- PostgreSQL: \d+", bench.page, re.MULTILINE)
    assert not re.search(r"(?:^|\s)/\w+/|127\.0\.0\.1|localhost", bench.page)


def test_the_page_in_the_docs_has_the_rows_that_are_measured() -> None:
    """docs/benchmarks.md has exactly the rows that are measured, in their order."""
    shown = [what for what, *_ in table(PAGE.read_text(encoding="utf-8"))[1:]]
    assert shown == NAMES


def test_the_whole_refresh_is_the_products_own_and_is_verified(bench: Bench) -> None:
    """Its stages are those that the product tells its users, and it counted the rows that it restored."""
    [each] = json.loads((bench.folder / "benchmarks.json").read_text(encoding="utf-8"))["measured"]["rounds"]
    stages = ["Sanitising", "Searching the copy", "Restoring", "Checking the new database", "Swapping the databases"]
    assert list(each["refresh"]["stages"]) == stages
    assert each["refresh"]["rows"] > 0
    assert each["refresh"]["peak"] > 0


def test_the_profile_is_a_table_and_a_picture(bench: Bench) -> None:
    """Every stage has a line, all of them together are all of the time, and the picture names the same ones."""
    measured = json.loads((bench.folder / "benchmarks.json").read_text(encoding="utf-8"))["measured"]
    picture = (bench.folder / "benchmarks-profile.svg").read_text(encoding="utf-8")
    for process in ("sanitiser", "proof"):
        assert list(measured["profile"][process]) == [*STAGES, OTHER]
    for name in (*STAGES, OTHER):
        assert re.search(rf"^\| {name} \| \d+% \| [\d.]+ \| [\d.]+ \|$", bench.page, re.MULTILINE)
        assert name in picture


def test_where_nothing_was_measured_of_birdbath_what_was_kept_is_shown(bench: Bench, tmp_path: Path) -> None:
    """A page's figures keep what a run with `--birdbath` measured; a page without figures has nothing to keep."""
    kept = page_module.kept(bench.folder / "benchmarks.md")
    assert isinstance(kept, Birdbath)
    assert isinstance(kept.birdbath, Restore)
    assert (kept.scale, kept.wall > kept.birdbath.wall > 0) == (1, True)
    assert page_module.kept(tmp_path / "benchmarks.md") is None


@pytest.mark.parametrize("name", [name for members in STAGES.values() for name in members])
def test_every_function_of_a_stage_exists(name: str) -> None:
    """A module or function that was renamed must be renamed among the stages, too, or its time would get lost."""
    module, _, function = name.partition(":")
    found = importlib.import_module(module)
    if function:
        attrgetter(function)(found)


def test_time_is_shared_out_by_the_first_stage_at_work() -> None:
    """What the control has searched is the control's; what nobody knows is kept apart; nothing is lost."""
    searching, control = "bc_pipelines.proof.text:fold", "bc_pipelines.proof.control:Control.recall"
    looks = [((searching,), 2), ((searching, control), 1), (("somebody.else:work",), 1)]
    shared = by_stage(0.5, 4.5, looks)
    assert {name: seconds for name, seconds in shared.items() if seconds} == {
        START: 0.5,
        "Control": 1.0,
        "Cutting text up": 2.0,
        OTHER: 1.0,
    }
