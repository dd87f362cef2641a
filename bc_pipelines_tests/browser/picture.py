"""Takes the documents' pictures anew: `python -m bc_pipelines_tests.browser.picture`.

Starts a sandbox of its own with the UI on it, launches a reset as a person would, waits for its end, and takes the
picture of the lineage; then the same for a look at the infrastructure and one of its checks. With `--pages FOLDER` also
pictures of the pages that are worth a look after a change.
"""

import argparse
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import FloatRect, Page, expect

from bc_pipelines_tests.browser.conftest import APP
from bc_pipelines_tests.browser.pages import MILLISECONDS, Pages, window
from bc_pipelines_tests.browser.running_ui import RunningUi

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PAGES = {
    "archive": "/assets/staging/sanitised_archive?view=overview",
    "columns": "/assets/staging/sanitised_archive?view=checks&checkDetail=every_column_classified",
    "rows": "/assets/staging/database?view=checks&checkDetail=every_row_arrived",
    "submitted": "/assets/staging/database?view=checks&checkDetail=nothing_submitted_is_left",
    "hidden": "/assets/staging/ready?view=checks&checkDetail=hidden_from_search_engines",
    "branches": "/assets/staging/branches?view=overview",
    "sites": "/assets/staging/site_records?view=overview",
    "media": "/assets/staging/media?view=overview",
    "incoming": "/assets/staging/incoming_media?view=overview",
    "files": "/assets/staging/media?view=checks&checkDetail=every_file_present",
    "observed": "/assets/production/media?view=overview",
    "plan": "/assets/staging/reset_plan?view=overview",
    "dns": "/assets/production/dns?view=overview",
    "tls": "/assets/production/tls?view=overview",
    "infrastructure": "/locations/bc_pipelines/asset-groups/infrastructure/lineage",
    "report": "/assets/staging/reset_report?view=overview",
    "notice": "/assets/staging/client_notice?view=overview",
    "automation": "/automation",
    "jobs": "/jobs",
}
COLOURS = 192
_PLAIN = Image.Dither.NONE
MARGIN = 28
"""CSS pixels around the graph."""


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--pages", type=Path, help="folder for pictures of other pages")
    folder = parser.parse_args().pages
    with tempfile.TemporaryDirectory(prefix="bc-picture-") as place:
        ui = RunningUi(Path(place) / "sandbox")
        profile = Path(place) / "chromium"
        try:
            ui.start()
            with window(profile, width=2000, height=2100) as pages:
                pages.url = ui.url
                run_id = pages.launch_reset(APP)
                pages.wait_for_end("Success")
                take_lineage(pages)
                pages.launch("inspect_infrastructure")
                pages.wait_for_end("Success")
                take_check(pages)
                if folder:
                    folder.mkdir(parents=True, exist_ok=True)
                    take_others(pages, folder, PAGES | {"run": f"/runs/{run_id}"})
        finally:
            ui.remove()


def take_lineage(pages: Pages) -> None:
    """The whole graph and nothing around it."""
    page = pages.lineage()
    expect(page.get_by_text("Materialized", exact=True)).to_have_count(18, timeout=MILLISECONDS)
    keep("lineage", page.screenshot(clip=around_the_groups(page)))


def take_check(pages: Pages) -> None:
    """What one check of the infrastructure found, with the names of the others beside it."""
    pages.page.set_viewport_size({"width": 1400, "height": 780})
    page = pages.check("production/tls", "certificate_is_current")
    expect(page.get_by_text("days left").first).to_be_visible(timeout=MILLISECONDS)
    keep("infrastructure", page.screenshot())


def keep(name: str, taken: bytes) -> None:
    """Write one of the documents' pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    # The UI is drawn in few colours; a palette makes the file a third of the size.
    small = Image.open(BytesIO(taken)).convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=_PLAIN)
    small.save(IMAGES / f"{name}.png", optimize=True)


def around_the_groups(page: Page) -> FloatRect:
    """The rectangle that the boxes of all groups fill; each box has its group's name at its upper left."""
    boxes = page.evaluate("""() => [...document.querySelectorAll("foreignObject")].map(box => {
        const {left, top, right, bottom} = box.getBoundingClientRect();
        return [left, top, right, bottom];
    })""")
    left, top = (min(box[side] for box in boxes) - MARGIN for side in (0, 1))
    right, bottom = (max(box[side] for box in boxes) + MARGIN for side in (2, 3))
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def take_others(pages: Pages, folder: Path, addresses: dict[str, str]) -> None:
    """Pages as a person sees them on a large screen."""
    pages.page.set_viewport_size({"width": 1600, "height": 1100})
    for name, address in addresses.items():
        page = pages.open(address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}.png")


if __name__ == "__main__":
    main()
