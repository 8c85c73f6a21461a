"""What the tests of the page do in it: choose photos, wait, read what it says and shows."""

import base64
import threading
import time
from contextlib import contextmanager

import numpy as np
from PIL import Image

import serve


@contextmanager
def served(site):
    """The address of a folder, as long as the block lasts."""
    with serve.server(site) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{running.server_port}/"
        finally:
            running.shutdown()


def text(browser, name):
    """The visible text of an element. A page that runs threads on any host reloads itself once."""
    from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException

    for _ in range(20):
        try:
            return browser.find_element("id", name).text
        except (NoSuchElementException, StaleElementReferenceException):
            time.sleep(0.1)
    return browser.find_element("id", name).text


def eventually(condition, seconds=40):
    """Wait for what a busy machine may take its time for."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def wait_for(browser, name, words):
    reached = eventually(lambda: words in text(browser, name))
    assert reached, [text(browser, name) for name in ("status", "error")]


def start(browser, *paths):
    """Choose photos; what is said of those before is no news then."""
    field = browser.find_element("id", "file")
    # The driver would add to the files that are chosen already.
    browser.execute_script(
        "arguments[0].value = ''; document.getElementById('status').textContent = '';", field
    )
    field.send_keys("\n".join(map(str, paths)))


def choose(browser, *paths, name="status", words="The network took"):
    """Choose photos, and wait for what the page says of them."""
    start(browser, *paths)
    wait_for(browser, name, words)


def pixels(browser, name):
    """What a canvas holds, RGB."""
    values = browser.execute_script(
        "const c = document.getElementById(arguments[0]);"
        "const {data} = c.getContext('2d').getImageData(0, 0, c.width, c.height);"
        "let text = ''; for (const v of data) text += String.fromCharCode(v);"
        "return [c.height, c.width, btoa(text)];",
        name,
    )
    height, width, data = values
    return np.frombuffer(base64.b64decode(data), "uint8").reshape(height, width, 4)[..., :3]


def console(browser):
    """Warnings and errors since it was last asked."""
    entries = browser.get_log("browser")
    return [entry["message"] for entry in entries if entry["level"] in ("WARNING", "SEVERE")]


def photo(rng, height, width):
    """A smooth picture of random colours."""
    small = rng.integers(0, 256, (max(height // 8, 2), max(width // 8, 2), 3), "uint8")
    return np.asarray(Image.fromarray(small).resize((width, height)))
