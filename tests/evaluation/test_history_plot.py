"""Learning curves are drawn for one run and for several."""

import sys

import pytest
from PIL import Image

from keras_pisr.evaluation.history_plot import plot_history

RUN = {"loss": [3.0, 2.0, 1.5], "val_loss": [3.2, 2.5, 2.1], "psnr": [20.0, 22.0, 23.0]}


@pytest.fixture
def plotted(monkeypatch):
    """Lines drawn, as (panel, label, values)."""
    axes = pytest.importorskip("matplotlib.axes")
    lines = []
    plot = axes.Axes.plot

    def spy(self, x, y, *args, **kwargs):
        lines.append((kwargs["label"], list(x), list(y)))
        return plot(self, x, y, *args, **kwargs)

    monkeypatch.setattr(axes.Axes, "plot", spy)
    return lines


def test_one_run_has_a_line_for_every_quantity(tmp_path, plotted):
    plot_history(RUN, tmp_path / "curves.png")
    assert plotted == [
        (None, [1, 2, 3], RUN["loss"]),
        ("val", [1, 2, 3], RUN["val_loss"]),
        (None, [1, 2, 3], RUN["psnr"]),
    ]
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > picture.height


def test_runs_carry_their_labels(tmp_path, plotted):
    class History:
        history = {"loss": [1.0]}

    plot_history({"teacher": History(), "student": RUN}, tmp_path / "curves.svg")
    labels = [label for label, _, _ in plotted]
    assert labels == ["teacher", "student", "student val", "student"]
    assert b"<svg" in (tmp_path / "curves.svg").read_bytes()


@pytest.mark.parametrize("nothing", [{}, {"student": {}}])
def test_nothing_logged_is_an_error(tmp_path, nothing):
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="at least one epoch"):
        plot_history(nothing, tmp_path / "curves.png")


def test_without_matplotlib_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"keras-pisr\[recipes\]"):
        plot_history(RUN, tmp_path / "curves.png")
