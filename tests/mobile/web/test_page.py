"""The page in a real browser: the same numbers as in Python, and words for what goes wrong."""

import base64
import io
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

import keras_pisr as kp
import serve
from keras_pisr.data.images.resize import upscale as bicubic
from tests.mobile.web.chromium import chromium

TILE = (64, 72)


@pytest.fixture(scope="module")
def model(student, tmp_path_factory):
    path = tmp_path_factory.mktemp("web") / "upscaler.tflite"
    kp.mobile.to_tflite(student, path, color="rgb", size=TILE)
    return path


@pytest.fixture(scope="module")
def browser():
    if not (serve.WEB / "vendor").is_dir():
        pytest.skip("the page's runtime is missing: python mobile/web/build.py")
    with chromium() as running:
        yield running


@contextmanager
def served(model):
    with serve.server(model) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{running.server_port}/"
        finally:
            running.shutdown()


@pytest.fixture
def page(browser, model):
    """The page, ready for a photo."""
    with served(model) as address:
        browser.get(address)
        wait_for(browser, "status", "Ready")
        yield browser


def text(browser, name):
    return browser.find_element("id", name).text


def eventually(condition, seconds=120):
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


def choose(browser, path, name="status", words="The network took"):
    browser.find_element("id", "file").send_keys(str(path))
    wait_for(browser, name, words)


def hidden(browser):
    """So much of the network's result is hidden on the left, CSS px."""
    shown = browser.find_element("id", "ours").value_of_css_property("clip-path")
    assert shown.startswith("inset(0px 0px 0px ")
    return float(shown.split()[-1].rstrip("px)"))


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


def photo(rng, height, width):
    small = rng.integers(0, 256, (max(height // 8, 2), max(width // 8, 2), 3), "uint8")
    return np.asarray(Image.fromarray(small).resize((width, height)))


@pytest.fixture
def save(tmp_path):
    def saved(image, name="photo.png", **options):
        Image.fromarray(image).save(tmp_path / name, **options)
        return tmp_path / name

    return saved


def test_a_tile_is_what_the_python_interpreter_makes_of_it(page, model, rng):
    rgb = rng.random((*TILE, 3)).astype("float32")
    got = page.execute_async_script(
        "const [values, done] = arguments;"
        "import('./upscaler.js').then(async ({Upscaler}) => {"
        "  await (await import('./vendor/core/dist/index.js')).unloadLiteRt();"
        "  const upscaler = await Upscaler.load('model.tflite');"
        "  done(Array.from(await upscaler.run(Float32Array.from(values))));"
        "});",
        rgb.ravel().tolist(),
    )
    wanted = kp.mobile.TFLiteModel(model)(rgb[None])
    np.testing.assert_allclose(np.reshape(got, wanted.shape), wanted, atol=1e-3)


@pytest.mark.parametrize("pixels_of", ["float32", "uint8"])
def test_a_photo_of_many_tiles_is_what_upscale_makes(
    browser, student, tmp_path, save, rng, pixels_of
):
    path = tmp_path / "model.tflite"
    kp.mobile.to_tflite(student, path, color="rgb", size=TILE, pixels=pixels_of)
    image = photo(rng, 101, 150)
    with served(path) as address:
        browser.get(address)
        wait_for(browser, "status", "Ready: x2")
        choose(browser, save(image))
        assert "150 x 101 to 300 x 202 px" in text(browser, "status")
        assert "for 9 tiles of 72 x 64 px on CPU (WebAssembly" in text(browser, "status")
        # One level: 0.5 / 255 may be rounded either way.
        difference = np.abs(pixels(browser, "ours").astype(int) - kp.upscale(student, image))
        assert difference.max() <= 1
        smooth = np.clip(bicubic(image.astype("float32"), 2), 0, 255)
        assert np.abs(pixels(browser, "plain") - smooth).max() <= 0.51


def test_a_photo_smaller_than_a_tile_has_its_edges_repeated(page, student, save, rng):
    image = photo(rng, 20, 30)
    choose(page, save(image))
    padded = np.pad(image, [(0, TILE[0] - 20), (0, TILE[1] - 30), (0, 0)], "edge")
    wanted = kp.upscale(student, padded)[:40, :60].astype(int)
    assert np.abs(pixels(page, "ours") - wanted).max() <= 1


def test_exif_turns_the_photo_upright(page, save):
    image = np.zeros((16, 24, 3), "uint8")
    image[:, :12] = (200, 30, 40)  # Left becomes top when turned clockwise.
    exif = Image.Exif()
    exif[0x0112] = 6
    choose(page, save(image, "photo.jpg", exif=exif, quality=95, subsampling=0))
    large = pixels(page, "ours")
    assert large.shape == (48, 32, 3)
    np.testing.assert_allclose(large[8:16, 8:24].mean((0, 1)), (200, 30, 40), atol=6)
    assert large[34:44].max() < 12


def test_what_is_transparent_becomes_white(page, save):
    choose(page, save(np.zeros((20, 20, 4), "uint8")))
    assert pixels(page, "plain").min() == 255


def test_the_download_is_the_networks_result(page, save, rng, tmp_path):
    choose(page, save(photo(rng, 20, 30)))
    wanted = pixels(page, "ours")
    page.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    page.find_element("id", "download").click()
    assert eventually((tmp_path / "photo_x2.png").exists), list(tmp_path.iterdir())
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / "photo_x2.png"))[..., :3], wanted
    )


