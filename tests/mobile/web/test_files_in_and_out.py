"""Photos chosen, dropped and pasted, one or many; results as PNG, JPEG and WebP, alone or in a zip."""

import io
import time
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.mobile.web.page import choose, eventually, photo, pixels, start, text, wait_for


@pytest.fixture
def downloads(page, tmp_path):
    """The folder where the browser puts downloads; waits for one by its name."""
    folder = tmp_path / "downloads"
    page.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)}
    )

    def downloaded(name):
        assert eventually((folder / name).exists), list(folder.iterdir())
        return folder / name

    return downloaded


def file_event(page, image, event):
    """An event that carries a file of this image, named `given.png`."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    page.execute_script(
        "const data = new DataTransfer();"
        "data.items.add(new File([new Uint8Array(arguments[0])], 'given.png'));"
        f"document.body.dispatchEvent({event});",
        list(buffer.getvalue()),
    )


@pytest.mark.parametrize(
    "event",
    [
        "new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})",
        "new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})",
    ],
)
def test_a_photo_is_dropped_or_pasted(page, rng, event):
    file_event(page, photo(rng, 20, 30), event)
    wait_for(page, "status", "30 x 20 to 60 x 40 px")


def test_text_that_is_pasted_is_no_photo(page):
    page.execute_script(
        "const data = new DataTransfer(); data.setData('text/plain', 'hello');"
        "document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true}));"
    )
    wait_for(page, "error", "That was no file")


def test_the_last_of_two_photos_wins(page, save, rng):
    big, small = save(photo(rng, 300, 300), "big.png"), save(photo(rng, 20, 30), "small.png")
    start(page, big)
    choose(page, small, words="30 x 20 to 60 x 40 px")
    assert pixels(page, "ours").shape == (40, 60, 3)


def test_the_download_is_the_networks_result_in_each_format(page, save, rng, downloads):
    choose(page, save(photo(rng, 20, 30)))
    wanted = pixels(page, "ours").astype(int)
    for choice, name, tolerance in (("PNG", "png", 0), ("JPEG", "jpg", 4), ("WebP", "webp", 4)):
        page.find_element("id", "format").send_keys(choice)
        page.find_element("id", "download").click()
        with Image.open(downloads(f"photo_x2.{name}")) as image:
            assert image.format == choice.upper()
            assert np.abs(np.asarray(image)[..., :3] - wanted).mean() <= tolerance


def test_several_photos_come_out_in_one_zip(page, save, rng, downloads, tmp_path):
    paths = [save(photo(rng, 20 + i, 30), f"p{i}.png") for i in range(2)]
    (tmp_path / "no.png").write_text("not an image")
    (tmp_path / "other").mkdir()
    again = tmp_path / "other" / "p1.jpg"
    Image.open(paths[1]).save(again)
    choose(page, *paths, tmp_path / "no.png", again, words="3 of 4 photos are enlarged.")
    rows = page.find_elements("css selector", "#list li")
    assert "no.png is not an image" in rows[2].text
    assert not rows[2].find_elements("tag name", "button")[1].is_enabled()
    page.find_element("id", "zip").click()
    path = downloads("enlarged.zip")
    assert eventually(lambda: zipfile.is_zipfile(path))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["p0_x2.png", "p1_x2.png", "p1_x2 (2).png"]
        sizes = [Image.open(archive.open(name)).size for name in archive.namelist()]
    assert sizes == [(60, 40), (60, 42), (60, 42)]
    rows[0].find_elements("tag name", "button")[0].click()
    wait_for(page, "status", "30 x 20 to 60 x 40 px")
    assert pixels(page, "ours").shape == (40, 60, 3)
    rows[0].find_elements("tag name", "button")[1].click()
    assert Image.open(downloads("p0_x2.png")).size == (60, 40)


def test_another_format_makes_a_batch_anew(page, save, rng, downloads):
    paths = [save(photo(rng, 20, 30), f"p{i}.png") for i in range(2)]
    choose(page, *paths, words="2 of 2 photos are enlarged.")
    page.find_element("id", "format").send_keys("JPEG")
    assert eventually(lambda: "2 of 2" in text(page, "status"))
    page.find_elements("css selector", "#list li button")[1].click()
    assert Image.open(downloads("p0_x2.jpg")).format == "JPEG"


def test_the_page_stays_alive_and_cancel_ends_the_work(page, save, rng):
    page.execute_script(
        "window.ticks = 0; setInterval(() => document.getElementById('progress').value && ticks++, 5)"
    )
    start(page, save(photo(rng, 900, 900)))
    bar = page.find_element("id", "progress")
    assert eventually(lambda: float(bar.get_attribute("value")) >= 3)
    page.find_element("id", "cancel").click()
    assert "Cancelled" in text(page, "status")
    assert page.execute_script("return ticks") >= 3
    assert float(bar.get_attribute("value")) < 0.9 * float(bar.get_attribute("max"))
    time.sleep(0.3)
    stopped = bar.get_attribute("value")
    time.sleep(0.3)
    assert bar.get_attribute("value") == stopped
    choose(page, save(photo(rng, 20, 30), "small.png"), words="30 x 20 to 60 x 40 px")
    assert text(page, "error") == ""
