"""A bar on a terminal, and nothing in a pipe."""

import os
import subprocess
import sys

import pytest

from keras_pisr.console.progress_bar import ProgressBar


def test_in_a_pipe_there_is_nothing(capsys):
    with ProgressBar("Working") as bar:
        assert list(bar.over([4, 5])) == [4, 5]
        bar.update(1, 2, "[red]odd \udcff name[/red]")
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize("shown", [True, False])
def test_on_a_terminal_it_shows_the_share_unless_told_not_to(shown):
    code = (
        "import time\nfrom keras_pisr.console.progress_bar import ProgressBar\n"
        f"with ProgressBar('Working', shown={shown}) as bar:\n"
        "    bar.update(1, 4, '[b]name[/b]')\n    time.sleep(0.3)\n"
    )
    import pty

    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], stderr=theirs, env=env, check=True)
    os.set_blocking(ours, False)
    os.close(theirs)
    try:
        told = os.read(ours, 100_000).decode()
    except OSError:
        told = ""
    os.close(ours)
    assert ("25%" in told and "[b]name[/b]" in told) is shown