def test_a_dropped_photo_is_enlarged(page, save, rng):
    buffer = io.BytesIO()
    Image.fromarray(photo(rng, 20, 30)).save(buffer, "PNG")
    page.execute_script(
        "const data = new DataTransfer();"
        "data.items.add(new File([new Uint8Array(arguments[0])], 'dropped.png'));"
        "document.body.dispatchEvent("
        "  new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));",
        list(buffer.getvalue()),
    )
    wait_for(page, "status", "30 x 20 to 60 x 40 px")


def test_the_last_of_two_photos_wins(page, save, rng):
    big, small = save(photo(rng, 300, 300), "big.png"), save(photo(rng, 20, 30), "small.png")
    page.find_element("id", "file").send_keys(str(big))
    choose(page, small, words="30 x 20 to 60 x 40 px")
    assert pixels(page, "ours").shape == (40, 60, 3)


def test_the_divider_follows_the_keyboard(page, save, rng):
    choose(page, save(photo(rng, 100, 150)))
    webdriver = pytest.importorskip("selenium.webdriver")
    page.execute_script("document.getElementById('file').focus()")
    reached = []
    for _ in range(4):
        webdriver.ActionChains(page).send_keys(webdriver.Keys.TAB).perform()
        focused = page.switch_to.active_element
        reached.append(focused.get_attribute("id"))
        assert focused.value_of_css_property("outline-style") != "none"
        if reached[-1] == "slider":
            webdriver.ActionChains(page).send_keys(webdriver.Keys.ARROW_RIGHT * 10).perform()
            assert focused.get_attribute("aria-valuetext") == "60 % bicubic, 40 % network"
    assert reached == ["view", "slider", "full", "download"]
    divider, view = (page.find_element("id", name) for name in ("divider", "view"))
    width = view.get_property("clientWidth")
    centre = divider.rect["x"] + 1 - view.rect["x"]
    assert centre == pytest.approx(0.6 * width, abs=2)
    assert hidden(page) == pytest.approx(0.6 * width, abs=1)


def test_at_full_size_the_view_scrolls_under_the_divider(page, save, rng):
    choose(page, save(photo(rng, 100, 700)))
    width = page.find_element("id", "view").get_property("clientWidth")
    assert page.find_element("id", "ours").rect["width"] == pytest.approx(width, abs=1)
    page.find_element("id", "full").click()
    assert page.find_element("id", "ours").rect["width"] == 1400
    page.execute_script("document.getElementById('view').scrollLeft = 300")
    assert eventually(lambda: hidden(page) == pytest.approx(300 + width / 2, abs=1)), hidden(page)
    divider, view = (page.find_element("id", name) for name in ("divider", "view"))
    assert divider.rect["x"] + 1 - view.rect["x"] == pytest.approx(width / 2, abs=2)


