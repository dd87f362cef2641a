"""A whole sandbox of real servers with empty databases: started, looked at, broken, mended, stopped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from bc_pipelines.sandbox import redis, s3, servers
from bc_pipelines.sandbox.cli import app
from bc_pipelines.sandbox.environment import product_environment
from bc_pipelines.sandbox.errors import SandboxError
from bc_pipelines.sandbox.processes import base_environment, recorded, wait_until
from bc_pipelines.sandbox.up import down, sandbox, up
from bc_pipelines.sandbox.world import BUCKETS, CLUSTERS, PostgresPlaces, World, create, save
from bc_pipelines_tests.sandbox.conftest import processes_of

REDIS = ["redis_production", "redis_staging"] if redis.find_program(os.environ) else []
NAMES = [
    *("postgres_production", "postgres_other"),
    *REDIS,
    *("s3", "git", "gitlab", "heroku", "mail", "slack", "cloudflare", "dns"),
]

USE_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from bc_pipelines.sandbox.up import sandbox
with sandbox(Path(sys.argv[1]), fill=False):
    print("up", flush=True)
    time.sleep(600)
"""


def pids(world: World) -> dict[str, int | None]:
    """Give each server's process id."""
    return {each.name: each.pid for each in servers.status(world)}


def states(world: World) -> dict[str, str]:
    """Give each server's state."""
    return {each.name: each.state for each in servers.status(world)}


def test_everything_runs(world: World) -> None:
    """All servers run and answer."""
    assert states(world) == dict.fromkeys(NAMES, "running")


def test_a_second_up_changes_nothing(world: World) -> None:
    """What runs goes on running, under the same ids, ports and passwords."""
    before = pids(world)
    assert up(world.root, fill=False) == world
    assert pids(world) == before


def test_a_block_inside_a_running_sandbox_leaves_it_running(world: World) -> None:
    """Whoever finds a sandbox running uses it and does not stop it."""
    before = pids(world)
    with sandbox(world.root, fill=False) as inner:
        assert inner == world
    assert pids(world) == before


def test_a_killed_server_is_seen_and_started_again(world: World) -> None:
    """After kill -9 the status tells the truth, and `up` starts that server and no other; objects survive."""
    s3.client(world).put_object(Bucket=BUCKETS["archives"], Key="kept", Body=b"bytes")
    before = pids(world)
    victim = before["s3"]
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    assert wait_until(lambda: states(world)["s3"] == "stopped", 10)
    assert [name for name, state in states(world).items() if state != "running"] == ["s3"]
    up(world.root, fill=False)
    after = pids(world)
    assert states(world) == dict.fromkeys(NAMES, "running")
    assert [name for name in NAMES if after[name] != before[name]] == ["s3"]
    assert s3.client(world).get_object(Bucket=BUCKETS["archives"], Key="kept")["Body"].read() == b"bytes"


def test_a_server_that_hangs_is_said_not_to_answer(world: World) -> None:
    """A process that exists but does not answer is not called running."""
    pid = pids(world)["s3"]
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        assert states(world)["s3"] == "not answering"
    finally:
        os.kill(pid, signal.SIGCONT)
    assert wait_until(lambda: states(world)["s3"] == "running", 20)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux answers on all of 127.0.0.0/8")
def test_nothing_listens_beyond_127_0_0_1(world: World) -> None:
    """No port of the sandbox can be reached under another address of this machine."""
    for name, port in world.ports.items():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.2", port)) != 0, name


def test_every_database_opens_with_its_url(world: World) -> None:
    """Each URL leads into its own database, and production is a server apart."""
    for database in [name for names in CLUSTERS.values() for name in names]:
        with psycopg.connect(world.database_url(database).replace("postgres://", "postgresql://")) as connection:
            assert connection.execute("SELECT current_database()::text, current_user::text").fetchone() == (
                database,
                database,
            )


def test_buckets_are_there_and_strangers_are_refused(world: World) -> None:
    """The S3 server has all buckets and knows one pair of keys."""
    names = {bucket["Name"] for bucket in s3.client(world).list_buckets()["Buckets"]}
    assert names == set(BUCKETS.values())
    stranger = World(**{**vars(world), "secrets": {**world.secrets, "s3_secret_key_worker": "x" * 40}})
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        s3.client(stranger).list_buckets()


def test_the_variables_are_enough_for_boto3(world: World) -> None:
    """A program with nothing but the product's variables stores and reads an object, over TLS, copied and ranged."""
    program = f"""
import boto3
s3 = boto3.client("s3")
s3.put_object(Bucket={BUCKETS["production"]!r}, Key="a", Body=b"hello")
s3.copy_object(Bucket={BUCKETS["staging"]!r}, Key="b", CopySource={{"Bucket": {BUCKETS["production"]!r}, "Key": "a"}})
print(s3.get_object(Bucket={BUCKETS["staging"]!r}, Key="b", Range="bytes=1-3")["Body"].read().decode())
"""
    variables = {**base_environment(), **product_environment(world)}
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "ell"


def test_secrets_stand_in_no_command_line_and_no_open_file(world: World) -> None:
    """Neither `ps` nor another user can see a secret."""
    for pid in processes_of(world.root):
        line = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
        assert not [name for name, value in world.secrets.items() if value in line]
    for path in world.root.iterdir():
        allowed = 0o011 if path.name == "postgres" else 0
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 & ~allowed == 0, path.name


def test_secrets_stand_in_no_log(world: World) -> None:
    """No server writes a secret into its log."""
    for path in world.logs.iterdir():
        text = path.read_text(errors="replace")
        assert not [name for name, value in world.secrets.items() if value in text], path.name


