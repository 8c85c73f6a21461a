"""Videos that are whole but odd, and videos that are not: made, or named with the cause."""

import os
from fractions import Fraction

import numpy as np
import pytest

from keras_pisr.inference.files import upscale_files
from keras_pisr.inference.network import Network
from keras_pisr.inference.video.video_file import upscale_video
from keras_pisr.inference.video.wholeness import check_whole

av = pytest.importorskip("av")


@pytest.fixture(scope="module")
def network():
    return Network(lambda luma: luma.repeat(2, axis=1).repeat(2, axis=2))


def write(path, *, times, lasting=None, codec="libx264", form="yuv420p", size=(32, 24), **options):
    """Write a clip whose frame `n` is gray of level `20 + 8 n`, up to 220; times in ms."""
    rate = options.pop("rate", 25)
    unit = options.pop("unit", Fraction(1, 1000))
    sound = options.pop("sound", None)
    with av.open(str(path), "w", options=options.pop("container", {})) as file:
        video = file.add_stream(codec, rate=rate, options=options)
        video.width, video.height, video.pix_fmt = *size, form
        video.codec_context.time_base = video.time_base = unit
        tone = file.add_stream(sound, rate=44100, layout="mono") if sound else None
        if sound:
            tone.bit_rate = 64_000
        lengths = dict(zip(times, lasting or [], strict=False))
        packets = []
        for number, time in enumerate(times):
            gray = np.full((size[1], size[0], 3), 20 + 8 * number % 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(gray).reformat(format=form)
            frame.pts, frame.time_base = time, unit
            packets += video.encode(frame)
        for packet in packets + video.encode(None):
            packet.duration = lengths.get(packet.pts, packet.duration)
            file.mux(packet)
        if sound:
            swing = (8000 * np.sin(np.arange(44_100) / 20)).astype("int16")[None]
            wave = av.AudioFrame.from_ndarray(swing, format="s16", layout="mono")
            wave.sample_rate, wave.pts = 44100, 0
            for frame in av.AudioResampler(
                format=tone.codec_context.format,
                layout="mono",
                rate=44100,
                frame_size=tone.codec_context.frame_size or None,
            ).resample(wave):
                file.mux(tone.encode(frame))
            file.mux(tone.encode(None))
    return path


def shown(path):
    """`[(second, level)]` of the frames, and how long all take."""
    with av.open(str(path)) as file:
        frames = [
            (float(frame.pts * frame.time_base), int(frame.to_ndarray(format="gray").mean()))
            for frame in file.decode(video=0)
        ]
        return frames, file.duration / av.time_base


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
@pytest.mark.parametrize("times", [[0], [0, 10_000, 20_000]])
def test_frames_that_stay_long_are_made_and_stay_as_long(network, tmp_path, suffix, times):
    codec = "libvpx" if suffix == ".webm" else "libx264"
    source = write(tmp_path / f"a{suffix}", times=times, lasting=[10_000] * 3, codec=codec)
    result = tmp_path / "b.mp4"
    upscale_video(network, source, result, crf=0)
    frames, length = shown(result)
    assert [second for second, _ in frames] == [time / 1000 for time in times]
    assert length == pytest.approx(shown(source)[1], abs=0.1)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.92, 0.99])
@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        *((".mkv", "libx264"), (".webm", "libvpx"), (".avi", "mpeg4"), (".flv", "flv")),
        *((".wmv", "wmv2"), (".mp4", "libx264")),
    ],
)
def test_a_file_that_is_cut_short_is_named(network, tmp_path, suffix, codec, kept):
    start = {"container": {"movflags": "faststart"}} if suffix == ".mp4" else {}
    unit = {} if suffix != ".avi" else {"unit": Fraction(1, 25)}
    times = range(50) if unit else range(0, 2000, 40)
    source = write(tmp_path / f"a{suffix}", times=times, codec=codec, **start, **unit)
    assert check_whole(source)
    content = source.read_bytes()
    source.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match=rf"a\{suffix}.* (cut short|as a video|damaged)"):
        upscale_video(network, source, tmp_path / "b.mkv")
    assert os.listdir(tmp_path) == [source.name]


