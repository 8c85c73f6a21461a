"""Clips of noise, and what is in a video file."""

import os
from fractions import Fraction

import numpy as np
import pytest

av = pytest.importorskip("av")

# The rate varies. In units of 1/1000 s.
TIMES = [0, 40, 80, 160, 200, 300, 340, 380]


def planes(frame):
    return [
        np.frombuffer(p, np.uint8, p.height * p.line_size).reshape(p.height, -1)[:, : p.width]
        for p in frame.planes
    ]


def write(
    path,
    *,
    form="yuv420p",
    codec="libx264",
    size=(16, 12),
    sound=True,
    times=TIMES,
    container=None,
    **tags,
):
    """Write a lossless clip of noise; tags are set on the encoder."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", options=container or {}) as file:
        options = {"crf": "0"} if codec == "libx264" else {}
        video = file.add_stream(codec, rate=25, options=options)
        video.width, video.height, video.pix_fmt = *size, form
        video.codec_context.time_base = video.time_base = Fraction(1, 1000)
        for tag, value in tags.items():
            setattr(video.codec_context, tag, value)
        tone = file.add_stream("aac", rate=8000, layout="mono") if sound else None
        for time in times:
            frame = av.VideoFrame(*size, form)
            for plane in frame.planes:
                noise = rng.integers(16, 236, plane.buffer_size, "uint8")
                plane.update(noise.tobytes())
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        for start in range(0, 3072 if sound else 0, 1024):
            wave = rng.uniform(-0.5, 0.5, (1, 1024)).astype("float32")
            frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 8000, start
            file.mux(tone.encode(frame))
        if sound:
            file.mux(tone.encode(None))
    return path


def frames(path):
    with av.open(str(path)) as file:
        return list(file.decode(video=0))


def sound(path):
    with av.open(str(path)) as file:
        return [(bytes(p), p.pts * p.time_base) for p in file.demux(audio=0) if p.size]


def names(folder):
    return sorted(os.listdir(folder))
