"""Loads TensorFlow Datasets after a check of the network: without one, tfds retries for minutes."""

import os
import socket
import threading
from pathlib import Path

HOST, SECONDS = "storage.googleapis.com", 5.0


def load_tfds(caller, name, *, data_dir=None, **options):
    """Call `tfds.load` after checking that the set is on disk or can be downloaded.

    Args:
        caller: Name of the caller, for the message.
        name: Name of the data set.
        data_dir: Folder in which TensorFlow Datasets keeps its files.
        **options: Passed on to `tfds.load`.

    Returns:
        `(tfds, loaded)`: the library, and the result of its `load`.

    Raises:
        ImportError: If tensorflow-datasets is not installed.
        ConnectionError: If the set is not on this machine and no network can be reached.
    """
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ImportError(
            f"{caller} needs tensorflow-datasets. Run: pip install 'keras-pisr[tfds]'"
        ) from error
    check_reachable(name, data_dir)
    return tfds, tfds.load(name, data_dir=data_dir, **options)


def check_reachable(name, data_dir):
    """Raise at once if a download is needed and there is no network."""
    default = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    folder = Path(data_dir or default).expanduser()
    proxied = any(os.environ.get(key) for key in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"))
    if proxied or "://" in str(folder) or (folder / name.split("/")[0].split(":")[0]).exists():
        return
    failure = connection_failure()
    if failure is not None:
        raise ConnectionError(
            f"The set {name} is not in {folder}, and it cannot be downloaded: {HOST} cannot be "
            f"reached ({failure}). Copy the folder from a machine with a network, or read your own "
            "images from a folder."
        )


def connection_failure():
    """Why the host cannot be reached, or None if it can."""
    failures = [f"no answer in {SECONDS:.0f} s"]

    def connect():
        try:
            socket.create_connection((HOST, 443), timeout=SECONDS).close()
        except OSError as error:
            failures.append(str(error))
        else:
            failures.clear()

    # This runs in a thread, because looking up a host name has no time limit of its own.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return failures[-1] if failures else None
