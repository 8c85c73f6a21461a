"""Files that appear whole or not at all."""

import errno
import os
import re
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows.
    fcntl = None  # type: ignore[assignment]

_LONGEST = 255
_HIDDEN = re.compile(r"\..*-[0-9a-f]{16}(\.\w+)?", re.DOTALL)


@contextmanager
def atomic_path(path):
    """A path to write to, put in the place of `path` when the block ends without an error.

    Readers never see half a file, and a failed or killed run leaves the old file unchanged.
    Missing parent folders are made.

    Args:
        path: Final path of the file.

    Yields:
        `Path` of an empty file in the same folder, with the same suffix.

    Example:
        >>> import os, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> with atomic_path(f"{folder}/scores.json") as temporary:
        ...     _ = temporary.write_text("{}")
        >>> os.listdir(folder)
        ['scores.json']
    """
    # A link stays a link, and the file that it names is written, as `open` does.
    path = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file is made as `open` makes it, not by `tempfile`, whose files are private. Asking for
    # the usual permissions would change the umask of every thread for a moment.
    temporary = path.with_name(_hidden_name(path))
    try:
        with _in_use(temporary):
            yield temporary
            temporary.replace(path)
    except OSError as error:
        # The error names the file that was asked for; the error of a full disk names no file at
        # all.
        full = error.errno in (errno.ENOSPC, errno.EDQUOT) and error.filename is None
        if full or str(error.filename) == str(temporary):
            raise type(error)(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def remove_stale(folder):
    """Remove the hidden files that killed runs of `atomic_path` left in a folder.

    Files that a running process writes to are kept. If the system has no locks of this kind
    (Windows), nothing is removed.

    Args:
        folder: Path; it may be absent.

    Returns:
        Paths of the removed files.
    """
    folder = Path(folder)
    removed = []
    for path in folder.iterdir() if fcntl is not None and folder.is_dir() else ():
        if _HIDDEN.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            # This process may lack the right to open or remove somebody else's file.
            with suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                removed.append(path)
    return removed


def _hidden_name(path):
    """A name beside `path`, of no more than the 255 bytes that file systems allow."""
    end = f"-{secrets.token_hex(8)}{path.suffix}"
    stem = os.fsencode(path.stem)[: _LONGEST - 1 - len(os.fsencode(end))]
    # A character that was cut in two, or is not valid, is dropped.
    return f".{stem.decode(errors='ignore')}{end}"


@contextmanager
def _in_use(temporary):
    """Make the file, and hold a lock on it that ends with the process at the latest."""
    with temporary.open("xb") as file:
        if fcntl is not None:
            # Some network file systems have no locks.
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        elif os.name == "nt":
            # On Windows, an open file can be neither replaced nor removed.
            file.close()
        yield
