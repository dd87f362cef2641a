"""Starting and ending `make ui`: nothing is left behind, nothing is forgotten, and errors are told."""

import os
import re
import signal
import socket
import sys

import pytest
from playwright.sync_api import expect

from bc_pipelines.defs.reaper import PROCESS
from bc_pipelines.sandbox.world import load
from bc_pipelines_tests.browser.conftest import APP
from bc_pipelines_tests.browser.pages import MILLISECONDS, Pages
from bc_pipelines_tests.browser.running_ui import RunningUi, until
from bc_pipelines_tests.journeys.world import Outside

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="what is left of a command is read in /proc"),
]


def test_what_is_printed_can_be_read(ui: RunningUi) -> None:
    """A start prints the address and few lines more; what Dagster says is in a file for its owner only."""
    assert f"The UI is ready: {ui.url}" in "".join(ui.said)
    assert len(ui.said) < 8
    log = ui.root / "dagster" / "ui.log"
    assert "Dagster code server" in log.read_text(encoding="utf-8")
    assert log.stat().st_mode & 0o077 == 0


def test_a_second_ui_is_refused(ui: RunningUi) -> None:
    """Typed again in another terminal, the command says that the UI runs already, and leaves it running."""
    second = ui.run_beside()
    assert second.returncode == 1
    assert f"A Dagster UI runs at {ui.url} already." in second.stdout
    assert ui.running


def test_a_port_in_use_is_told(ui: RunningUi) -> None:
    """Where another program has the port, the message says so and how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = ui.run_beside("--port", str(port))
    assert refused.returncode == 1
    assert f"http://127.0.0.1:{port} is taken by another program." in refused.stdout
    assert "--port" in refused.stdout


def test_where_staging_stands_is_the_last_word(ui: RunningUi, pages: Pages) -> None:
    """Terminated after the wipe, and killed in its plan: each run ends with the state and the two ways forward."""
    world = load(ui.root)
    assert world is not None
    outside = Outside(world)
    with outside.fault(on="transfer", kind="stay_pending", transfer="restore", app=APP, times=None):
        terminated = pages.launch_reset(APP)
        until(lambda: not all(t["finished_at"] for t in outside.transfers(APP, "pg_restore")), "the restore")
        pages.terminate()
        ends_with(pages, f"{APP} is in maintenance and must stay there")
        expect(pages.page.get_by_text("may still be running").last).to_be_visible()

        killed = pages.launch_reset(APP)
        process = f"select value from run_tags where run_id = '{killed}' and key = '{PROCESS}'"  # noqa: S608
        until(lambda: bool(outside.sql("dagster", process)), "the run's process")
        os.kill(int(outside.sql("dagster", process)[0][0].partition("-")[0]), signal.SIGKILL)
        ends_with(pages, "This run touched nothing. Unless somebody has gone back")
        expect(pages.page.get_by_text(terminated[:8]).last).to_be_visible()


def ends_with(pages: Pages, words: str) -> None:
    """Wait until the log of the run that is shown ends with where staging stands and how to go on and back."""
    told = pages.page.get_by_text(
        re.compile(re.escape(words) + ".*To go on: .*To go back: start the job roll_back_staging")
    )
    expect(told.last).to_be_visible(timeout=MILLISECONDS)


def test_a_crash_is_noticed_at_the_next_start(ui: RunningUi, pages: Pages, finished_reset: str) -> None:
    """After a power cut in the middle of a run, the next start reports it as failed, and knows the earlier ones."""
    broken_off = pages.launch_reset(APP)
    pages.page.get_by_text("STEP_START").first.wait_for(timeout=MILLISECONDS)
    ui.crash()
    ui.start()
    assert any(f"Run {broken_off} was reported as failed" in line for line in ui.said)
    pages.url = ui.url
    page = pages.open(f"/runs/{broken_off}")
    expect(page.get_by_text("The process of this run is gone").first).to_be_visible(timeout=MILLISECONDS)
    pages.open(f"/runs/{finished_reset}")
    pages.wait_for_end("Success")


def test_ctrl_c_leaves_nothing_behind(ui: RunningUi) -> None:
    """Ctrl-C ends the webserver, the daemon, the code server and the sandbox, and is no error."""
    assert ui.left_over()
    assert ui.interrupt() == 0
    assert ui.left_over() == []
    assert "The UI is stopped." in "".join(ui.said)


def test_a_killed_ui_leaves_nothing_behind(ui: RunningUi, pages: Pages) -> None:
    """`kill -9` while a reset is under way: the run, its code server and the rest end by themselves."""
    pages.launch_reset(APP)
    pages.page.get_by_text("STEP_START").first.wait_for(timeout=MILLISECONDS)
    ui.kill()
    until(lambda: not ui.left_over(), "the end of everything")


def test_kill_while_it_starts_leaves_nothing_behind(ui_folder: RunningUi) -> None:
    """SIGTERM to the command, while the sandbox is only coming up: what was started ends by itself."""
    if ui_folder.running:
        ui_folder.interrupt()
    ui_folder.begin()
    ui_folder.wait_for_words("starting the servers")
    ui_folder.terminate()
    until(lambda: not ui_folder.left_over(), "the end of the sandbox")
