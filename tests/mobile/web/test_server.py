"""What the page's server hands out, without a browser."""

import socket
import threading
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

import serve
from tests.mobile.web.page import served


@pytest.fixture
def folder(tmp_path):
    """A folder with a page and something outside it."""
    (tmp_path / "secret.txt").write_text("secret")
    site = tmp_path / "site"
    (site / "networks").mkdir(parents=True)
    (site / "index.html").write_text("<title>page</title>")
    (site / "networks" / "a.tflite").write_bytes(b"my network")
    return site


@pytest.fixture
def address(folder):
    with served(folder) as running:
        yield running.rstrip("/")


def test_the_page_is_isolated_so_that_threads_share_memory(address):
    with urlopen(address + "/") as answer:
        assert b"<title>page" in answer.read()
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"


def test_a_file_of_the_page_is_served_whatever_its_query(address):
    with urlopen(address + "/networks/a.tflite?v=2") as answer:
        assert answer.read() == b"my network"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("index.html", "text/html"),
        ("app.js", "text/javascript"),
        ("style.css", "text/css"),
        ("manifest.webmanifest", "application/manifest+json"),
        ("a.wasm", "application/wasm"),
    ],
)
def test_every_file_of_the_page_is_served_with_its_type(folder, address, name, kind):
    (folder / name).write_bytes(b"1")
    with urlopen(f"{address}/{name}") as answer:
        assert answer.headers.get_content_type() == kind


@pytest.mark.parametrize("path", ["/networks/", "/../secret.txt", "/%2e%2e/secret.txt", "/gone"])
def test_nothing_else_is_served(address, path):
    with pytest.raises(HTTPError, match="404"):
        urlopen(address + path)


@pytest.mark.parametrize("length", [3000, 60_000])
def test_an_endless_address_is_refused(address, length):
    with pytest.raises(HTTPError, match="414"):
        urlopen(address + "/" + "a" * length)


def test_silent_connections_are_ended_and_bounded(folder, monkeypatch):
    monkeypatch.setattr(serve.Handler, "timeout", 0.5)
    monkeypatch.setattr(serve, "MOST_CONNECTIONS", 4)
    with serve.server(folder) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        place = ("127.0.0.1", running.server_port)
        before = threading.active_count()
        halves = [socket.create_connection(place) for _ in range(40)]
        for half in halves:
            half.sendall(b"GET / HT")
        time.sleep(0.2)
        assert threading.active_count() - before <= 4
        time.sleep(1)
        with urlopen(f"http://127.0.0.1:{running.server_port}/networks/a.tflite") as answer:
            assert answer.read() == b"my network"
        for half in halves:
            half.close()
        running.shutdown()


def test_a_folder_without_a_page_is_named(tmp_path, capsys):
    assert serve.main([str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "build.py --out" in error and error.count("\n") == 1
