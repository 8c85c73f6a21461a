"""Words on a command line: what is meant is said in one line."""

import pytest

from keras_pisr.cli.main import main
from keras_pisr.cli.words import check_sizes


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("exprot plain_sr_x2_small", "Did you mean export?"),
        ("train", "To train, run python recipes/pisr_x2.py"),
        ("latency F --size 640", "needs HEIGHT WIDTH, two numbers of px; got 640."),
        ("export F --size 640x360 --out a.tflite", "are: --size 360 640\n"),
        ("export F --size", "got nothing."),
        ("export F --size 8 8 --size 9 --threads 2", "got 9."),
    ],
)
def test_a_mistake_is_explained_in_one_line(line, message, capsys):
    assert main(line.split()) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize("line", ["--size 8 9", "--size 8 9 --size 3 4 F", "--sizes 8", ""])
def test_sizes_that_are_whole_pass(line):
    check_sizes(line.split())