def test_a_streamed_file_that_says_no_size_is_read_to_its_end(network, tmp_path):
    live = {"container": {"live": "1"}}
    source = write(tmp_path / "a.mkv", times=range(0, 2000, 40), **live)
    assert not check_whole(source)
    upscale_video(network, source, tmp_path / "b.mkv")
    content = source.read_bytes()
    source.write_bytes(content[:-20])
    with pytest.raises(ValueError, match="cut short"):
        check_whole(source)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_frames_of_an_avi_come_in_the_order_in_which_they_are_shown(network, tmp_path, codec):
    source = write(tmp_path / "a.avi", times=range(20), unit=Fraction(1, 25), codec=codec, bf="3")
    upscale_video(network, source, tmp_path / "b.mkv", crf=0)
    frames, _ = shown(tmp_path / "b.mkv")
    assert [second for second, _ in frames] == pytest.approx([n / 25 for n in range(20)], abs=0.045)
    levels = [level for _, level in frames]
    assert levels == sorted(levels) and len(set(levels)) >= 18


def samples(path):
    """What a video's sound is decoded to, in 16 bit, and where it begins."""
    with av.open(str(path)) as file:
        to_16_bit = av.AudioResampler(format="s16", layout="mono", rate=44100)
        frames = list(file.decode(audio=0))
        sound = [part.to_ndarray() for frame in frames for part in to_16_bit.resample(frame)]
        return np.concatenate(sound, axis=1)[0], float(frames[0].pts * frames[0].time_base)


@pytest.mark.parametrize(
    ("suffix", "codec", "sound"),
    [
        (".avi", "mpeg4", "pcm_alaw"),
        (".avi", "mpeg4", "adpcm_ms"),
        (".wmv", "wmv2", "wmav2"),
        (".flv", "flv", "adpcm_swf"),
    ],
)
def test_sound_that_cannot_be_copied_is_written_without_further_loss(
    network, tmp_path, suffix, codec, sound
):
    unit = Fraction(1, 25) if suffix == ".avi" else Fraction(1, 1000)
    times = range(10) if suffix == ".avi" else range(0, 400, 40)
    source = write(tmp_path / f"a{suffix}", times=times, codec=codec, sound=sound, unit=unit)
    report = upscale_files(network, [source], tmp_path / "out")
    assert report.notes[source] == (
        f"its sound ({sound}) cannot be copied to .mkv and is written as FLAC",
    )
    (before, start), (after, later) = samples(source), samples(tmp_path / "out" / "a.mkv")
    np.testing.assert_array_equal(after, before)
    assert later == pytest.approx(start, abs=0.05) and np.ptp(before) > 1000


def test_sound_of_an_unknown_codec_is_named(network, tmp_path):
    source = write(tmp_path / "a.mp4", times=[0, 40], sound="aac")
    content = source.read_bytes().replace(b"mp4a", b"zzz9").replace(b"esds", b"zzz8")
    source.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.mp4.* no place for sound \(of an unknown codec\)"):
        upscale_video(network, source, tmp_path / "b.mkv")


@pytest.mark.parametrize(
    ("suffix", "codec", "form"),
    [(".mov", "qtrle", "argb"), (".mkv", "ffv1", "yuva420p"), (".webm", "libvpx-vp9", "yuva420p")],
)
def test_transparency_that_is_left_out_is_said(network, tmp_path, suffix, codec, form):
    source = write(tmp_path / f"a{suffix}", times=[0, 40], codec=codec, form=form)
    report = upscale_files(network, [source], tmp_path / "out")
    assert list(report.written) == [source]
    assert "transparency is left out" in report.notes[source][0]


def test_a_codec_that_nobody_knows_is_named_and_the_others_are_made(network, tmp_path):
    source = write(tmp_path / "a.mp4", times=[0, 40])
    source.write_bytes(source.read_bytes().replace(b"avc1", b"zzz9"))
    write(tmp_path / "b.mp4", times=[0, 40])
    report = upscale_files(network, [tmp_path], tmp_path / "out")
    assert list(report.written) == [tmp_path / "b.mp4"]
    assert "FFmpeg does not know the codec" in report.failed[source]


@pytest.mark.parametrize("size", [(8200, 16), (16, 8200)])
def test_a_result_beyond_h264_says_so(network, tmp_path, size):
    source = write(tmp_path / "a.mkv", times=[0], size=size, codec="ffv1")
    with pytest.raises(ValueError, match="16400.* H.264.* allows 16384 px"):
        upscale_video(network, source, tmp_path / "b.mp4")
