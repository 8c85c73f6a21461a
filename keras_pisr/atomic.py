"""Files that appear whole or not at all."""

import os
import tempfile
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
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> with atomic_path(f"{folder}/scores.json") as temporary:
        ...     _ = temporary.write_text("{}")
        >>> os.listdir(folder)
        ['scores.json']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
    )
    os.close(handle)
    temporary = Path(temporary)
    try:
        yield temporary
        # mkstemp makes files private; give them what `open` would have given.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
