import io

import pytest
from rich.console import Console

from keras_pisr.callbacks import Progress
from keras_pisr.callbacks.progress import clock
from tests.distillers.small import alone, pairs

pytestmark = pytest.mark.core


def test_prints_a_line_an_epoch_with_logs_and_time_left():
    distiller = alone()
    distiller.compile("sgd", loss="mae")
    text = io.StringIO()
    progress = Progress("student", steps_per_epoch=2, console=Console(file=text, width=200))
    distiller.fit(
        *pairs(), batch_size=2, epochs=3, initial_epoch=1, verbose=0, callbacks=[progress]
    )
    lines = text.getvalue().splitlines()
    assert [line.split("  ")[0] for line in lines] == ["student 2/3", "student 3/3"]
    assert "loss 0." in lines[0]
    assert "steps/s" in lines[0]
    assert lines[1].endswith("0:00:00 left of student")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (59.6, "0:01:00"), (3725, "1:02:05")]
)
def test_clock_shows_hours_minutes_seconds(seconds, text):
    assert clock(seconds) == text
