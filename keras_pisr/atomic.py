"""Files that appear whole or not at all."""

import secrets
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path):
    """A path to write to, put in the place of `path` when the block ends without an error.

    Readers never see half a file, and a failed or killed run leaves what was there before.
    Missing parent folders are made.

    Args:
        path: Where the file belongs.

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
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made as `open` would make it, not by `tempfile`, whose files are private: to ask what
    # permissions are usual here would change the umask of every thread for a moment.
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(8)}{path.suffix}")
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
