"""Serve the page with a model of one's own, and with the headers that threads need.

    python mobile/export.py STUDENT --color rgb --size 256 256 --out upscaler.tflite
    python mobile/web/serve.py --model upscaler.tflite

Any static server does as well, for the folder with `model.tflite` beside `index.html`; without
the two headers the page runs on one thread.
"""

import sys
import threading
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import tyro

from keras_pisr.console.one_line_errors import run_with_one_line_errors
from keras_pisr.mobile.runtime.tflite_model import TFLiteModel

WEB = Path(__file__).resolve().parent
MODEL = WEB / "model.tflite"
LONGEST = 2000  # Characters of an address.
MOST_CONNECTIONS = 64
# The page and what it fetches; nothing else in the folder is shown.
FILES = ("index.html", "style.css", "app.js", "upscaler.js", "tiles.js", "bicubic.js")


class Handler(SimpleHTTPRequestHandler):
    """Serves the page, the runtime, and one model as `/model.tflite`."""

    extensions_map = {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        # Not the system's table, which some Windows machines fill with text/plain.
        ".js": "text/javascript; charset=utf-8",
        ".wasm": "application/wasm",
        "": "application/octet-stream",
    }

    # Seconds that a connection may stay silent: a request that never ends holds no thread for ever.
    timeout = 10

    def __init__(self, *args, model, **kwargs):
        self.model = model
        super().__init__(*args, directory=str(WEB), **kwargs)

    def translate_path(self, path):
        """The file meant by an address, or one that does not exist."""
        path = Path(super().translate_path("/index.html" if path == "/" else path))
        if path == MODEL:
            return str(self.model)
        listed = path.name in FILES and path.parent == WEB
        runtime = path.is_file() and path.is_relative_to(WEB / "vendor")
        return str(path if listed or runtime else WEB / "absent")

    def send_head(self):
        """Refuse an address that is longer than any file here has."""
        if len(self.path) > LONGEST:
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            return None
        return super().send_head()

    def end_headers(self):
        """Isolate the page from others, without which browsers share no memory among threads."""
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *args):
        """Only errors are worth a line."""

    def log_error(self, text, *args):
        """To stderr, as the base class does."""
        super().log_message(text, *args)


def check_model(path):
    """Refuse a file that the page could not use.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a network of whole images of one fixed size.
    """
    model = TFLiteModel(path)
    size = model.shape[:3]
    if model.color != "rgb" or None in size or size[0] != 1 or model.dtype == "int8":
        raise ValueError(
            f"{path} takes {model.color} {model.shape} of {model.dtype}; the page needs whole "
            "images of one fixed size, float32 or uint8. Run: python mobile/export.py STUDENT "
            f"--color rgb --size 256 256 --out {path}"
        )


class Server(ThreadingHTTPServer):
    """A server with a bounded number of threads; who comes beyond is turned away."""

    def __init__(self, *args):
        super().__init__(*args)
        self.places = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def process_request(self, request, client_address):
        """Answer in a thread, if one is free."""
        if self.places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request, client_address):
        """Answer, then free the place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()


def server(model, *, host="127.0.0.1", port=0):
    """A server that is bound, but not running yet; port 0 takes any that is free."""
    return Server((host, port), partial(Handler, model=Path(model)))


def serve(
    model: Annotated[Path, tyro.conf.arg(metavar="FILE.tflite")] = MODEL,
    host: str = "127.0.0.1",
    port: int = 8000,
) -> int:
    """Serve the page until interrupted.

    Args:
        model: File made by `export.py --color rgb --size HEIGHT WIDTH`.
        host: Address to listen on; 0.0.0.0 for phones in the same network.
        port: Port to listen on.
    """
    check_model(model)
    if not (WEB / "vendor").is_dir():
        raise FileNotFoundError("The runtime is missing. Run: python mobile/web/build.py")
    with server(model, host=host, port=port) as running:
        print(f"http://{host}:{running.server_port}/ (Ctrl+C ends)", flush=True)
        running.serve_forever()
    return 0


def main(argv=None):
    """Run the command line; returns the exit code."""
    return run_with_one_line_errors(
        lambda: tyro.cli(serve, args=argv, prog="serve.py"), "serve.py", interrupted="stopped"
    )


if __name__ == "__main__":
    sys.exit(main())
