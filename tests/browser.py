"""A real browser without a network: chromium, driven by selenium.

It is the only judge of what a page does when it is opened. Where chromium or its driver is absent, tests are skipped.
"""

import base64
import json
import shutil
import tempfile
from contextlib import contextmanager

import pytest

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
WIDE, NARROW = 1280, 400


def require_browser():
    """Skip the test where there is no browser."""
    pytest.importorskip("selenium", reason="needs the package selenium")
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program} on the PATH")


@contextmanager
def open_browser(width=WIDE, height=1000):
    """A browser with a new and empty profile."""
    require_browser()
    from selenium import webdriver

    with tempfile.TemporaryDirectory(prefix="varbind-browser-", ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in (*ARGUMENTS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        try:
            resize(driver, width, height)
            yield driver
        finally:
            driver.quit()


def resize(driver, width, height=1000):
    """Windows cannot be narrower than 500 pixels, but what they show can."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def requests_of(driver):
    """The addresses of all requests since this was last asked."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [
        message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"
    ]


def errors_of(driver):
    """What the console of the page says."""
    return [entry["message"] for entry in driver.get_log("browser")]


def screenshot(driver, path, *, height=None):
    """Write a picture of the page, the whole of it where no height is given."""
    size = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    width = driver.execute_script("return innerWidth")
    clip = {"x": 0, "y": 0, "width": width, "height": height or size["height"], "scale": 1}
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    path.write_bytes(base64.b64decode(taken["data"]))
