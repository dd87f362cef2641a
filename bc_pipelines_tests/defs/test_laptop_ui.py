"""`bucks ui` on a developer's machine: an instance in a folder, and none of the team's settings."""

import os
import re
import signal
import subprocess
from pathlib import Path

import httpx

from bc_pipelines_tests.archive_commands import BUCKS
from bc_pipelines_tests.postgres import Cluster
from bc_pipelines_tests.sandbox.heroku.simulated import free_ports

JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }"


def test_it_shows_the_jobs_for_pulling(cluster: Cluster, tmp_path: Path) -> None:
    """It starts with a local database and a folder, has the jobs of a laptop, and ends with Ctrl-C."""
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    [port] = free_ports(1)
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "DAGSTER_HOME": str(tmp_path),
        "BC_LOCAL_DATABASE_URL": cluster.url("mine"),
    }
    with subprocess.Popen(
        [BUCKS, "ui", "--port", str(port)], env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as ui:
        assert ui.stdout is not None
        try:
            said = next((line for line in ui.stdout if "The UI is ready" in line), "")
            address = re.search(r"http://\S+", said)
            assert address is not None
            with httpx.Client(trust_env=False, timeout=120) as client:
                answer = client.post(f"{address[0]}/graphql", json={"query": JOBS}).json()
        finally:
            ui.send_signal(signal.SIGINT)
        ui.stdout.read()
        assert ui.wait(120) == 0
    [repository] = answer["data"]["repositoriesOrError"]["nodes"]
    names = {job["name"] for job in repository["jobs"]}
    assert {f"pull_{name}_data" for name in ("production", "staging", "development")} <= names
