"""Take pictures of the report of the embedded example in a browser: the PNG files beside this script.

python docs/pictures/report.py
"""

from __future__ import annotations

import base64
import runpy
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from selenium.webdriver.support.ui import WebDriverWait

BROWSER = runpy.run_path(str(Path(__file__).parents[2] / "tests" / "browser.py"))
COLOURS = 128
OPENED = "breaks_SP1_1"
PICTURES = {
    "report-overview.png": (1280, 1120, "", False),
    "report-variant.png": (1280, 1240, OPENED, False),
    "report-variant-dark.png": (1280, 1240, OPENED, True),
    "report-narrow.png": (400, 1240, OPENED, False),
}
"""The width and the height in pixels, the ID of the variant that is opened, and whether the theme is dark."""


def main() -> None:
    """Take every picture."""
    with tempfile.TemporaryDirectory() as folder:
        page = made_page(Path(folder))
        with BROWSER["open_browser"]() as driver:
            for name, (width, height, opened, dark) in PICTURES.items():
                taken = picture(driver, page, (width, height), opened=opened, dark=dark)
                Path(__file__).with_name(name).write_bytes(taken)


def made_page(folder: Path) -> Path:
    """The report of the embedded example."""
    program = [sys.executable, "-m", "varbind"]
    page = folder / "report.html"
    demo = folder / "varbind-demo"
    report = ["report", str(demo / "annotated.vcf.gz"), "-f", str(demo / "reference.fa"), "-o", str(page)]
    for words in (["demo", str(demo)], report):
        subprocess.run([*program, *words], check=True, capture_output=True)  # noqa: S603
    return page


def picture(driver: Any, page: Path, size: tuple[int, int], *, opened: str, dark: bool) -> bytes:
    """What the page shows: its start, or a variant that is opened."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    driver.get(page.as_uri())
    if dark:
        driver.find_element("id", "theme").click()
    if opened:
        row = driver.find_element("xpath", f"//tbody/tr[contains(., '{opened}')]")
        row.find_element("css selector", ".open").click()
        WebDriverWait(driver, 10).until(lambda _: driver.find_elements("css selector", "tr.detail .sentence"))
        driver.execute_script("scrollTo(0, arguments[0].getBoundingClientRect().top + scrollY - 60)", row)
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return with_few_colours(base64.b64decode(taken["data"]))


def with_few_colours(data: bytes) -> bytes:
    """The picture with a palette, which takes a third of the room."""
    out = BytesIO()
    with Image.open(BytesIO(data)) as full:
        full.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
