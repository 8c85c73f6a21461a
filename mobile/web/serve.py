"""Serves the page that `build.py` made, with the headers that threads need.

    python mobile/web/build.py --out site
    python mobile/web/serve.py site

Any other server of static files works, too.
"""

import json
import sys
import threading
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import tyro

from keras_pisr.console.one_line_errors import run_with_one_line_errors

HEADERS = json.loads((Path(__file__).resolve().parent / "headers.json").read_text())
LONGEST = 2000  # Largest number of characters of an address.
MOST_CONNECTIONS = 64


class Handler(SimpleHTTPRequestHandler):
    """Serves the files of a folder, but no directory listings."""

    extensions_map = {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        # The system's table is not used, because some Windows machines fill it with text/plain.
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".webmanifest": "application/manifest+json",
        ".png": "image/png",
        ".wasm": "application/wasm",
        "": "application/octet-stream",
    }

    # Seconds that a connection may stay silent, so that a request that never ends does not hold a
    # thread.
    timeout = 10

    def list_directory(self, path):
        """Send no listing, because the page needs none."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def send_head(self):
        """Refuse an address that is longer than that of any file here."""
        if len(self.path) > LONGEST:
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            return None
        return super().send_head()

    def end_headers(self):
        """Isolate the page from others; otherwise browsers do not share memory among threads."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *args):
        """Log only errors."""

    def log_error(self, text, *args):
        """Write to stderr, as the base class does."""
        super().log_message(text, *args)


class Server(ThreadingHTTPServer):
    """A server with a bounded number of threads; further requests are refused."""

    def __init__(self, *args):
        super().__init__(*args)
        self.places = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def process_request(self, request, client_address):
        """Answer in a thread if one is free."""
        if self.places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request, client_address):
        """Answer, then free the thread's place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()


def server(site, *, host="127.0.0.1", port=0):
    """A server that is bound but not running yet; port 0 takes any free port."""
    return Server((host, port), partial(Handler, directory=str(site)))


def serve(
    site: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="SITE")] = Path("site"),
    host: str = "127.0.0.1",
    port: int = 8000,
) -> int:
    """Serve the page until interrupted.

    Args:
        site: Folder made by `build.py`.
        host: Address to listen on; 0.0.0.0 for phones in the same network.
        port: Port to listen on.
    """
    if not (site / "site.json").is_file():
        raise FileNotFoundError(
            f"There is no page in {site}. Run: python mobile/web/build.py --out {site}"
        )
    with server(site, host=host, port=port) as running:
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
