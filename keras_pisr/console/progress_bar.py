"""One bar on stderr with the share that is done and the time left."""


class ProgressBar:
    """A bar on stderr, on a terminal only: a pipe or a log file gets nothing.

    Args:
        description: What is being done; `update` may change it.
        shown: False for no bar at all.
        file: Stream to write to, if not stderr.

    Example:
        >>> with ProgressBar("Evaluating") as bar:
        ...     for done in range(3):
        ...         bar.update(done + 1, 3)
    """

    def __init__(self, description="", *, shown=True, file=None):
        self._description, self._shown, self._file = description, shown, file

    def __enter__(self):
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
        from rich.progress import TimeRemainingColumn as TimeLeft

        console = Console(stderr=True, file=self._file)
        columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeLeft()
        shown = self._shown and console.is_terminal
        self._bar = Progress(*columns, console=console, transient=True, disable=not shown)
        self._bar.start()
        self._task = self._bar.add_task(_plain(self._description), total=None)
        return self

    def update(self, done, total, description=None):
        """Show `done` of `total`, in any unit."""
        name = {} if description is None else {"description": _plain(description)}
        self._bar.update(self._task, completed=done, total=total, **name)

    def over(self, items):
        """Yield the items of a list, and move the bar after each."""
        for done, item in enumerate(items):
            self.update(done, len(items))
            yield item

    def __exit__(self, *error):
        self._bar.stop()


def _plain(text):
    """A text without Rich's markup and without characters that no console can encode."""
    from rich.markup import escape

    return escape(text.encode(errors="backslashreplace").decode())
