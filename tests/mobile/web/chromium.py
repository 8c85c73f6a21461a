"""A headless Chromium that looks nothing up on the network."""

import shutil
import tempfile
from contextlib import contextmanager

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1000,900",
)
NO_GPU = ("--disable-gpu",)
# WebGPU, computed on the CPU.
SOFTWARE_GPU = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")


@contextmanager
def chromium(gpu=NO_GPU):
    """A WebDriver; skips the test where there is no browser to drive."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="driving a browser takes selenium")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("there is no chromium with chromedriver here")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, *gpu, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        service = webdriver.ChromeService(driver)
        running = webdriver.Chrome(options=options, service=service)
        try:
            running.set_script_timeout(120)
            yield running
        finally:
            running.quit()