def test_stopping_leaves_no_process_and_destroying_no_file(closed_folder: Path) -> None:
    """`down` ends all that `up` started and keeps the data; `--destroy` leaves nothing at all."""
    root = closed_folder / "root"
    world = up(root, fill=False)
    assert processes_of(root)
    down(root)
    assert processes_of(root) == set()
    assert set(states(world).values()) == {"stopped"}
    assert (world.postgres.home / "other" / "PG_VERSION").exists()
    (root / "report.html").write_text("of a demo")
    if os.geteuid() == 0:
        assert not world.postgres.home.is_relative_to(closed_folder)
    down(root)
    down(root, destroy=True)
    assert not root.exists()
    assert not world.postgres.home.exists()
    assert list(closed_folder.iterdir()) == []


def test_a_killed_user_and_a_killed_supervisor_leave_nothing_running(open_folder: Path) -> None:
    """What a command started dies with it; what lost its supervisor dies too, and `up` works again."""
    root = open_folder / "root"
    with subprocess.Popen(
        [sys.executable, "-c", USE_UNTIL_KILLED, str(root)], stdout=subprocess.PIPE, text=True
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "up\n"
        user.kill()
    assert wait_until(lambda: processes_of(root) == set(), 60)
    world = up(root, fill=False)
    supervisor = recorded(servers.records(world), servers.SUPERVISOR)
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    down(root)
    assert wait_until(lambda: processes_of(root) == set(), 60)
    down(root, destroy=True)


def test_a_deleted_folder_stops_the_servers(open_folder: Path) -> None:
    """Whoever deletes the folder instead of taking the sandbox down leaves no process behind either."""
    root = open_folder / "root"
    up(root, fill=False)
    shutil.rmtree(root)
    assert wait_until(lambda: processes_of(root) == set(), 60)


def test_foreign_files_survive_destruction(tmp_path: Path) -> None:
    """Only what the sandbox made is deleted; the rest is named."""
    places = PostgresPlaces(Path("/pg/bin"), Path("/pg/bin"), 15, tmp_path / "postgres")
    save(create(tmp_path, "0123456789abcdef", places, 1, 1))
    (tmp_path / "s3").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SandboxError, match=r"notes\.txt"):
        down(tmp_path, destroy=True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_copy_is_no_sandbox(tmp_path: Path, world: World) -> None:
    """A copied folder is refused, because its records lead to the processes and data of the original."""
    shutil.copy(world.root / "world.json", tmp_path / "world.json")
    for destroy in (False, True):
        with pytest.raises(SandboxError, match="moved or copied"):
            down(tmp_path, destroy=destroy)
    assert states(world) == dict.fromkeys(NAMES, "running")


def test_the_command_refuses_a_foreign_folder(tmp_path: Path) -> None:
    """Every sub-command refuses in words, ends with 1 and changes nothing."""
    (tmp_path / "thesis.txt").write_text("years of work")
    for command in (["up"], ["down", "--destroy"], ["status"], ["env"]):
        result = CliRunner().invoke(app, [*command, "--root", str(tmp_path)])
        assert result.exit_code == 1
        assert "not a sandbox's folder" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_without_a_sandbox_the_command_says_how_to_make_one(tmp_path: Path) -> None:
    """`status` and `env` point at `up`; `down` has nothing to do."""
    for command in ("status", "env"):
        result = CliRunner().invoke(app, [command, "--root", str(tmp_path / "none")])
        assert result.exit_code == 1
        assert "bucks sandbox up" in result.output
    assert CliRunner().invoke(app, ["down", "--root", str(tmp_path / "none")]).exit_code == 0


def test_the_command_shows_status_and_variables(world: World) -> None:
    """`status` ends with 0 while all runs; `env` prints nothing but export lines."""
    shown = CliRunner().invoke(app, ["status", "--root", str(world.root)])
    assert shown.exit_code == 0
    assert all(name in shown.output for name in NAMES)
    printed = CliRunner().invoke(app, ["env", "--root", str(world.root)])
    assert printed.exit_code == 0
    assert all(line.startswith("export ") for line in printed.stdout.splitlines())


def test_the_command_says_where_to_read_what_was_sent(world: World) -> None:
    """A mail and a message that a command inside sends, each with its file; nothing where nothing was sent."""
    program = """
import os, smtplib, ssl, tomllib
from slack_sdk import WebClient
told = tomllib.load(open(os.environ["BC_ENVIRONMENTS"], "rb"))["notices"]
with smtplib.SMTP(told["smtp_host"], told["smtp_port"], local_hostname="localhost") as server:
    server.starttls(context=ssl.create_default_context())
    server.login(told["smtp_user"], os.environ["BC_SMTP_PASSWORD"])
    server.sendmail(told["mail_from"], told["client_addresses"], "Message-ID: <a.b@c>\\r\\n\\r\\nHello")
client = WebClient(os.environ["BC_SLACK_TOKEN"], os.environ["BC_SLACK_API_URL"], ssl=ssl.create_default_context())
client.proxy = None
client.chat_postMessage(channel=told["slack_channel"], text="one &amp; two")
"""
    for code, sent in ((program, True), ("", False)):
        said = CliRunner().invoke(app, ["run", "--root", str(world.root), "--", sys.executable, "-c", code])
        assert said.exit_code == 0
        assert (str(world.root / "mail" / "0001-a.b.eml") in said.stderr) == sent
        assert (f"{world.root / 'slack' / 'channel.txt'} (1 new)" in said.stderr) == sent
    assert "one & two" in (world.root / "slack" / "channel.txt").read_text(encoding="utf-8")
