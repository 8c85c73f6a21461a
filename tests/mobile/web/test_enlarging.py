"""The page in a real browser computes the same numbers as Python."""

import shutil

import numpy as np
import pytest
from PIL import Image

import keras_pisr as kp
from keras_pisr.data.images.resize import upscale as bicubic
from tests.mobile.web.chromium import SOFTWARE_GPU, chromium
from tests.mobile.web.conftest import TILE
from tests.mobile.web.page import choose, console, photo, pixels, served, text, wait_for


@pytest.mark.parametrize("pixels_of", ["float32", "uint8"])
def test_a_photo_of_many_tiles_is_what_upscale_makes(
    browser, student, make_site, tmp_path, save, rng, pixels_of
):
    path = tmp_path / "own.tflite"
    kp.mobile.to_tflite(student, path, color="rgb", size=TILE, pixels=pixels_of)
    image = photo(rng, 101, 150)
    with served(make_site(path)) as address:
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


def test_a_preset_is_exported_with_the_overlap_that_it_needs(
    browser, student, make_site, tmp_path, monkeypatch, save, rng
):
    monkeypatch.setattr("build.TILE", TILE)
    student.save(tmp_path / "mine.keras")
    image = photo(rng, 90, 100)
    with served(make_site(tmp_path / "mine.keras")) as address:
        browser.get(address)
        wait_for(browser, "status", "Ready: x2")
        choose(browser, save(image))
        # The weights of the file have 16 bit.
        difference = np.abs(pixels(browser, "ours").astype(int) - kp.upscale(student, image))
        assert difference.max() <= 2


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


def test_webgpu_is_checked_against_the_cpu_and_named(vendor, address, student, save, rng):
    image = photo(rng, 70, 80)
    with chromium(SOFTWARE_GPU) as browser:
        browser.get(f"{address}?run=webgpu")
        wait_for(browser, "status", "Ready: x2 on WebGPU.")
        choose(browser, save(image))
        status = text(browser, "status")
        assert "on WebGPU. (" in status and "ms on the CPU; largest difference 0." in status
        difference = np.abs(pixels(browser, "ours").astype(int) - kp.upscale(student, image))
        assert difference.max() <= 1
        assert console(browser) == []


def test_webgpu_is_asked_for_where_a_gpu_decodes_video(browser, site, tmp_path):
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    worker = folder / "enlarging_worker.js"
    says_yes = "VideoDecoder.isConfigSupported = async () => ({ supported: true });"
    worker.write_text(f"{says_yes}\n{worker.read_text()}")
    with served(folder) as address:
        browser.get(address)
        wait_for(browser, "status", "Ready: x2 on CPU")
        # There is none here, and Chromium says so.
        assert [message.split(" - ")[1] for message in console(browser)] == [
            "No available adapters."
        ]


def test_a_gpu_that_is_slower_or_computes_something_else_is_not_used(page):
    said = page.execute_async_script(
        "const done = arguments[0];"
        "import('./network.js').then(async ({Network}) => {"
        "  const made = (time, values) => ({time: async () => [time, values], delete() {},"
        "    input: {shape: [1, 40, 40, 3], dtype: 'float32'}, output: {shape: [1, 80, 80, 3]},"
        "    model: {isFullyAccelerated: true}});"
        "  const said = [];"
        "  for (const gpu of [made(1, [0.5]), made(1, [0.502]), made(9, [0.5]), made(1, [0.6]),"
        "                     made(1, [NaN])]) {"
        "    const network = new Network(made(5, [0.5]), {overlap: 8}, 'CPU');"
        "    await network.choose(gpu, false);"
        "    said.push([network.backend, network.check]);"
        "  }"
        "  done(said);"
        "});"
    )
    assert [backend for backend, _ in said] == ["WebGPU", "WebGPU", "CPU", "CPU", "CPU"]
    assert said[1][1].endswith("largest difference 0.51 of 255 levels")
    assert "differs by 25.5 of 255 levels" in said[3][1]
