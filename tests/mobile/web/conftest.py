"""One browser, and one small page in it, for every test of the page."""

import pytest
from PIL import Image

import build
import keras_pisr as kp
from tests.mobile.web.chromium import chromium
from tests.mobile.web.page import console, served, wait_for

TILE = (64, 72)


@pytest.fixture(scope="session")
def model(student, tmp_path_factory):
    """A file of one size, x2."""
    path = tmp_path_factory.mktemp("web") / "upscaler.tflite"
    kp.mobile.to_tflite(student, path, color="rgb", size=TILE)
    return path


@pytest.fixture(scope="session")
def vendor():
    """The runtime from npm; skips where it was not fetched."""
    if not build.VENDOR.is_dir():
        pytest.skip("the page's runtime is missing: python mobile/web/fetch_runtime.py")
    return build.VENDOR


@pytest.fixture(scope="session")
def make_site(vendor, tmp_path_factory):
    """Builds a page with networks of one's own, without a sample unless asked for."""

    def make(*networks, sample=False):
        folder = tmp_path_factory.mktemp("site") / "site"
        build.build_site(folder, networks, sample=sample)
        return folder

    return make


@pytest.fixture(scope="session")
def site(model, make_site):
    return make_site(model)


@pytest.fixture(scope="session")
def address(site):
    """Where the page is served."""
    with served(site) as running:
        yield running


@pytest.fixture(scope="session")
def session_browser(vendor):
    with chromium() as running:
        yield running


@pytest.fixture
def browser(session_browser):
    """The browser, whose console must be empty at the end of the test."""
    console(session_browser)
    yield session_browser
    assert console(session_browser) == []


@pytest.fixture
def page(browser, address):
    """The page, ready for a photo."""
    browser.get(address)
    wait_for(browser, "status", "Ready")
    return browser


@pytest.fixture
def phone(page):
    """The same on a narrow phone with a touch screen."""
    size = {"width": 320, "height": 640, "deviceScaleFactor": 3, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    yield page
    page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.fixture
def save(tmp_path):
    """Writes an image to a file."""

    def saved(image, name="photo.png", **options):
        Image.fromarray(image).save(tmp_path / name, **options)
        return tmp_path / name

    return saved
