"""The throw-away clusters themselves: private, on their own port, gone afterwards however the test ends."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from bc_pipelines_tests.postgres import Cluster, find_bindirs, newest_bindir, wheel_bindirs

BIN_DIRS = find_bindirs()
NEWEST = newest_bindir()


def listening(port: int) -> bool:
    """Whether anything accepts connections on a port of 127.0.0.1."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_the_wheels_installs_are_found() -> None:
    """Whatever else is installed, the binaries of the wheel give versions 16 and 18."""
    assert {16, 18} <= BIN_DIRS.keys()


def test_a_cluster_runs_sql_dumps_restores_and_goes_away(tmp_path: Path) -> None:
    """Several statements at once, parameters, dump and restore work; afterwards neither port nor files are left."""
    with Cluster(NEWEST) as cluster:
        cluster.create_database("shop")
        cluster.execute("CREATE TABLE item (id int); INSERT INTO item VALUES (1), (2)", database="shop")
        assert cluster.execute("SELECT count(*) FROM item WHERE id > %s", [1], database="shop") == [(1,)]
        cluster.restore(cluster.dump(tmp_path / "shop.dump", database="shop"), database="copy")
        assert cluster.execute("SELECT * FROM item ORDER BY id", database="copy") == [(1,), (2,)]
        folder = Path(cluster.execute("SHOW data_directory")[0][0]).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert cluster.port != 5432
    assert not listening(cluster.port)
    assert not folder.exists()


def test_an_install_below_a_private_folder_can_be_used(tmp_path: Path) -> None:
    """The server starts from an install that only its owner can reach, as a virtual environment in a home folder is."""
    package = wheel_bindirs()[18].parents[1]
    tmp_path.chmod(0o700)
    shutil.copytree(package / "pginstall18", tmp_path / package.name / "pginstall18", symlinks=True)
    shutil.copytree(package.with_name(package.name + ".libs"), tmp_path / (package.name + ".libs"))
    with Cluster(tmp_path / package.name / "pginstall18" / "bin") as cluster:
        assert cluster.execute("SELECT 1") == [(1,)]


def test_a_cluster_asks_for_its_password() -> None:
    """Nobody gets in without the password."""
    with Cluster(NEWEST) as cluster, pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(cluster.url().replace(cluster.password, "wrong"))


def test_a_cluster_ends_with_the_process_that_started_it() -> None:
    """Killed outright, a test process leaves neither a server nor its files behind."""
    program = (
        "import sys, time; from bc_pipelines_tests.postgres import *\n"
        "cluster = Cluster(newest_bindir()).__enter__()\n"
        "print(cluster.port, cluster.execute('SHOW data_directory')[0][0], flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    ) as process:
        assert process.stdout is not None
        port, data = process.stdout.readline().split()
        assert listening(int(port))
        os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (listening(int(port)) or Path(data).parent.exists()):
        time.sleep(0.05)
    assert not listening(int(port))
    assert not Path(data).parent.exists()


def test_a_server_that_does_not_start_tells_why() -> None:
    """A setting that the server refuses gives its log instead of a time-out, and leaves nothing running."""
    with pytest.raises(RuntimeError, match="no_such_setting"), Cluster(NEWEST, settings={"no_such_setting": "1"}):
        pass
