"""One sandbox with the UI on it for all of these tests, and one browser window."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bc_pipelines_tests.browser.pages import Pages, chromium, window
from bc_pipelines_tests.browser.running_ui import RunningUi

APP = "buckinghamshire-staging"
WITHOUT_CHROMIUM = "Chromium is not installed, so the UI cannot be looked at: sudo apt-get install chromium"


@pytest.fixture(scope="package")
def ui_folder() -> Iterator[RunningUi]:
    """A sandbox of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bc-browser-") as folder:
        ui = RunningUi(Path(folder) / "sandbox")
        try:
            yield ui
        finally:
            ui.remove()


@pytest.fixture
def ui(ui_folder: RunningUi) -> RunningUi:
    """The UI, running."""
    if not ui_folder.running:
        ui_folder.start()
    return ui_folder


@pytest.fixture(scope="package")
def browser() -> Iterator[Pages]:
    """One window for all tests, wide and high enough for the whole lineage."""
    if chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(WITHOUT_CHROMIUM)
        pytest.skip(WITHOUT_CHROMIUM)
    with (
        tempfile.TemporaryDirectory(prefix="bc-chromium-") as profile,
        window(Path(profile), width=2000, height=2100) as pages,
    ):
        yield pages


@pytest.fixture
def pages(browser: Pages, ui: RunningUi) -> Pages:
    """The window, on the running UI."""
    browser.url = ui.url
    return browser


@pytest.fixture(scope="package")
def finished_reset(browser: Pages, ui_folder: RunningUi) -> str:
    """A reset that was launched from the Launchpad and went through; its run id."""
    if not ui_folder.running:
        ui_folder.start()
    browser.url = ui_folder.url
    run_id = browser.launch_reset(APP)
    browser.wait_for_end("Success")
    return run_id
