"""Videos enlarged: pictures by the network, times and sound as they were."""

import struct
from fractions import Fraction

import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.data.images.resize import upscale as bicubic
from keras_pisr.inference.files import upscale_files
from keras_pisr.inference.network import Network
from keras_pisr.inference.video.video_file import upscale_video, video_size
from tests.inference.video.clips import TIMES, av, frames, names, planes, sound, write


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_frames_are_enlarged_and_the_rest_is_kept(network, tmp_path, suffix):
    colours = {"colorspace": 1, "color_primaries": 1, "color_trc": 1, "color_range": 1}
    source = write(tmp_path / f"a{suffix}", sample_aspect_ratio=Fraction(4, 3), **colours)
    result = tmp_path / f"b{suffix}"
    upscale_video(network, source, result, crf=0)
    before, after = frames(source), frames(result)
    assert len(after) == len(TIMES)
    # Matroska keeps no negative times: its muxer moves all tracks by the same.
    start = sound(result)[0][1] - sound(source)[0][1]
    assert [f.pts * f.time_base - start for f in after] == [f.pts * f.time_base for f in before]
    for small, large in zip(before, after, strict=True):
        assert (large.width, large.height, large.format.name) == (32, 24, "yuv420p")
        luma, *chroma = planes(large)
        wanted = kp.upscale(network, planes(small)[0].copy())
        np.testing.assert_array_equal(luma, wanted)
        for plane, old in zip(chroma, planes(small)[1:], strict=True):
            np.testing.assert_array_equal(plane, bicubic(old, 2))
        for name in colours:
            assert getattr(large, name) == 1
    assert [data for data, _ in sound(result)] == [data for data, _ in sound(source)]
    with av.open(str(result)) as file:
        assert file.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_full_range_is_mapped_to_what_the_network_knows_and_back(network, tmp_path):
    source = write(tmp_path / "a.mp4", color_range=2)
    upscale_video(network, source, tmp_path / "b.mp4", crf=0)
    for small, large in zip(frames(source), frames(tmp_path / "b.mp4"), strict=True):
        assert large.color_range == 2
        gray = planes(small)[0][..., None].repeat(3, axis=2)
        # Gray RGB is this very conversion.
        wanted = kp.upscale(network, gray)[..., 0]
        assert np.abs(planes(large)[0].astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("form", ["yuv444p", "yuv422p", "yuv420p10le", "gray"])
def test_other_formats_give_nearly_the_same_luma(network, tmp_path, form):
    source = write(tmp_path / "a.mkv", form=form, codec="ffv1", sound=False, times=TIMES[:2])
    upscale_video(network, source, tmp_path / "b.mkv", crf=0)
    for small, large in zip(frames(source), frames(tmp_path / "b.mkv"), strict=True):
        if form == "gray":
            gray = planes(small)[0][..., None].repeat(3, axis=2)
            wanted = kp.upscale(network, gray)[..., 0]
        elif form == "yuv420p10le":
            deep = np.frombuffer(small.planes[0], np.uint16).reshape(12, -1)[:, :16]
            wanted = kp.upscale(network, np.clip(deep / 1020, 0, 1).astype("float32")) * 255
        else:
            wanted = kp.upscale(network, planes(small)[0].copy())
        assert np.abs(planes(large)[0] - wanted.astype(float)).max() <= 2


def test_rgb_agrees_with_the_image(network, tmp_path):
    source = write(tmp_path / "a.mkv", form="bgr0", codec="ffv1", sound=False, times=TIMES[:2])
    upscale_video(network, source, tmp_path / "b.mkv", crf=0)
    for small, large in zip(frames(source), frames(tmp_path / "b.mkv"), strict=True):
        blue, green, red = (planes_of_bgr0(small)[..., i] for i in range(3))
        y = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255
        wanted = kp.upscale(network, np.round(y).astype("uint8"))
        assert np.abs(planes(large)[0].astype(int) - wanted).max() <= 3
        assert large.colorspace == 6


def planes_of_bgr0(frame):
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(frame.height, plane.line_size)
    return rows[:, : 4 * frame.width].reshape(frame.height, frame.width, 4).astype(float)


def test_odd_sides_are_made_even(tmp_path):
    source = write(tmp_path / "a.mkv", codec="ffv1", size=(15, 11), sound=False, times=[0])
    triple = Network(lambda luma: luma.repeat(3, axis=1).repeat(3, axis=2))
    upscale_video(triple, source, tmp_path / "b.mkv", crf=0)
    (small,), (large,) = frames(source), frames(tmp_path / "b.mkv")
    luma = planes(large)[0]
    assert luma.shape == (34, 46)
    np.testing.assert_array_equal(luma[:33, :45], planes(small)[0].repeat(3, 0).repeat(3, 1))
    np.testing.assert_array_equal(luma[33], luma[32])


@pytest.mark.parametrize(("matrix", "turns"), [((0, 1, -1, 0), 3), ((-1, 0, 0, -1), 2)])
def test_rotation_is_applied(network, tmp_path, matrix, turns):
    source = write(tmp_path / "a.mp4", sound=False, times=[0])
    data = bytearray(source.read_bytes())
    # The matrix of the track: four numbers of 16.16 bits, each row followed by a zero.
    at = data.index(b"tkhd") + 44
    a, b, c, d = (value * 65536 for value in matrix)
    data[at : at + 20] = struct.pack(">5i", a, b, 0, c, d)
    source.write_bytes(data)
    upscale_video(network, source, tmp_path / "b.mp4", crf=0)
    (small,), (large,) = frames(source), frames(tmp_path / "b.mp4")
    assert large.rotation == 0
    wanted = kp.upscale(network, np.rot90(planes(small)[0], turns).copy())
    np.testing.assert_array_equal(planes(large)[0], wanted)


def test_a_folder_mixes_images_and_videos(network, tmp_path):
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "a.mp4")
    write(tmp_path / "in" / "b.avi", codec="ffv1", sound=False, times=[0, 1])
    kp.data.write_image(tmp_path / "in" / "c.png", np.zeros((4, 4, 3), "uint8"))
    (tmp_path / "in" / "d.mp4").write_bytes(b"no video")
    calls = []
    report = upscale_files(
        network,
        [tmp_path / "in"],
        tmp_path / "out",
        suffix="_x2",
        on_progress=lambda *a: calls.append(a),
    )
    assert names(tmp_path / "out") == ["a_x2.mp4", "b_x2.mkv", "c_x2.png"]
    assert list(report.failed) == [tmp_path / "in" / "d.mp4"]
    assert len(frames(tmp_path / "out" / "b_x2.mkv")) == 2
    assert video_size(tmp_path / "in" / "a.mp4") == 16 * 12 * 8
    shares = [done for _, done, _ in calls]
    assert shares == sorted(shares) and shares[-1] == calls[0][2] and len(set(shares)) > 8
    again = upscale_files(network, [tmp_path / "in"], tmp_path / "out", suffix="_x2")
    assert len(again.skipped) == 3
    with pytest.raises(ValueError, match="cannot become x.png"):
        upscale_files(network, [tmp_path / "in" / "a.mp4"], tmp_path / "x.png")
    with pytest.raises(ValueError, match="cannot become x.webm"):
        upscale_files(network, [tmp_path / "in" / "a.mp4"], tmp_path / "x.webm")


