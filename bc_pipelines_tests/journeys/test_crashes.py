"""What a reset needs dies while it runs: Heroku's simulator, the PostgreSQL of Dagster, and Dagster's daemon.

Each is killed with signal 9 (the PostgreSQL of Dagster at more places in test_killed_at_each_step.py), and all of them
while Heroku restores, because then staging is neither the old nor the new.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from bc_pipelines.operations.lock import holder_of
from bc_pipelines.operations.record import Records, State
from bc_pipelines.sandbox.processes import recorded
from bc_pipelines.sandbox.servers import HEROKU, SUPERVISOR, answers, records
from bc_pipelines_tests.journeys.test_killed import PATIENCE, newest, reset_in_another_process, until
from bc_pipelines_tests.journeys.world import STAGING, Outside

pytestmark = [
    pytest.mark.usefixtures("first"),
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]
POSTGRES = "postgres_other"
STEPS = (
    "reset_plan",
    "extra_accounts",
    "backup",
    "sanitised_archive",
    "incoming_media",
    "branch",
    "database",
    "accounts",
    "site_records",
    "ready",
    "served_pages",
    "media",
    "reset_report",
    "colleague_notice",
    "client_notice",
)
"""What a reset does to staging, in the order of the flow."""
ONE_OF_EACH_KIND = ("sanitised_archive", "ready", "served_pages")
"""Steps at which the daemon dies: one for each way in which a run that is broken off can leave staging.

