"""How long the page of mobile/web takes for a photo, in headless Chromium, with a picture of it.

    python mobile/web/build.py
    python mobile/export.py STUDENT --color rgb --size 256 256 --out upscaler.tflite
    python benchmarks/mobile/web_page.py upscaler.tflite PHOTO --screenshot docs/images/web.png

Takes chromium and chromedriver, and selenium (`pip install -e ".[test]"`). Prints what the page
says of each run; the first one also prepares the network.
"""

import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated

import tyro
from PIL import Image
from selenium import webdriver

import serve
from keras_pisr.atomic import atomic_path

FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-sync"


def web_page(
    model: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FILE.tflite")],
    photo: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="PHOTO")],
    runs: int = 3,
    window: tuple[int, int] = (900, 960),
    full: bool = False,
    screenshot: Path | None = None,
):
    """Enlarge a photo in the page.

    Args:
        model: File made by `export.py --color rgb --size HEIGHT WIDTH`.
        photo: Image that the browser can read.
        runs: How often.
        window: Width and height of the browser, px.
        full: Show one pixel of the result as one of the screen.
        screenshot: Write a picture of the page to this file (PNG of 256 colours).
    """
    serve.check_model(model)
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS.split(), f"--window-size={window[0]},{window[1]}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        with serve.server(model) as running:
            threading.Thread(target=running.serve_forever, daemon=True).start()
            browser.get(f"http://127.0.0.1:{running.server_port}/")
            for _ in range(runs):
                print(enlarge(browser, photo))
            if full:
                browser.find_element("id", "full").click()
            if screenshot is not None:
                write_screenshot(browser, screenshot)
            running.shutdown()
    finally:
        browser.quit()


def enlarge(browser, photo):
    """Choose the photo; returns what the page says in the end, and the seconds it took."""
    field, status = browser.find_element("id", "file"), browser.find_element("id", "status")
    error = browser.find_element("id", "error")
    wait(lambda: field.is_enabled() or error.text, 60)
    # Choosing the same photo again would be no change, and the old answer no news.
    browser.execute_script("arguments[0].value = arguments[1].textContent = ''", field, status)
    start = time.perf_counter()
    field.send_keys(str(photo.resolve()))
    wait(lambda: error.text or "took" in status.text, 600)
    if error.text:
        raise SystemExit(f"web_page.py: error: {error.text}")
    return f"{status.text} {time.perf_counter() - start:.2f} s in all."


def wait(condition, seconds):
    """Until it holds."""
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