def test_subtitles_are_copied_where_the_format_holds_them(network, tmp_path):
    with av.open(str(write(tmp_path / "a.mp4"))) as file, av.open(f"{tmp_path}/b.mkv", "w") as out:
        track = out.add_stream_from_template(file.streams.video[0])
        text = out.add_mux_stream("subrip")
        text.metadata["language"] = "fin"
        for packet in file.demux(video=0):
            if packet.size:
                packet.stream = track
                out.mux(packet)
        words = av.Packet(b"Hei")
        words.stream, words.time_base = text, Fraction(1, 1000)
        words.pts = words.dts = 100
        words.duration = 200
        out.mux(words)
    upscale_video(network, tmp_path / "b.mkv", tmp_path / "c.mkv")
    with av.open(str(tmp_path / "c.mkv")) as file:
        (text,) = file.streams.subtitles
        assert text.language == "fin"
        (words,) = (packet for packet in file.demux(text) if packet.size)
        assert (bytes(words), words.pts, words.duration) == (b"Hei", 100, 200)
    with pytest.raises(ValueError, match="mp4 does not hold all tracks of .*b.mkv.* Try .mkv"):
        upscale_video(network, tmp_path / "b.mkv", tmp_path / "c.mp4")
    assert names(tmp_path) == ["a.mp4", "b.mkv", "c.mkv"]
