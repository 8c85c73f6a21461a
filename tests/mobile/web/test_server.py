"""What the page's server hands out, and which models it refuses, without a browser."""

import base64
import hashlib
import json
import socket
import threading
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

import build
import keras_pisr as kp
import serve


@pytest.fixture
def address(tmp_path):
    (tmp_path / "mine.tflite").write_bytes(b"my model")
    with serve.server(tmp_path / "mine.tflite") as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_the_page_is_isolated_so_that_threads_share_memory(address):
    with urlopen(address + "/") as answer:
        assert b"<title>keras_pisr" in answer.read()
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"


def test_the_model_is_the_one_that_was_named(address):
    with urlopen(address + "/model.tflite?v=2") as answer:
        assert answer.read() == b"my model"


@pytest.mark.parametrize("path", serve.FILES)
def test_every_file_of_the_page_is_served_with_its_type(address, path):
    with urlopen(f"{address}/{path}") as answer:
        kind = {"html": "text/html", "css": "text/css", "js": "text/javascript"}[path.split(".")[1]]
        assert answer.headers.get_content_type() == kind


@pytest.mark.parametrize(
    "path",
    [
        "/serve.py",
        "/package.json",
        "/vendor/",
        "/vendor/../serve.py",
        "/../export.py",
        "/%2e%2e/export.py",
    ],
)
def test_nothing_else_is_served(address, path):
    with pytest.raises(HTTPError, match="404"):
        urlopen(address + path)


@pytest.mark.parametrize("length", [3000, 60_000])
def test_an_endless_address_is_refused(address, length):
    with pytest.raises(HTTPError, match="414"):
        urlopen(address + "/" + "a" * length)


def test_silent_connections_are_ended_and_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(serve.Handler, "timeout", 0.5)
    monkeypatch.setattr(serve, "MOST_CONNECTIONS", 4)
    (tmp_path / "mine.tflite").write_bytes(b"my model")
    with serve.server(tmp_path / "mine.tflite") as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        place = ("127.0.0.1", running.server_port)
        before = threading.active_count()
        halves = [socket.create_connection(place) for _ in range(40)]
        for half in halves:
            half.sendall(b"GET / HT")
        time.sleep(0.2)
        assert threading.active_count() - before <= 4
        time.sleep(1)
        with urlopen(f"http://127.0.0.1:{running.server_port}/model.tflite") as answer:
            assert answer.read() == b"my model"
        for half in halves:
            half.close()
        running.shutdown()


def test_the_page_loads_no_file_that_is_not_served():
    page = (serve.WEB / "index.html").read_text()
    for name in ("style.css", "app.js"):
        assert f'"{name}"' in page
    scripts = {path.name for path in serve.WEB.glob("*.js")}
    assert scripts == {path for path in serve.FILES if path.endswith(".js")}


def test_the_import_map_has_the_hash_that_the_policy_allows():
    page = (serve.WEB / "index.html").read_text()
    content = page.split('<script type="importmap">')[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page
    assert json.loads(content)["imports"]["@litertjs/wasm-utils"].startswith("./vendor/wasm-utils/")


def test_the_packages_are_pinned_exactly():
    pinned = json.loads((build.WEB / "package.json").read_text())["dependencies"]
    assert all(version.replace(".", "").isdigit() for version in pinned.values())


def test_without_npm_the_build_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    with pytest.raises(OSError, match="There is no npm"):
        build.build(tmp_path / "vendor")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "takes"),
    [({}, "takes luma"), ({"color": "rgb"}, "takes rgb"), ({"size": (40, 40)}, "takes luma")],
)
def test_a_model_that_the_page_cannot_use_is_refused(student, tmp_path, capsys, options, takes):
    kp.mobile.to_tflite(student, tmp_path / "a.tflite", **options)
    assert serve.main(["--model", str(tmp_path / "a.tflite")]) == 2
    error = capsys.readouterr().err
    assert takes in error and "--color rgb --size 256 256" in error and error.count("\n") == 1


def test_a_missing_model_is_named(capsys):
    assert serve.main(["--model", "gone.tflite"]) == 2
    assert "There is no file gone.tflite" in capsys.readouterr().err
