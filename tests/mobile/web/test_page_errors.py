"""What the page says of what goes wrong."""

import json
import shutil

import pytest
from PIL import Image

from tests.mobile.web.page import choose, console, photo, served, text, wait_for


@pytest.fixture
def broken(browser, site, tmp_path):
    """Opens a page that a function broke."""

    def opened(damage):
        folder = tmp_path / "site"
        shutil.copytree(site, folder)
        damage(folder)
        with served(folder) as address:
            browser.get(address)
            wait_for(browser, "error", " ")
            assert not browser.find_element("id", "file").is_enabled()
            # Of a missing file the browser itself says so.
            assert all("status of 404" in message for message in console(browser))
            return text(browser, "error")

    return opened


def test_what_is_no_image_is_told_and_the_next_photo_works(page, save, rng, tmp_path):
    (tmp_path / "notes.png").write_text("not an image")
    choose(page, tmp_path / "notes.png", name="error", words="notes.png is not an image")
    assert not page.find_element("id", "result").is_displayed()
    choose(page, save(photo(rng, 20, 30)))
    assert text(page, "error") == ""


def test_a_photo_too_large_is_told_before_it_is_decoded(page, tmp_path):
    Image.new("1", (5000, 3000)).save(tmp_path / "huge.png")
    words = "huge.png has 5000 x 3000 px; at x2 this page takes 12.6"
    choose(page, tmp_path / "huge.png", name="error", words=words)


def test_a_missing_network_is_told(broken):
    said = broken(lambda folder: (folder / "networks" / "upscaler.tflite").unlink())
    assert "upscaler.tflite is missing. Build the page again: python mobile/web/build.py" in said


def test_a_damaged_network_is_told(broken):
    def damage(folder):
        path = folder / "networks" / "upscaler.tflite"
        path.write_bytes(path.read_bytes()[:3000])

    assert "networks/upscaler.tflite is damaged" in broken(damage)


def test_a_page_without_networks_is_told(broken):
    said = broken(lambda folder: (folder / "site.json").unlink())
    assert "There are no networks. Build the page: python mobile/web/build.py" in said


def test_a_missing_runtime_is_told(broken):
    said = broken(lambda folder: shutil.rmtree(folder / "vendor"))
    assert "The runtime is missing" in said


def test_a_missing_part_is_told(broken):
    said = broken(lambda folder: (folder / "photo_tiles.js").unlink())
    assert "The page is incomplete" in said


def test_a_browser_without_webassembly_is_told(broken):
    def damage(folder):
        worker = folder / "enlarging_worker.js"
        worker.write_text("delete globalThis.WebAssembly;\n" + worker.read_text())

    assert "This browser has no WebAssembly" in broken(damage)


def test_a_browser_that_cannot_write_a_format_is_told(page, save, rng):
    choose(page, save(photo(rng, 20, 30)))
    page.execute_script(
        "const toBlob = HTMLCanvasElement.prototype.toBlob;"
        "HTMLCanvasElement.prototype.toBlob = function (then) { toBlob.call(this, then); };"
        "document.getElementById('format').value = 'webp';"
    )
    page.find_element("id", "download").click()
    wait_for(page, "error", "This browser cannot write webp. Choose another format.")


def test_a_page_may_offer_several_networks(browser, site, tmp_path):
    shutil.copytree(site, tmp_path / "site")
    facts = json.loads((tmp_path / "site" / "site.json").read_text())
    facts["networks"].append({**facts["networks"][0], "name": "another"})
    (tmp_path / "site" / "site.json").write_text(json.dumps(facts))
    with served(tmp_path / "site") as address:
        browser.get(address)
        wait_for(browser, "status", "Ready")
        names = browser.find_elements("css selector", "#network option")
        assert [name.text for name in names] == ["upscaler", "another"]
