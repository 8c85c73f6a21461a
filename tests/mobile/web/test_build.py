"""The folder that `build.py` writes, without a browser."""

import json

import numpy as np
import pytest
from PIL import Image

import build
import fetch_runtime
import keras_pisr as kp
from keras_pisr.presets.catalog import CATALOG, RECOMMENDED

PARTS = (".css", ".html", ".js", ".webmanifest")


@pytest.fixture
def no_vendor(tmp_path):
    """A runtime with nothing in it."""
    for name in build.RUNTIME:
        (tmp_path / "vendor" / name).mkdir(parents=True)
    return tmp_path / "vendor"


def test_the_folder_holds_page_networks_and_pictures(model, no_vendor, tmp_path):
    build.build_site(tmp_path / "site", [model], vendor=no_vendor)
    site = tmp_path / "site"
    facts = json.loads((site / "site.json").read_text())
    (network,) = facts["networks"]
    assert network == {
        "name": "upscaler",
        "file": "networks/upscaler.tflite",
        "scale": 2,
        "overlap": build.OVERLAP,
    }
    assert (site / network["file"]).read_bytes() == model.read_bytes()
    assert Image.open(site / facts["sample"]["file"]).size == (256, 256)
    icons = json.loads((site / "manifest.webmanifest").read_text())["icons"]
    for icon in icons:
        assert "{}x{}".format(*Image.open(site / icon["src"]).size) == icon["sizes"]
    # A phone may cut the icon to a circle: nothing is drawn near its edges.
    edges = np.asarray(Image.open(site / icons[0]["src"]))
    assert len(np.unique(np.concatenate([edges[:20], edges[-20:]]).reshape(-1, 3), axis=0)) == 1


def test_everything_that_the_page_needs_is_kept_for_visits_without_a_network(
    model, no_vendor, tmp_path
):
    site = tmp_path / "site"
    build.build_site(site, [model], vendor=no_vendor, sample=False)
    kept = json.loads((site / "precache.js").read_text().split("=", 1)[1].rstrip(";\n"))
    wanted = {path.name for path in build.PAGE.iterdir()} - {"service_worker.js"}
    assert wanted <= set(kept["files"])
    assert all((site / name).is_file() for name in kept["files"])
    for name, value in kept["headers"].items():
        assert f"{name}: {value}" in (site / "_headers").read_text()
    build.build_site(site, [model], vendor=no_vendor, sample=False)
    assert f'"{kept["version"]}"' in (site / "precache.js").read_text()
    build.build_site(site, [model], vendor=no_vendor)
    assert f'"{kept["version"]}"' not in (site / "precache.js").read_text()


def test_another_folder_is_not_overwritten(model, no_vendor, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="a new folder, or one built before"):
        build.build_site(tmp_path / "mine", [model], vendor=no_vendor)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("options", "takes"),
    [
        ({}, "takes luma"),
        ({"color": "rgb"}, "takes rgb"),
        ({"size": (40, 40)}, "takes luma"),
        ({"color": "rgb", "size": (32, 64)}, "of 33 px or more"),
    ],
)
def test_a_network_that_the_page_cannot_use_is_refused(
    student, no_vendor, tmp_path, options, takes
):
    kp.mobile.to_tflite(student, tmp_path / "a.tflite", **options)
    with pytest.raises(ValueError, match=takes) as error:
        build.build_site(tmp_path / "site", [tmp_path / "a.tflite"], vendor=no_vendor)
    assert "--color rgb --size 256 256" in str(error.value)
    assert not (tmp_path / "site").exists()


def test_two_networks_of_one_name_are_refused(model, no_vendor, tmp_path):
    with pytest.raises(ValueError, match="got upscaler twice"):
        build.build_site(tmp_path / "site", [model, model], vendor=no_vendor)


def test_a_missing_network_is_named_in_one_line(monkeypatch, no_vendor, tmp_path, capsys):
    monkeypatch.setattr(build, "VENDOR", no_vendor)
    out = str(tmp_path / "site")
    assert build.main(["--out", out, "--networks", str(tmp_path / "gone.tflite")]) == 2
    error = capsys.readouterr().err
    assert "There is no file" in error and error.count("\n") == 1


def test_the_recommended_presets_are_offered():
    assert all(CATALOG[name]["status"] == RECOMMENDED for name in build.NETWORKS)
    assert [CATALOG[name]["scale"] for name in build.NETWORKS] == [2, 3, 4]


def test_the_packages_are_pinned_exactly():
    wanted = json.loads((build.WEB / "package.json").read_text())
    pinned = wanted["dependencies"] | wanted["devDependencies"]
    assert all(version.replace(".", "").isdigit() for version in pinned.values())


def test_without_npm_fetching_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(fetch_runtime.shutil, "which", lambda name: None)
    with pytest.raises(OSError, match="There is no npm"):
        fetch_runtime.fetch_runtime(tmp_path / "vendor")
    assert list(tmp_path.iterdir()) == []


def test_every_part_of_the_page_is_short():
    lengths = {path.name: len(path.read_text().splitlines()) for path in build.PAGE.iterdir()}
    assert {name for name, length in lengths.items() if length > 300} == set()
    assert {path.suffix for path in build.PAGE.iterdir()} <= set(PARTS)
