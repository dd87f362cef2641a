"""One-off dynos and their rendezvous, web dynos, and the process's own beginning and end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bc_pipelines.sandbox.heroku.config import Config, ConfigError
from bc_pipelines_tests.sandbox.heroku.simulated import (
    CHECKOUT,
    STAGING,
    STAGING_HOST,
    Simulated,
    alive,
    created,
)
from bc_pipelines_tests.waiting import PATIENCE, until

STATUS = "\uffff heroku-command-exit-status: "


@pytest.mark.parametrize("code", [0, 3, 127])
def test_an_attached_dyno_gives_output_and_exit_code(simulated: Simulated, code: int) -> None:
    """Output comes with a terminal's line ends, and the line that the CLI appends tells the command's real status."""
    output = simulated.run(STAGING, f'echo out; echo err >&2; (exit {code}) ; echo "{STATUS}$?"')
    assert output == f"out\r\nerr\r\n{STATUS}{code}\r\n"


def test_an_attached_dyno_has_the_apps_environment(simulated: Simulated) -> None:
    """Config vars, the dyno's name and the app's python are there; nothing of the simulator's own environment is."""
    output = simulated.run(STAGING, "echo $GREETING $DYNO; command -v python; env")
    lines = output.splitlines()
    assert lines[0].startswith("hello run.")
    assert lines[1] == str(Path(sys.executable).with_name("python"))
    assert "PYTEST_CURRENT_TEST" not in output


def test_an_attached_dyno_reads_what_its_owner_types(simulated: Simulated) -> None:
    """Input is passed on until the control character by which the CLI ends it."""
    assert simulated.run(STAGING, "cat; echo end", given=b"typed\n\x04") == "typed\r\nend\r\n"


def test_a_dyno_whose_owner_has_gone_is_ended(simulated: Simulated) -> None:
    """When the connection is lost the process ends, and the API knows it no more."""
    dyno = created(simulated.api.post(f"/apps/{STAGING}/dynos", json={"command": "echo $$; sleep 600", "attach": True}))
    secret = dyno["attach_url"].rpartition("/")[2]
    raw = socket.create_connection(("127.0.0.1", simulated.rendezvous_port))
    with simulated.context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
        connection.sendall(f"{secret}\r\n".encode())
        assert connection.recv(100) == b"rendezvous\r\n"
        pid = int(connection.recv(100))
    until(lambda: simulated.api.get(f"/apps/{STAGING}/dynos/{dyno['name']}").status_code == 404)
    assert not alive(pid)


def test_a_wrong_secret_meets_nobody(simulated: Simulated) -> None:
    """A visitor with another secret is greeted and shown out; the dyno goes on waiting."""
    dyno = created(simulated.api.post(f"/apps/{STAGING}/dynos", json={"command": "true", "attach": True}))
    raw = socket.create_connection(("127.0.0.1", simulated.rendezvous_port))
    with simulated.context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
        connection.sendall(b"wrong\r\n")
        assert b"".join(iter(lambda: connection.recv(100), b"")) == b"rendezvous\r\n"
    path = f"/apps/{STAGING}/dynos/{dyno['name']}"
    assert simulated.api.get(path).json()["state"] == "starting"
    assert simulated.api.delete(path).status_code == 202


def test_a_detached_dyno_runs_and_goes(simulated: Simulated) -> None:
    """It has no attach_url, does its work with the environment given, and is unknown once it has ended."""
    body = {"command": "echo $WORD > done.txt", "attach": False, "env": {"WORD": "invented"}}
    dyno = created(simulated.api.post(f"/apps/{STAGING}/dynos", json=body))
    assert dyno["attach_url"] is None
    until(lambda: simulated.api.get(f"/apps/{STAGING}/dynos/{dyno['name']}").status_code == 404)
    assert (simulated.folder / "done.txt").read_text() == "invented\n"


def test_a_dyno_without_a_command_is_refused(simulated: Simulated) -> None:
    """A dyno needs a command."""
    assert simulated.api.post(f"/apps/{STAGING}/dynos", json={"attach": True}).status_code == 422


def test_listing_dynos_wakes_the_web_dyno(simulated: Simulated) -> None:
    """`ps:wait` sees web and worker dynos come up with the latest release."""
    path = f"/apps/{STAGING}/dynos"
    until(lambda: {dyno["state"] for dyno in simulated.api.get(path).json()} == {"up"})
    dynos = simulated.api.get(path).json()
    version = simulated.api.get(f"/apps/{STAGING}/releases").json()[-1]["version"]
    assert [(dyno["name"], dyno["release"]["version"]) for dyno in dynos] == [("web.1", version), ("worker.1", version)]


