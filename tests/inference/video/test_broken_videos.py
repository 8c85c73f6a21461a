"""Videos and requests that cannot be done are named, and nothing is left behind."""

import sys

import pytest

from keras_pisr.inference.files import upscale_files
from keras_pisr.inference.video.video_file import upscale_video
from tests.inference.video.clips import names, write


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_run_that_ends_early_leaves_what_was_there(network, tmp_path, error):
    source, result = write(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    result.write_bytes(b"mine")

    def stop(share):
        if share > 0.5:
            raise error

    with pytest.raises(error):
        upscale_video(network, source, result, on_progress=stop)
    assert names(tmp_path) == ["a.mp4", "b.mp4"] and result.read_bytes() == b"mine"


@pytest.mark.parametrize("damage", ["empty", "header", "zeros", "no end", "cut Matroska"])
def test_a_damaged_file_is_named_and_nothing_written(network, tmp_path, damage):
    suffix = ".mkv" if "Matroska" in damage else ".mp4"
    source = write(
        tmp_path / f"a{suffix}",
        sound=False,
        times=range(0, 4000, 40),
        container={"movflags": "faststart"} if damage == "no end" else {},
    )
    data = source.read_bytes()
    if damage == "zeros":
        # The table of contents stays; the pictures are gone.
        start = data.index(b"mdat") + 4
        data = data[:start] + bytes(2000) + data[start + 2000 :]
    else:
        kept = {"empty": 0, "header": 60}.get(damage, len(data) // 2)
        data = data[:kept]
    source.write_bytes(data)
    with pytest.raises(ValueError, match=source.name):
        upscale_video(network, source, tmp_path / "b.mp4")
    assert names(tmp_path) == [source.name]


def test_a_playlist_that_names_other_files_is_no_video(network, tmp_path):
    write(tmp_path / "secret.mp4")
    (tmp_path / "a.mp4").write_text("ffconcat version 1.0\nfile secret.mp4\n")
    with pytest.raises(ValueError, match="a.mp4"):
        upscale_video(network, tmp_path / "a.mp4", tmp_path / "b.mp4")


def test_requests_that_cannot_be_done_say_so(network, tmp_path):
    source = write(tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="16x12 px are more than the 100"):
        upscale_video(network, source, tmp_path / "b.mp4", max_pixels=100)
    with pytest.raises(ValueError, match="written as .mp4"):
        upscale_video(network, source, tmp_path / "b.webm")
    with pytest.raises(ValueError, match="crf"):
        upscale_video(network, source, tmp_path / "b.mp4", crf=60)
    with pytest.raises(FileNotFoundError, match="gone"):
        upscale_video(network, tmp_path / "gone.mp4", tmp_path / "b.mp4")
    assert names(tmp_path) == ["a.mp4"]


def test_without_pyav_the_extra_is_named(network, tmp_path, monkeypatch):
    source = write(tmp_path / "a.mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match=r"pip install 'keras-pisr\[video\]'"):
        upscale_video(network, source, tmp_path / "b.mp4")
    report = upscale_files(network, [source], tmp_path / "out")
    assert "keras-pisr[video]" in report.failed[source]
