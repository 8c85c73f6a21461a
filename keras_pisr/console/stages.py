"""Reports the current stage of a long computation to its listeners."""

from contextlib import contextmanager
from contextvars import ContextVar

_listener = ContextVar("listener", default=None)


def tell(stage, done=0, total=None):
    """Say which stage of a computation has begun, or how much of the stage is done.

    Args:
        stage: Words such as `"Settling ranges"`.
        done: How much is done, in any unit.
        total: How much there is to do; None if this is not known.
    """
    listener = _listener.get()
    if listener is not None:
        listener(stage, done, total)


@contextmanager
def listening(listener):
    """Call a listener for every stage that is reported within the block.

    Args:
        listener: Function of `(stage, done, total)`.

    Example:
        >>> with listening(print):
        ...     tell("Converting")
        Converting 0 None
    """
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)