def test_new_config_vars_reach_a_new_web_dyno(simulated: Simulated) -> None:
    """A config var restarts the running site, which then has it; `ps:restart` gives another process once more."""
    before = simulated.visit(STAGING_HOST).json()
    simulated.api.patch(f"/apps/{STAGING}/config-vars", json={"GREETING": "good evening"})
    after = simulated.visit(STAGING_HOST).json()
    assert after["greeting"] == "good evening"
    assert simulated.api.delete(f"/apps/{STAGING}/dynos").status_code == 202
    again = simulated.visit(STAGING_HOST).json()
    assert len({before["pid"], after["pid"], again["pid"]}) == 3
    simulated.api.patch(f"/apps/{STAGING}/config-vars", json={"GREETING": "hello"})


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGKILL])
def test_dynos_end_with_the_simulator(make_simulated: Callable[..., Simulated], way: signal.Signals) -> None:
    """However the simulator ends, its web dyno and its detached dynos end too."""
    own = make_simulated()
    own.start()
    pid = own.visit(STAGING_HOST).json()["pid"]
    own.api.post(f"/apps/{STAGING}/dynos", json={"command": "echo $$ > pid; exec sleep 600"})
    until((own.folder / "pid").exists)
    until((own.folder / "pid").read_text)
    if way == signal.SIGTERM:
        own.stop()
    else:
        own.kill()
    own.api.close()
    until(lambda: not alive(pid) and not alive(int((own.folder / "pid").read_text())))


def test_it_ends_when_its_parent_has_gone(make_simulated: Callable[..., Simulated]) -> None:
    """With `die_with_parent` the simulator stops by itself after its parent was killed."""
    own = make_simulated(die_with_parent=True)
    path = own.folder / "config.json"
    path.write_text(json.dumps(own.config))
    parent = subprocess.Popen(
        ["/bin/sh", "-c", '"$0" -m bc_pipelines.sandbox.heroku "$1" & echo $!; wait', sys.executable, path],
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
    )
    assert parent.stdout
    pid = int(parent.stdout.readline())
    own.process = parent
    until(own.ready)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    own.api.close()
    until(lambda: not alive(pid))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104 - must be refused
def test_it_listens_on_loopback_only(make_simulated: Callable[..., Simulated], host: str) -> None:
    """Any other address is refused as soon as the configuration is read."""
    own = make_simulated()
    path = own.folder / "config.json"
    path.write_text(json.dumps({**own.config, "host": host}))
    with pytest.raises(ConfigError, match="loopback only"):
        Config.load(path)
    own.api.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [({"host": "192.0.2.1"}, "loopback only"), ({"api_port": "taken"}, "Nothing was started")],
)
def test_a_start_that_is_refused_is_told_in_one_line(
    make_simulated: Callable[..., Simulated], change: dict[str, str], message: str
) -> None:
    """The process ends with status 1 and one line, for an address that is not loopback's and for a taken port."""
    own = make_simulated()
    own.api.close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken_port = taken.getsockname()[1]
        changed = {name: taken_port if value == "taken" else value for name, value in change.items()}
        path = own.folder / "config.json"
        path.write_text(json.dumps({**own.config, **changed}))
        result = start_in_vain(path)
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def start_in_vain(path: Path) -> subprocess.CompletedProcess[str]:
    """Start a simulator that is expected to refuse."""
    command = [sys.executable, "-m", "bc_pipelines.sandbox.heroku", str(path)]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=PATIENCE)


def test_a_broken_configuration_is_told_without_its_values(make_simulated: Callable[..., Simulated]) -> None:
    """A missing member is named; the file's secrets are in neither the message nor the configuration's repr."""
    own = make_simulated()
    own.api.close()
    path = own.folder / "config.json"
    path.write_text(json.dumps({name: value for name, value in own.config.items() if name != "apps"}))
    with pytest.raises(ConfigError, match="'apps'") as caught:
        Config.load(path)
    path.write_text(json.dumps(own.config))
    shown = f"{caught.value} {Config.load(path)!r}"
    assert own.config["token"] not in shown
    assert "postgres://" not in shown
