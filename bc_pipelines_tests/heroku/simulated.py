"""Starts the sandbox's simulator of Heroku over two real databases, for tests of the client against it."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bc_pipelines.heroku.client import HerokuClient
from bc_pipelines.sandbox.certificates import Certificates
from bc_pipelines_tests.postgres import Cluster

START_SECONDS = 30
APPS = {"production": "NAVY", "staging": "JADE"}


@dataclass(frozen=True)
class Heroku:
    """A running simulator with the apps `production` and `staging`, whose databases have the same names."""

    url: str
    token: str = field(repr=False)
    cluster: Cluster

    def client(self, *, poll_interval: float = 0.05, retry_for: float = 10) -> HerokuClient:
        """A client that may change `staging`."""
        return HerokuClient(
            self.url,
            self.url,
            self.token,
            writable_apps=frozenset({"staging"}),
            poll_interval=poll_interval,
            retry_for=retry_for,
        )

    def fault(self, kind: str, **members: object) -> None:
        """Order a fault; see the simulator's faults.py."""
        self._faults("POST", {"kind": kind, **members})

    def no_faults(self) -> None:
        """Forget every ordered fault."""
        self._faults("DELETE", None)

    def faults_left(self) -> list[object]:
        """The faults that have not struck as often as ordered; empty once all have."""
        return self._faults("GET", None)

    def _faults(self, method: str, body: object) -> list[object]:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}/sandbox/faults", json=body, headers=headers)
        return list(answer.raise_for_status().json())


@contextmanager
def running(cluster: Cluster, certificates: Certificates, folder: Path) -> Iterator[Heroku]:
    """Run the simulator until the block ends.

    Args:
        cluster: Where the databases `production` and `staging` are.
        certificates: What it serves TLS with; the client must trust the authority already.
        folder: An empty folder for its files.
    """
    token = f"HRKU-{secrets.token_hex(16)}"
    api, router, rendezvous, *sites = _free_ports(5)
    config = {
        "host": "127.0.0.1",
        "api_port": api,
        "router_port": router,
        "rendezvous_port": rendezvous,
        "certificate": str(certificates.certificate),
        "key": str(certificates.key),
        "ca": str(certificates.ca),
        "token": token,
        "account_email": "robot@buckinghamshire.example",
        "pg_bin": str(cluster.bin_dir),
        "state_dir": str(folder / "state"),
        "python": sys.executable,
        "site_dir": str(folder),
        "apps": [_app(cluster, name, site) for name, site in zip(APPS, sites, strict=True)],
        "die_with_parent": True,
    }
    path = folder / "config.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    with ExitStack() as stack:
        log = stack.enter_context((folder / "log").open("wb"))
        command = [sys.executable, "-m", "bc_pipelines.sandbox.heroku", str(path)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        stack.callback(process.wait, START_SECONDS)
        stack.callback(process.terminate)
        _until_ready(process, f"https://127.0.0.1:{api}/healthz", folder / "log")
        yield Heroku(f"https://127.0.0.1:{api}", token, cluster)


def _app(cluster: Cluster, name: str, site_port: int) -> dict[str, object]:
    number = list(APPS).index(name) + 1
    addon = {
        "id": f"{number}" * 8 + "-0000-4000-8000-000000000000",
        "name": f"postgresql-{name}-1000{number}",
        "plan": "standard-0",
        "attachment": "DATABASE",
        "colour": APPS[name],
    }
    return {
        "id": f"{number}" * 8 + "-1111-4000-8000-000000000000",
        "name": name,
        "hosts": [f"www.{name}.buckinghamshire.example"],
        "config_vars": {"DATABASE_URL": cluster.url(name).replace("postgresql://", "postgres://"), "GREETING": name},
        "addon": addon,
        "formation": {"web": 1, "worker": 1},
        "site_port": site_port,
    }


def _until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the simulator does not start: {log.read_text()[-2000:]}")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