Before the wipe, after it with the site closed, and with the site open again. Each is the step of its kind that has most
under way: processes of its own, a dyno at Heroku, visits to every page. The end of the daemon reaches a run as Ctrl-C
does, wherever it is; what the record says at every other step is shown by test_killed_at_each_step.py.
"""
LAUNCH = """
mutation ($name: String!, $config: RunConfigData) {
  launchRun(executionParams: {
    selector: {repositoryLocationName: "bc_pipelines", repositoryName: "__repository__", jobName: $name},
    runConfigData: $config
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""
STATUS = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


def group_of(outside: Outside, server: str) -> int:
    """The process group of one of the sandbox's servers."""
    process = recorded(records(outside.world), server)
    assert process is not None
    return process.pid


def kill(outside: Outside, server: str) -> None:
    """End one of the sandbox's servers with its children, without a word."""
    process = recorded(records(outside.world), server)
    assert process is not None
    os.killpg(process.pid, signal.SIGKILL)
    until(lambda: not process.alive())


def start_again(outside: Outside, server: str) -> None:
    """Have the sandbox start what is missing."""
    supervisor = recorded(records(outside.world), SUPERVISOR)
    assert supervisor is not None

    def is_back() -> bool:
        # The supervisor may not have noticed the death yet when it is first asked.
        supervisor.send(signal.SIGHUP)
        time.sleep(0.5)
        return answers(outside.world, server)

    until(is_back)


def is_restoring(outside: Outside) -> bool:
    """Whether Heroku's newest restore of staging has not ended."""
    try:
        return any(not t["finished_at"] for t in outside.transfers(STAGING, "pg_restore"))
    except httpx.HTTPError:
        return False


def test_heroku_dies_while_it_restores(outside: Outside) -> None:
    """It is back a moment later and takes the restore up again: the reset waits, and goes through with one restore."""
    before = len(outside.transfers(STAGING, "pg_restore"))
    slowly = outside.fault(on="transfer", kind="delay", transfer="restore", app=STAGING, seconds=2)
    with slowly, reset_in_another_process() as process:
        until(lambda: process.poll() is not None or is_restoring(outside))
        kill(outside, HEROKU)
        start_again(outside, HEROKU)
        assert process.wait(PATIENCE) == 0
    assert len(outside.transfers(STAGING, "pg_restore")) == min(before + 1, 5)
    assert not outside.maintenance()
    assert newest(outside).state is State.DONE


def test_heroku_dies_at_each_step(outside: Outside) -> None:
    """Gone as each step begins, and back a second later: the reset waits every time, and wipes once."""
    before, steps, coming_back = len(outside.transfers(STAGING, "pg_restore")), list[str](), list[threading.Thread]()

    def die(step: str) -> None:
        while coming_back:
            coming_back.pop().join()
        steps.append(step)
        kill(outside, HEROKU)
        coming_back.append(threading.Thread(target=start_again, args=(outside, HEROKU)))
        coming_back[0].start()

    outcome = outside.reset(on_step=die)
    coming_back.pop().join()
    assert outcome.failure == ""
    assert outcome.failed_checks == ()
    assert {f"staging/{name}" for name in STEPS} <= set(steps)
    assert len(outside.transfers(STAGING, "pg_restore")) == min(before + 1, 5)
    assert not outside.maintenance()


def test_the_database_of_dagster_dies_while_heroku_restores(outside: Outside) -> None:
    """On the sandbox it is staging's server, too: the run lost its lock and ends, and the next brings staging back."""
    slowly = outside.fault(on="transfer", kind="delay", transfer="restore", app=STAGING, seconds=2)
    with slowly, reset_in_another_process() as process:
        until(lambda: process.poll() is not None or is_restoring(outside))
        kill(outside, POSTGRES)
        start_again(outside, POSTGRES)
        assert process.wait(PATIENCE) != 0
    assert outside.maintenance()
    stopped = newest(outside)
    # Heroku's restore may have come through; the lock did not.
    assert stopped.state in (State.WIPING, State.RESTORED)
    healed = outside.reset()
    assert healed.failure == ""
    assert healed.failed_checks == ()
    assert not outside.maintenance()
    assert newest(outside).facts["broken_off"] == stopped.id


class Ui:
    """`bucks ui` on the journeys' sandbox."""

    def __init__(self, address: str, process: subprocess.Popen[bytes]) -> None:
        self.address = address
        self.process = process

    def launch(self) -> str:
        """Launch the job reset_staging as the Launchpad does; gives the run's id."""
        config = {"ops": {"staging__reset_plan": {"config": {"confirm": STAGING, "requested_by": "the UI"}}}}
        answer = self._ask(LAUNCH, name="reset_staging", config=config)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def status(self, run_id: str) -> str:
        """How far a run is."""
        return str(self._ask(STATUS, id=run_id)["runOrError"]["status"])

    def has_ended(self, run_id: str) -> bool:
        """Whether a run is over, however."""
        return self.status(run_id) in ("SUCCESS", "FAILURE", "CANCELED")

    def wait(self, run_id: str) -> str:
        """Wait for a run's end."""
        until(lambda: self.has_ended(run_id))
        return self.status(run_id)

    def _ask(self, query: str, **variables: object) -> Any:  # noqa: ANN401 - JSON
        answer = httpx.post(f"{self.address}/graphql", json={"query": query, "variables": variables}, timeout=60)
        return answer.raise_for_status().json()["data"]


@contextmanager
def bucks_ui(outside: Outside) -> Iterator[Ui]:
    """The UI, running."""
    port = outside.world.ports["dagster_ui"]
    program = "from bc_pipelines.cli import main; main()"
    command = [sys.executable, "-c", program, "ui", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        ui = Ui(f"http://127.0.0.1:{port}", process)
        try:
            until(lambda: process.poll() is not None or _answers(ui.address))
            yield ui
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/server_info", trust_env=False, timeout=5).is_success
    except httpx.HTTPError:
        return False


def daemon_of(ui: Ui) -> int:
    """The process of Dagster's daemon that `bucks ui` started."""
    children = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(ui.process.pid)],  # noqa: S607 - its place differs between systems
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    [pid] = [int(line.split()[0]) for line in children.splitlines() if "dagster._daemon" in line]
    return pid


def test_two_resets_in_the_same_second(outside: Outside) -> None:
    """One from the UI, one from a terminal: one goes through, the other is refused and changes nothing."""
    with bucks_ui(outside) as ui:
        before = len(outside.sql("dagster", "select 1 from bc_pipelines.reset"))
        # Heroku does not end the backup before one of them has ended, so that the second finds the first under way.
        with outside.fault(on="transfer", kind="stay_pending", transfer="backup", app=STAGING, times=None):
            launched: list[str] = []
            clicking = threading.Thread(target=lambda: launched.append(ui.launch()))
            clicking.start()
            with reset_in_another_process(subprocess.PIPE) as process:
                clicking.join()
                until(lambda: process.poll() is not None or ui.has_ended(launched[0]))
                with outside.heroku() as client:
                    client.delete("/sandbox/faults").raise_for_status()
                said = process.communicate(timeout=PATIENCE)[0].decode()
            ended = ui.wait(launched[0])
    assert sorted([ended == "SUCCESS", process.returncode == 0]) == [False, True]
    if process.returncode:
        assert f"A reset is under way (run {launched[0]}" in " ".join(said.split())
    assert len(outside.sql("dagster", "select 1 from bc_pipelines.reset")) == before + 1
    assert newest(outside).state is State.DONE
    assert not outside.maintenance()


@pytest.mark.parametrize("step", ONE_OF_EACH_KIND)
def test_the_daemon_dies(outside: Outside, step: str) -> None:
    """`bucks ui` ends with its daemon and breaks the run off; the record says where staging stands, and it goes on."""
    with bucks_ui(outside) as ui:
        run_id = ui.launch()
        until(lambda: has_begun(outside, run_id, step))
        os.kill(daemon_of(ui), signal.SIGKILL)
        assert ui.process.wait(PATIENCE) == 1
    until(lambda: holder_of(outside.world.database_url("dagster")) is None)
    stopped = Records(outside.world.database_url("dagster")).of_run(run_id)
    wiped = stopped is not None and stopped.wiped and stopped.state.rank < State.READY.rank
    assert outside.maintenance() == wiped
    if wiped:
        back = outside.roll_back()
        assert back.failure == ""
        assert back.failed_checks == ()
    assert not outside.maintenance()
    assert any(outside.running().values())
    assert not is_restoring(outside)


def has_begun(outside: Outside, run_id: str, step: str) -> bool:
    """Whether a run has come to one of its steps, asked without Dagster, whose instance takes a while to open."""
    events = "select step_key from event_logs where dagster_event_type = 'STEP_START' and run_id = '{}'"
    return (f"staging__{step}",) in outside.sql("dagster", events.format(run_id))


def test_the_daemon_dies_while_heroku_restores(outside: Outside) -> None:
    """`bucks ui` ends with its daemon and breaks the run off; the record says where staging stands, and it goes on."""
    with (
        outside.fault(on="transfer", kind="stay_pending", transfer="restore", app=STAGING, times=None),
        bucks_ui(outside) as ui,
    ):
        run_id = ui.launch()
        until(lambda: is_restoring(outside))
        os.kill(daemon_of(ui), signal.SIGKILL)
        assert ui.process.wait(PATIENCE) == 1
    stopped = newest(outside)
    assert (stopped.run_id, stopped.state) == (run_id, State.WIPING)
    assert outside.maintenance()
    until(lambda: holder_of(outside.world.database_url("dagster")) is None)
    back = outside.roll_back()
    assert back.failure == ""
    assert back.failed_checks == ()
    assert not outside.maintenance()
    assert not is_restoring(outside)
