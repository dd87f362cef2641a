"""The command `bucks archive` on real archives: what it writes, prints and leaves behind, and how it ends."""

from __future__ import annotations

import inspect
import os
import re
import stat
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bc_pipelines import archive_cli
from bc_pipelines.archive_output import BAD_INPUT, NOT_PROVEN, REFUSED
from bc_pipelines.cli import app
from bc_pipelines.privacy.manifest import Manifest
from bc_pipelines_tests.archive_commands import BUCKS, WAIT_SECONDS, answer, assert_nobody_in, bucks, cut, sanitise
from bc_pipelines_tests.archive_samples import NEW_IN_THE_SITE, STAFF_DOMAIN, dump_site, leaky_catalogue
from bc_pipelines_tests.postgres import Cluster

COMMANDS = ("inspect", "sanitise", "prove", "suggest")


@pytest.fixture(scope="module")
def new(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with a table and columns that the catalogue does not know."""
    return dump_site(cluster, tmp_path_factory.mktemp("new") / "production.dump", NEW_IN_THE_SITE)


def test_a_copy_is_written_and_proven(raw: Path, folder: Path, cluster: Cluster) -> None:
    """The copy and its manifest are readable by their owner alone, nothing else is left, and pg_restore loads it."""
    result = sanitise(raw, folder / "clean.dump", "--manifest", folder / "manifest.json")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in folder.iterdir()) == ["clean.dump", "manifest.json"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600, 0o600]
    assert "none was found where it should not be" in result.stdout
    assert result.stderr == ""
    assert_nobody_in(result.output)
    manifest = Manifest.from_json((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest.accounts.kept, manifest.accounts.replaced) == (1, 1)
    cluster.restore(folder / "clean.dump", database="restored")
    assert cluster.execute("SELECT count(*) FROM feedback_feedbackcomment", database="restored") == [(0,)]


def test_standard_input_will_do(raw: Path, folder: Path) -> None:
    """An archive in a pipe gives the same copy as one in a file, but for made-up values."""
    result = sanitise("-", folder / "clean.dump", "--json", given=raw.read_bytes())
    assert result.exit_code == 0, result.output
    piped = answer(result)
    read = answer(sanitise(raw, folder / "again.dump", "--json"))
    assert isinstance(piped["manifest"], dict)
    assert isinstance(read["manifest"], dict)
    assert piped["manifest"]["tables"] == read["manifest"]["tables"]


def test_json_says_what_was_done(raw: Path, folder: Path) -> None:
    """Machines get the outcome, where the archive is, its digest, the manifest and the proof."""
    document = answer(sanitise(raw, folder / "clean.dump", "--json"))
    assert document.keys() == {"outcome", "target", "size_bytes", "sha256", "manifest", "proof"}
    assert (document["outcome"], document["target"]) == ("done", str(folder / "clean.dump"))
    assert document["size_bytes"] == (folder / "clean.dump").stat().st_size
    assert isinstance(document["proof"], dict)
    assert document["proof"]["passed"] is True


def test_everything_unknown_is_named_at_once(new: Path, folder: Path) -> None:
    """A refusal names every table and column, ends with 2, and writes nothing."""
    result = sanitise(new, folder / "clean.dump", "--manifest", folder / "manifest.json")
    assert result.exit_code == REFUSED
    assert all(name in result.stderr for name in ("complaints", "users_user.mobile", "users_user.shoe_size"))
    assert list(folder.iterdir()) == []


def test_what_is_unknown_can_be_taken_out(new: Path, folder: Path) -> None:
    """On demand an unknown table loses its rows, unknown columns their values, and the manifest says so."""
    result = sanitise(new, folder / "clean.dump", "--unknown-tables", "purge", "--unknown-columns", "empty", "--json")
    assert result.exit_code == 0, result.output
    manifest = answer(result)["manifest"]
    assert isinstance(manifest, dict)
    assert manifest["unknown"]["tables_purged"] == ["complaints"]
    assert manifest["unknown"]["columns_emptied"] == ["users_user.mobile", "users_user.shoe_size"]


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_the_result_does_not_depend_on_jobs(raw: Path, folder: Path, tmp_path: Path, jobs: str) -> None:
    """With one process or three, a clean copy passes and a leaky one fails for the same reason."""
    assert sanitise(raw, folder / "clean.dump", "--jobs", jobs).exit_code == 0
    again = bucks("prove", folder / "clean.dump", "--against", raw, "--staff-domain", STAFF_DOMAIN, "--jobs", jobs)
    assert again.exit_code == 0
    result = sanitise(
        raw, folder / "leaky.dump", "--catalogue", leaky_catalogue(tmp_path / "leaky.toml"), "--jobs", jobs
    )
    assert result.exit_code == NOT_PROVEN
    assert re.search(r"users_user +username +username", result.stderr)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_failed_proof_leaves_no_file(raw: Path, folder: Path, tmp_path: Path, as_json: bool) -> None:
    """It ends with 4, names table, column and kind, and no value; neither archive nor manifest is there."""
    leaky = leaky_catalogue(tmp_path / "leaky.toml")
    options: list[str | Path] = [
        "--catalogue",
        leaky,
        "--manifest",
        folder / "manifest.json",
        *(["--json"] if as_json else []),
    ]
    result = sanitise(raw, folder / "clean.dump", *options)
    assert result.exit_code == NOT_PROVEN
    assert re.search(r"users_user +username +username", result.stderr)
    assert_nobody_in(result.output)
    assert list(folder.iterdir()) == []
    if as_json:
        assert answer(result)["outcome"] == "not proven"


def bent(archive: bytes) -> bytes:
    """The middle of a compressed block is other bytes."""
    middle = len(archive) // 2
    return archive[:middle] + bytes(1000) + archive[middle + 1000 :]


def other(archive: bytes) -> bytes:
    """It is no archive."""
    return b"SELECT 1;\n" * 100


@pytest.mark.parametrize(
    "damage", [cut, bent, other, lambda _: b""], ids=["truncated", "corrupt", "no archive", "empty"]
)
def test_a_bad_archive_is_bad_input(raw: Path, folder: Path, damage: Callable[[bytes], bytes]) -> None:
    """A damaged archive ends every command that reads it with 3, and none leaves anything behind."""
    bad = damage(raw.read_bytes())
    assert sanitise("-", folder / "clean.dump", given=bad).exit_code == BAD_INPUT
    assert bucks("inspect", "-", "--rows", given=bad).exit_code == BAD_INPUT
    assert bucks("prove", raw, "--against", "-", given=bad).exit_code == BAD_INPUT
    assert list(folder.iterdir()) == []


def test_a_damaged_target_is_bad_input(raw: Path, tmp_path: Path) -> None:
    """A sanitised archive that lost its end is not searched as if it were whole."""
    target = tmp_path / "clean.dump"
    target.write_bytes(cut(raw.read_bytes()))
    assert bucks("prove", target, "--against", raw).exit_code == BAD_INPUT


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_not_there_is_bad_input(tmp_path: Path, raw: Path, command: str) -> None:
    """A file that does not exist is named, and the end is 3."""
    missing = tmp_path / "missing.dump"
    arguments: dict[str, list[str | Path]] = {
        "sanitise": [tmp_path / "clean.dump", "--profile", "local"],
        "prove": ["--against", raw],
    }
    result = bucks(command, missing, *arguments.get(command, []))
    assert result.exit_code == BAD_INPUT
    assert f"{missing} cannot be read: No such file or directory" in result.stderr


def test_a_wrong_catalogue_is_bad_input(raw: Path, folder: Path, tmp_path: Path) -> None:
    """A catalogue with a slip of the pen stops the copy before anything is written."""
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text("format = 2\n", encoding="utf-8")
    assert sanitise(raw, folder / "clean.dump", "--catalogue", catalogue).exit_code == BAD_INPUT
    assert list(folder.iterdir()) == []


def test_a_file_that_is_there_stays(raw: Path, folder: Path) -> None:
    """A target that exists is refused, unless it is to be replaced; the raw archive itself is refused always."""
    target = folder / "clean.dump"
    target.write_bytes(b"precious")
    assert sanitise(raw, target).exit_code == REFUSED
    assert target.read_bytes() == b"precious"
    assert sanitise(raw, target, "--force").exit_code == 0
    assert target.read_bytes().startswith(b"PGDMP")
    before = raw.read_bytes()
    assert sanitise(raw, raw, "--force").exit_code == REFUSED
    assert raw.read_bytes() == before


def test_an_archive_is_inspected(new: Path) -> None:
    """The table of contents is told, with rows, rules and what is unclassified."""
    document = answer(bucks("inspect", new, "--rows", "--json"))
    assert document["version"] in ("1.14", "1.15", "1.16")
    assert document["compression"] == "gzip"
    assert document["unclassified_tables"] == ["complaints"]
    assert isinstance(document["tables"], list)
    tables = {table["name"]: table for table in document["tables"]}
    assert {name: table["rows"] for name, table in tables.items()} == {
        "auth_group": 2,
        "complaints": 9,
        "feedback_feedbackcomment": 300,
        "users_user": 2,
    }
    assert {name: table["treatment"] for name, table in tables.items()} == {
        "auth_group": "keep",
        "complaints": "no entry",
        "feedback_feedbackcomment": "purge",
        "users_user": "rewrite",
    }
    assert tables["users_user"]["unclassified"] == ["mobile", "shoe_size"]
    assert tables["users_user"]["rules"]["email"] == "email unless staff"


def test_people_read_the_same(new: Path) -> None:
    """The page for people names the versions, every table and what is unclassified, a table a line, and no value."""
    result = bucks("inspect", new)
    assert result.exit_code == 0
    assert re.search(r"^feedback_feedbackcomment +6 +purge", result.stdout, re.MULTILINE)
    assert re.search(r"^Columns without an entry in the catalogue \(2\):\n  users_user.mobile", result.stdout, re.M)
    assert_nobody_in(result.output)


def test_a_draft_is_suggested(new: Path) -> None:
    """The draft is TOML, names what is unclassified and holds no value; with --json it is the same for machines."""
    result = bucks("suggest", new)
    assert result.exit_code == 0
    assert_nobody_in(result.output)
    tables = tomllib.loads(result.stdout)["tables"]
    assert tables["CHOOSE"]["complaints"]["columns"]["sender_email"]["staging"] == "email"
    suggested = answer(bucks("suggest", new, "--json"))["suggestions"]
    assert isinstance(suggested, list)
    assert [each["column"] for each in suggested] == ["id", "sender_email", "details", "mobile", "shoe_size"]


def test_the_proof_stands_alone(raw: Path, folder: Path) -> None:
    """A staging copy passes against its source, but not as a local copy; the source fails and stays where it is."""
    target = folder / "clean.dump"
    assert sanitise(raw, target).exit_code == 0
    staff = ["--staff-domain", STAFF_DOMAIN]
    passed = bucks("prove", target, "--against", raw, *staff, "--json")
    assert (passed.exit_code, answer(passed)["outcome"]) == (0, "done")
    assert bucks("prove", target, "--against", raw, *staff, "--profile", "local").exit_code == NOT_PROVEN
    failed = bucks("prove", raw, "--against", raw, *staff)
    assert failed.exit_code == NOT_PROVEN
    assert raw.exists()
    assert_nobody_in(failed.output)


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_values_are_shown_on_a_terminal_only(raw: Path, option: list[str]) -> None:
    """Where standard output is no terminal, --show is refused before anything is read."""
    result = bucks("prove", raw, "--against", raw, "--show", *option)
    assert result.exit_code == REFUSED
    assert_nobody_in(result.output)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_run(raw: Path, tmp_path: Path, command: str) -> None:
    """What the help of each command shows as an example does its work on a real archive, in this order."""
    (tmp_path / "production.dump").symlink_to(raw)
    needed = [example("sanitise")] if command == "prove" else []
    for line in (*needed, example(command)):
        done = subprocess.run(
            ["sh", "-c", line],  # noqa: S607
            cwd=tmp_path,
            env=os.environ | {"PATH": f"{BUCKS.parent}:{os.environ['PATH']}"},
            capture_output=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b""), done


def example(command: str) -> str:
    """The line that a command's help shows."""
    help_text = inspect.getdoc(getattr(archive_cli, command)) or ""
    found = re.search(r"^Example: (bucks archive .*)$", help_text, re.MULTILINE)
    assert found
    assert CliRunner().invoke(app, ["archive", command, "--help"]).exit_code == 0
    return found[1]
