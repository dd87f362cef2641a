"""What a team's server does all day: the UI that starts, and a sensor that looks and finds nothing new.

Everything is as `make ui` has it but for the sandbox around: Dagster's storage in PostgreSQL, and a simulator of Heroku
with one backup of a small table, asked over TLS. As `python -m benchmarks.server` it is one look of the sensor, at the
newest backup that it is told of, in a process that has the definitions.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from bc_pipelines.sandbox.apps import environments_toml
from bc_pipelines.sandbox.certificates import make_certificates
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.sandbox.heroku.simulated import PRODUCTION_HOST, TOKEN, Simulated, free_ports
from benchmarks import resources
from benchmarks.production import CHECKOUT

_SECONDS = 180
_LOOK_EVERY_SECONDS = 0.05
_STORAGE = """
storage:
  postgres:
    postgres_url:
      env: DAGSTER_DATABASE_URL
telemetry:
  enabled: false
"""
_ASSETS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { assetNodes { id } } } } }"
_UI = (sys.executable, "-c", "from bc_pipelines.cli import main; main()", "ui", "--port")


@dataclass(frozen=True)
class Tick:
    """What one look of the sensor took.

    Attributes:
        cpu: processor seconds.
        wall: seconds by the clock.
    """

    cpu: float
    wall: float


@dataclass(frozen=True)
class Start:
    """What the start of the UI took.

    Attributes:
        cpu: processor seconds of all its processes, until it was ended again.
        wall: seconds by the clock until it showed our assets.
        assets: how many.
    """

    cpu: float
    wall: float
    assets: int


@dataclass(frozen=True)
class Server:
    """All that was measured, several times each."""

    ticks: list[Tick]
    starts: list[Start]


def server(cluster: Cluster, folder: Path, repeat: int) -> Server:
    """Measure.

    Args:
        cluster: for Dagster's database, and for those of the simulator's apps.
        folder: for everything else; made.
        repeat: how often.
    """
    folder.mkdir()
    with _team(cluster, folder) as (variables, newest):
        ticks = [_tick(variables, newest) for _ in range(repeat)]
        return Server(ticks, [_start(variables) for _ in range(repeat)])


@contextlib.contextmanager
def _team(cluster: Cluster, folder: Path) -> Iterator[tuple[Mapping[str, str], str]]:
    """The variables of a team's server, and the identity of production's newest backup."""
    for name in ("production_app", "staging_app", "dagster"):
        cluster.create_database(name)
    cluster.execute("CREATE TABLE page AS SELECT 1 AS id", database="production_app")
    certificates = make_certificates(folder / "tls", [PRODUCTION_HOST])
    # Heroku's form of an address.
    urls = [f"postgres{cluster.url(name).removeprefix('postgresql')}" for name in ("production_app", "staging_app")]
    (folder / "environments.toml").write_text(environments_toml(), encoding="utf-8")
    (folder / "dagster.yaml").write_text(_STORAGE, encoding="utf-8")
    simulated = Simulated(folder, certificates, cluster.bin_dir, (urls[0], urls[1]))
    with simulated.running():
        yield (
            {
                "PATH": os.defpath,
                "HOME": str(folder),
                "BC_ENVIRONMENTS": str(folder / "environments.toml"),
                "BC_SCRATCH": str(folder / "scratch"),
                "BC_VIEW_RESTRICTION_PASSWORD": "invented for a benchmark",
                "DAGSTER_HOME": str(folder),
                "DAGSTER_DATABASE_URL": cluster.url("dagster"),
                "HEROKU_HOST": simulated.base,
                "HEROKU_DATA_HOST": "127.0.0.1",
                "HEROKU_API_KEY": TOKEN,
                "SSL_CERT_FILE": str(certificates.ca),
                "AWS_DEFAULT_REGION": "eu-west-2",
            },
            str(simulated.backup()["uuid"]),
        )


def _tick(variables: Mapping[str, str], newest: str) -> Tick:
    command = (sys.executable, "-m", "benchmarks.server", newest)
    done = subprocess.run(
        command, env=variables, cwd=CHECKOUT, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the sensor failed:\n{done.stderr[-2000:]}")
    return Tick(**json.loads(done.stdout))


def _start(variables: Mapping[str, str]) -> Start:
    """From the command to the first answer with our assets; Ctrl-C ends it."""
    [port] = free_ports(1)
    cpu, started = resources.of_children(), time.monotonic()
    quiet = subprocess.DEVNULL
    with subprocess.Popen((*_UI, str(port)), env=variables, cwd=CHECKOUT, stdout=quiet, stderr=quiet) as ui:
        try:
            while not (assets := _assets(port)):
                if ui.poll() is not None or time.monotonic() - started > _SECONDS:
                    raise RuntimeError("the UI did not start")
                time.sleep(_LOOK_EVERY_SECONDS)
            wall = time.monotonic() - started
        finally:
            ui.send_signal(signal.SIGINT)
            ui.wait(_SECONDS)
    return Start(resources.of_children() - cpu, wall, assets)


def _assets(port: int) -> int:
    """How many assets the UI shows so far."""
    with contextlib.suppress(httpx.HTTPError, ValueError, KeyError, TypeError):
        answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": _ASSETS}, trust_env=False, timeout=60)
        return sum(len(node["assetNodes"]) for node in answer.json()["data"]["repositoriesOrError"]["nodes"])
    return 0


def main(newest: str) -> None:
    """Let the sensor look twice, as the daemon does; the second look is printed, because the first one imports."""
    import dagster as dg

    from bc_pipelines.definitions import defs

    sensor = defs.get_sensor_def("new_production_backup")
    with dg.DagsterInstance.get() as instance:
        took = []
        for _ in range(2):
            cpu, started = time.process_time(), time.monotonic()
            seen = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=newest))
            took.append(Tick(time.process_time() - cpu, time.monotonic() - started))
    if "was adopted already" not in (seen.skip_message or ""):
        raise RuntimeError(f"the sensor did not see what it should: {seen.skip_message}")
    sys.stdout.write(json.dumps(asdict(took[-1])))


if __name__ == "__main__":
    main(sys.argv[1])
