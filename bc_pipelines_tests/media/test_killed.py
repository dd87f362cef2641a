"""A run that is killed at any of its steps, in each of four ways: a repeat comes to the same end as if nothing was."""

import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from bc_pipelines.media.bucket import Bucket
from bc_pipelines_tests.media import servers
from bc_pipelines_tests.media.conftest import Pair
from bc_pipelines_tests.media.runs import whole_run

SOURCE = {"a/b/new.jpg": b"new", "images/changed.jpg": b"ours!", "images/same.jpg": b"same", "zero": b""}
TARGET = {"images/changed.jpg": b"other", "images/same.jpg": b"same", "old/er/gone.jpg": b"gone"}


class Side:
    """A bucket or a folder that can be filled and looked at."""

    def __init__(self, pair: Pair, place: Bucket | Path) -> None:
        self._pair = pair
        self.place = place

    @property
    def name(self) -> str:
        """As the run is told it."""
        return self.place.name if isinstance(self.place, Bucket) else str(self.place)

    def fill(self, wanted: dict[str, bytes]) -> None:
        """Hold this and nothing else."""
        if isinstance(self.place, Bucket):
            for key in set(self._pair.keys(self.place)) - wanted.keys():
                self.place.client.delete_object(Bucket=self.place.name, Key=key)
        else:
            for path in sorted(self.place.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
        for key, body in wanted.items():
            if isinstance(self.place, Bucket):
                self._pair.put(self.place, key, body)
            else:
                (self.place / key).parent.mkdir(parents=True, exist_ok=True)
                (self.place / key).write_bytes(body)

    def content(self) -> dict[str, bytes]:
        """All that is there; of a folder, empty folders and temporary files too."""
        if isinstance(self.place, Bucket):
            return {key: self._pair.body(self.place, key) for key in self._pair.keys(self.place)}
        return {
            path.relative_to(self.place).as_posix(): path.read_bytes() if path.is_file() else b"folder"
            for path in self.place.rglob("*")
            if path.is_file() or not any(path.iterdir())
        }


@pytest.mark.parametrize("way", ["copy", "stream", "pull", "push"])
def test_a_repeat_finishes_whatever_was_killed(on_rclone: Pair, tmp_path: Path, way: str) -> None:
    """At every step, nothing that only the target's end should show is gone early, and one repeat makes it right."""
    pair, folder = on_rclone, tmp_path / "media"
    folder.mkdir()
    source = Side(pair, folder if way == "push" else pair.source)
    target = Side(pair, folder if way == "pull" else pair.target)
    source.fill(SOURCE)
    address, ledger = pair.source.client.meta.endpoint_url, tmp_path / "ledger"
    places = (address, source.name, target.name, str(ledger))
    command = (sys.executable, "-m", "bc_pipelines_tests.media.killed", way, *places)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as runs:
        assert runs.stdin
        assert runs.stdout
        for step in count(1):
            target.fill(TARGET)
            ledger.unlink(missing_ok=True)
            runs.stdin.write(f"{step}\n")
            runs.stdin.flush()
            ended = int(runs.stdout.readline())
            if not ended:
                break
            assert ended == -signal.SIGKILL
            if "old/er/gone.jpg" not in target.content():
                assert SOURCE.items() <= target.content().items(), "deleted before everything was copied"
            whole_run(way, pair.source.client, source.name, target.name, ledger)
            assert target.content() == SOURCE
            plan, moved = whole_run(way, pair.source.client, source.name, target.name, ledger)
            assert (plan.changes, plan.recognised, moved.copied) == ([], {}, {})
        runs.stdin.close()
    assert step > 8
    assert target.content() == SOURCE


def test_a_download_that_is_killed_is_begun_anew(on_rclone: Pair, tmp_path: Path) -> None:
    """Killed in the middle of a file: it has a temporary name, which the repeat removes, and then all is right."""
    pair, folder = on_rclone, tmp_path / "media"
    folder.mkdir()
    body = bytes(range(256)) * 20_000
    pair.put(pair.source, "film.mp4", body)
    address = pair.source.client.meta.endpoint_url
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from bc_pipelines_tests.media.runs import whole_run\n"
        "from bc_pipelines.media.bucket import client\n"
        "s3 = client(*sys.argv[1:3], region='eu-west-2', endpoint=sys.argv[3])\n"
        "end = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "whole_run('pull', s3, *sys.argv[4:6], Path(sys.argv[6]), end, '1M')"
    )
    places = (pair.source.name, str(folder), str(tmp_path / "ledger"))
    reached = (servers.ACCESS_KEY, servers.SECRET_KEY, address)
    done = subprocess.run((sys.executable, "-c", program, *reached, *places), capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path.name.rpartition(".")[2][:6] for path in folder.iterdir()] == ["bucks-"]
    whole_run("pull", pair.source.client, *places[:2], tmp_path / "ledger")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"film.mp4": body}