def test_a_screen_reader_is_told(page, save, rng):
    choose(page, save(photo(rng, 20, 30)))
    labelled = {e.get_attribute("for") for e in page.find_elements("css selector", "label[for]")}
    assert labelled == {"file", "slider"}
    assert page.find_element("id", "slider").aria_role == "slider"
    assert page.find_element("id", "status").aria_role == "status"
    assert page.find_element("id", "error").get_attribute("role") == "alert"
    names = [c.get_attribute("aria-label") for c in page.find_elements("css selector", "canvas")]
    assert names == ["Enlarged by bicubic interpolation", "Enlarged by the network"]


def test_a_narrow_phone_needs_no_sideways_scrolling(page, save, rng):
    size = {"width": 320, "height": 640, "deviceScaleFactor": 3, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        choose(page, save(photo(rng, 100, 300)))
        wide = page.execute_script("return document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0
        assert page.find_element("id", "ours").rect["width"] <= 320
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_nothing_comes_from_elsewhere_and_memory_is_shared(page):
    fetched = page.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    assert any(name.endswith(".wasm") for name in fetched)
    assert {name.split("/")[2] for name in fetched if not name.startswith(("blob:", "data:"))} == {
        page.current_url.split("/")[2]
    }
    assert page.execute_script("return crossOriginIsolated")


def test_what_is_no_image_is_told_and_the_next_photo_works(page, save, rng, tmp_path):
    (tmp_path / "notes.png").write_text("not an image")
    choose(page, tmp_path / "notes.png", "error", "notes.png is not an image")
    assert not page.find_element("id", "result").is_displayed()
    choose(page, save(photo(rng, 20, 30)))
    assert text(page, "error") == ""


def test_a_photo_too_large_is_told(page, tmp_path):
    Image.new("1", (5000, 3000)).save(tmp_path / "huge.png")
    choose(
        page, tmp_path / "huge.png", "error", "huge.png has 5000 x 3000 px; this page takes 12.6"
    )


def test_a_missing_model_is_told(browser, tmp_path):
    with served(tmp_path / "gone.tflite") as address:
        browser.get(address)
        wait_for(browser, "error", "There is no model. Make one with: python mobile/export.py")
    assert not browser.find_element("id", "file").is_enabled()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": TILE}, "The model takes [1,64,72,1]"),
        ({"color": "rgb"}, "The model takes [1,-1,-1,3]"),
        ({"color": "rgb", "size": (32, 64)}, "a fixed size of 33 px or more"),
    ],
)
def test_another_kind_of_model_is_told(browser, student, tmp_path, options, words):
    kp.mobile.to_tflite(student, tmp_path / "a.tflite", **options)
    with served(tmp_path / "a.tflite") as address:
        browser.get(address)
        wait_for(browser, "error", words)


def test_a_damaged_model_is_told(browser, model, tmp_path):
    (tmp_path / "a.tflite").write_bytes(model.read_bytes()[:3000])
    with served(tmp_path / "a.tflite") as address:
        browser.get(address)
        wait_for(browser, "error", "The model is damaged")


def test_a_browser_without_webassembly_is_told(browser, model):
    script = browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": "delete globalThis.WebAssembly"}
    )
    try:
        with served(model) as address:
            browser.get(address)
            wait_for(browser, "error", "This browser has no WebAssembly")
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


def test_a_missing_runtime_is_told(browser, model, monkeypatch):
    translate = serve.Handler.translate_path

    def without_runtime(self, path):
        return "/absent" if "vendor" in path else translate(self, path)

    monkeypatch.setattr(serve.Handler, "translate_path", without_runtime)
    with served(model) as address:
        browser.execute_cdp_cmd("Network.clearBrowserCache", {})
        browser.get(address)
        wait_for(browser, "error", "The runtime is missing")
