"""Times the page of mobile/web for a photo in headless Chromium, and takes a screenshot of it.

    python mobile/web/build.py --out site
    python benchmarks/mobile/web_page.py site --screenshot docs/images/web.png
    python benchmarks/mobile/web_page.py site PHOTO

The program needs chromium, chromedriver and selenium (`pip install -e ".[test]"`). It prints the
page's text about each run; the first run also prepares the network.
"""

import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated

import tyro
from PIL import Image
from selenium import webdriver

from keras_pisr.atomic import atomic_path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "mobile" / "web"))
import serve  # noqa: E402

FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-sync"


def web_page(
    site: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="SITE")],
    photo: Annotated[tyro.conf.Positional[Path | None], tyro.conf.arg(metavar="[PHOTO]")] = None,
    runs: int = 3,
    window: tuple[int, int] = (900, 960),
    screenshot: Path | None = None,
):
    """Enlarge a photo in the page.

    Args:
        site: Folder made by `build.py`.
        photo: Image that the browser can read [the site's sample, which is enlarged once].
        runs: Number of times that the photo is enlarged.
        window: Width and height of the browser, px.
        screenshot: Write a picture of the page to this file (PNG of 256 colours).
    """
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS.split(), f"--window-size={window[0]},{window[1]}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        with serve.server(site) as running:
            threading.Thread(target=running.serve_forever, daemon=True).start()
            browser.get(f"http://127.0.0.1:{running.server_port}/")
            print(what_it_says(browser))
            for _ in range(runs if photo is not None else 0):
                print(enlarge(browser, photo))
            if screenshot is not None:
                write_screenshot(browser, screenshot)
            running.shutdown()
    finally:
        browser.quit()


def what_it_says(browser):
    """Wait until an image is enlarged; returns the page's text."""
    status, error = (browser.find_element("id", name) for name in ("status", "error"))
    wait(lambda: error.text or "took" in status.text, 600)
    if error.text:
        raise SystemExit(f"web_page.py: error: {error.text}")
    return status.text


def enlarge(browser, photo):
    """Choose the photo; returns the page's final text and the seconds that the run took."""
    field, status = browser.find_element("id", "file"), browser.find_element("id", "status")
    # The driver would add to the chosen files, and the old text must not count as an answer.
    browser.execute_script("arguments[0].value = arguments[1].textContent = ''", field, status)
    start = time.perf_counter()
    field.send_keys(str(photo.resolve()))
    return f"{what_it_says(browser)} {time.perf_counter() - start:.2f} s in all."


def wait(condition, seconds):
    """Wait until a condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise SystemExit(f"web_page.py: error: nothing happened in {seconds} s")
        time.sleep(0.02)


def write_screenshot(browser, path):
    """A PNG of 256 colours, small enough for a repository."""
    with tempfile.TemporaryDirectory() as folder, atomic_path(path) as temporary:
        shot = Path(folder) / "shot.png"
        browser.save_screenshot(str(shot))
        Image.open(shot).convert("RGB").quantize(256).save(temporary, optimize=True)


if __name__ == "__main__":
    tyro.cli(web_page, prog="web_page.py")
