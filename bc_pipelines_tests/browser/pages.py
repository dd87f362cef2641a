"""The pages of Dagster's UI that the tests and the picture in the README look at.

Belongs here: addresses, and what has to be clicked and typed. The UI marks nothing for tests, so everything is found
by its role or its text, as a person finds it. Does not belong here: what should be seen.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from playwright.sync_api import Page, Request, expect, sync_playwright

from bc_pipelines_tests.browser.running_ui import PATIENCE

MILLISECONDS = PATIENCE * 1000
CONFIG = "ops:\n  staging__reset_plan:\n    config:\n      confirm: {app}\n"
WITHOUT_INFRASTRUCTURE = 'not group:"infrastructure"'
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# As set in the UI itself: the graph from top to bottom, and on each asset what it is, its checks and its state.
_PREFERENCES = {
    "asset-graph-direction": '"vertical"',
    "asset-node-facets": '["description", "checks", "status", "kind-tag"]',
    "dagster-nav-collapsed": "true",
    "large-screen-nav-open": "false",
}


def chromium() -> str | None:
    """Where Debian's Chromium is, if it is installed."""
    return shutil.which("chromium")


class Pages:
    """A browser window on the UI.

    Args:
        page: the window.
        requested: every address that any page asked for, filled while the window is used.
    """

    def __init__(self, page: Page, requested: list[str]) -> None:
        self.page = page
        self.requested = requested
        self.url = ""

    def open(self, path: str) -> Page:
        """Open an address of the UI."""
        self.page.goto(self.url + path)
        return self.page

    def launch_reset(self, app: str) -> str:
        """Type the configuration of reset_staging into the Launchpad, launch it, and give the run's id."""
        page = self.open("/locations/bc_pipelines/jobs/reset_staging/playground")
        # The editor comes filled with what has a default, which the name to type has not.
        page.locator(".CodeMirror-code").get_by_text("requested_by", exact=True).click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(CONFIG.format(app=app))
        return self._launch(page)

    def launch(self, job: str) -> str:
        """Launch a job that needs no configuration, and give the run's id."""
        return self._launch(self.open(f"/locations/bc_pipelines/jobs/{job}/playground"))

    def _launch(self, page: Page) -> str:
        page.get_by_role("button", name="Launch Run").click()
        page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}"))
        return urlsplit(page.url).path.rpartition("/")[2]

    def materialise(self, asset: str) -> None:
        """Click the button on an asset's page, and follow the link to the run."""
        page = self.open(f"/assets/{asset}")
        page.get_by_role("button", name="Materialize").first.click()
        page.get_by_role("link", name="View", exact=True).click()
        page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}"))

    def terminate(self) -> None:
        """Click the button on the page of a run that is under way, and confirm it."""
        self.page.get_by_role("button", name="Terminate").click()
        self.page.get_by_role("dialog").get_by_role("button", name=re.compile("^Terminate")).click()
        self.page.keyboard.press("Escape")

    def wait_for_end(self, outcome: str) -> None:
        """Wait, on a run's page, until the run has ended as it should."""
        ended = self.page.get_by_text(re.compile("^(Success|Failure|Canceled)$")).first
        expect(ended).to_be_visible(timeout=MILLISECONDS)
        expect(ended).to_have_text(outcome)

    def check(self, asset: str, name: str) -> Page:
        """Open the page of one asset check."""
        page = self.open(f"/assets/{asset}?view=checks&checkDetail={name}")
        expect(page.get_by_text("Evaluation result")).to_be_visible(timeout=MILLISECONDS)
        return page

    def lineage(self) -> Page:
        """Open the lineage of a reset and of the way back, with every group expanded and room for all of it.

        What is only looked at depends on nothing, and would lie in one row so wide that the UI shows names alone.
        """
        page = self.open(f"/asset-groups~{quote(WITHOUT_INFRASTRUCTURE)}/")
        page.get_by_role("button", name="Materialize all").wait_for(timeout=MILLISECONDS)
        sidebar = page.get_by_role("button").filter(has=page.get_by_role("img", name="panel_show_right"))
        sidebar.last.click()
        page.get_by_text("comms").first.wait_for()
        page.keyboard.press("Alt+e")
        page.get_by_text("reset_report").first.wait_for()
        return page


@contextmanager
def window(profile: Path, *, width: int, height: int, scale: float = 1.0) -> Iterator[Pages]:
    """Have a browser window with a new profile.

    Args:
        profile: an empty folder for the browser's own files.
        width: of the page, in CSS pixels.
        height: of the page, in CSS pixels.
        scale: pixels of a picture for each of them.

    Yields:
        The window; what it asked for is collected.
    """
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium(),
            args=SWITCHES,
            viewport={"width": width, "height": height},
            device_scale_factor=scale,
            locale="en-GB",
            timezone_id="Europe/London",
            env={**os.environ, "HOME": str(profile)},
        )
        requested: list[str] = []

        def note(request: Request) -> None:
            requested.append(request.url)

        context.on("request", note)
        # Each page begins with these, whatever was unfolded or hidden before.
        settings = "localStorage.clear();" + "".join(
            f"localStorage.setItem({json.dumps(k)}, {json.dumps(v)});" for k, v in _PREFERENCES.items()
        )
        context.add_init_script(settings)
        context.pages[0].on("websocket", lambda socket: requested.append(socket.url))
        try:
            yield Pages(context.pages[0], requested)
        finally:
            context.close()
