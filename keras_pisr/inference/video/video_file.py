"""Enlarges videos frame by frame: luma by the network, chroma by bicubic, sound copied."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_pisr.atomic import atomic_path
from keras_pisr.data.images.decoder import MAX_PIXELS
from keras_pisr.inference.image import TILE
from keras_pisr.inference.network import as_network
from keras_pisr.inference.video.copied_tracks import (
    FORMATS,
    KEPT,
    CopiedTracks,
    copy_metadata,
)
from keras_pisr.inference.video.frame_times import FrameTimes
from keras_pisr.inference.video.video_frame import (
    BT601,
    FULL_RANGE,
    STUDIO_RANGE,
    enlarge_frame,
    has_alpha,
    has_full_range,
)
from keras_pisr.inference.video.wholeness import check_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import keras


# Suffixes that are read; formats that are not in `FORMATS` become Matroska.
SUFFIXES = (*FORMATS, ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv")
CRF = 18
# The largest side that H.264 can store.
_LARGEST = 16_384
# A file is data: playlists, which name other files, and network protocols are not among these.
_READ = {
    "format_whitelist": "mov,mp4,matroska,webm,avi,mpeg,mpegts,asf,flv",
    "protocol_whitelist": "file",
}


def upscale_video(
    model: str | os.PathLike[str] | keras.Model | Callable[..., Any],
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    crf: int = CRF,
    max_pixels: int = MAX_PIXELS,
    tile: int = TILE,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Enlarge a video by the model's factor.

    The network makes the luma plane, in the studio range it was trained on (full range is mapped
    there and back); the chroma planes are bicubic. The result is H.264, 8 bit, 4:2:0, with the
    times and the colour metadata of the original; rotation is applied. Audio and subtitles are
    copied. One frame is enlarged at a time; the encoder holds about fifty.

    Args:
        model: As for `upscale`.
        source: Path of a video; its first or default picture track is taken.
        target: Path of the result: .mp4, .m4v, .mov or .mkv. It appears whole or not at all.
        crf: Quality of libx264: 0 is lossless, 18 is hard to tell from lossless, 51 is the worst.
        max_pixels: Refuse larger frames before they are decoded.
        tile: As for `upscale`.
        on_progress: Called with the completed share after each frame.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If PyAV is not installed.
        ValueError: If it is no video, damaged, or cannot be held by the result's format.

    Example:
        >>> upscale_video(model, "clip.mp4", "large.mp4")  # doctest: +SKIP
    """
    net = as_network(model)
    for share in enlarge(net, source, target, crf=crf, max_pixels=max_pixels, tile=tile):
        if on_progress:
            on_progress(share)


def video_size(path):
    """Number of pixels of all frames, from the header; 0 if it cannot be read."""
    try:
        with _opened(path) as (_, track):
            return track.width * track.height * _count(track)
    # As for an image, `enlarge` reports the error.
    except Exception:  # noqa: BLE001
        return 0


def enlarge(net, source, target, *, crf=CRF, max_pixels=MAX_PIXELS, tile=TILE, notes=None):
    """`upscale_video` with a `Network`; yields the completed share."""
    source, target = Path(source), Path(target)
    if target.suffix.lower() not in FORMATS:
        raise ValueError(f"A video is written as {', '.join(FORMATS)}; got {target.name}.")
    if not 0 <= crf <= 51:
        raise ValueError(f"Expected crf between 0 and 51; got {crf}.")
    av, notes = _import_av(), [] if notes is None else notes
    with _opened(source, max_pixels) as (file, track):
        whole = check_whole(source)
        first = next(file.decode(track), None)
        if first is None:
            raise ValueError(f"Cannot read {source} as a video: it holds no frame.")
        sides = _large_sides(first, net.scale)
        if has_alpha(first, track):
            notes.append("its transparency is left out: H.264 has none")
    full = has_full_range(first)
    with (
        _opened(source, max_pixels) as (file, track),
        atomic_path(target) as temporary,
        av.open(str(temporary.resolve()), "w", format=FORMATS[target.suffix.lower()]) as result,
    ):
        copy_metadata(file, result, ("title", "artist", "date", "comment", "creation_time"))
        video = _add_video(result, track, first, full, sides, crf)
        copies = CopiedTracks(file, result, source, target, notes)
        try:
            result.start_encoding()
        except (av.FFmpegError, ValueError) as error:
            raise ValueError(
                f"{target.suffix} does not hold all tracks of {source} ({error}). Try .mkv."
            ) from error
        times, lasting = FrameTimes(file.format.name), {}

        def write(packets):
            for packet in packets:
                # The encoder does not pass on how long a frame is shown.
                packet.duration = lasting.pop(packet.pts, packet.duration)
                result.mux(packet)

        done, total, end = 0, _count(track), 0.0
        for packet in file.demux(track, *(file.streams[index] for index in copies.indices)):
            if packet.is_corrupt:
                raise ValueError(f"{source} is damaged {_place(packet)}.")
            end = max(end, _end(packet))
            # An empty packet at the end has no number.
            if packet.stream.index in copies.indices:
                copies.write(packet)
                continue
            if packet.size:
                times.packet(packet.pts if packet.dts is None else packet.dts)
            for frame in packet.decode():
                if (frame.width, frame.height) != (first.width, first.height):
                    raise ValueError(f"The frames of {source} change their size.")
                large = enlarge_frame(net, frame, full, first.rotation, tile=tile)
                large.pts = times.frame(frame.dts if frame.pts is None else frame.pts)
                large.time_base = frame.time_base
                if frame.duration:
                    lasting[large.pts] = frame.duration
                write(video.encode(large))
                done += 1
                yield min(done / total, 1.0)
        write(video.encode(None))
        copies.close()
        # The last packet may begin before the end, and headers are not exact.
        if not whole and file.duration and end < 0.9 * file.duration / av.time_base - 1:
            raise ValueError(f"{source} is cut short at {end:.1f} s.")


def _import_av():
    try:
        import av
    except ImportError as error:
        raise ImportError("Videos need PyAV. Run: pip install 'keras-pisr[video]'") from error
    return av


@contextmanager
def _opened(path, max_pixels=MAX_PIXELS):
    """`(container, picture track)`; FFmpeg's errors become a `ValueError` that names the file."""
    av, path = _import_av(), Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no video file {path}.")
    try:
        # The path is made absolute, because FFmpeg does not take "concat:x" as the name of a file.
        with av.open(str(path.resolve()), options=_READ) as file:
            track = file.streams.best("video")
            if track is None:
                raise ValueError(f"Cannot read {path} as a video: it has no pictures.")
            if track.codec_context is None:
                raise ValueError(
                    f"Cannot read {path} as a video: FFmpeg does not know the codec of its "
                    "pictures. Convert it with the program that made it."
                )
            if track.width * track.height > max_pixels:
                raise ValueError(
                    f"{path}: frames of {track.width}x{track.height} px are more than the "
                    f"{max_pixels} allowed; raise max_pixels if you trust the file."
                )
            # This limit also holds for frames that are larger than the header says.
            track.codec_context.options = {"max_pixels": str(max_pixels)}
            yield file, track
    except av.FFmpegError as error:
        raise ValueError(f"Cannot enlarge {path} as a video: {error.strerror}.") from error


def _count(track):
    seconds = float(track.duration * track.time_base) if track.duration else 0
    if not seconds and track.container.duration:
        seconds = track.container.duration / 1e6
    return max(track.frames or round(seconds * float(track.average_rate or 0)), 1)


def _place(packet):
    return f"at {float(packet.pts * packet.time_base):.2f} s" if packet.pts else "or cut short"


def _end(packet):
    if packet.pts is None:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)


def _large_sides(first, scale):
    """`(width, height)` of the result, upright."""
    lying = first.rotation % 180 != 0
    sides = (first.height, first.width) if lying else (first.width, first.height)
    # 4:2:0 needs even sides, so an odd side (x3) gets one px more.
    width, height = (side * scale + side * scale % 2 for side in sides)
    if max(width, height) > _LARGEST:
        raise ValueError(
            f"The result would have {width}x{height} px; H.264, the format of the result, allows "
            f"{_LARGEST} px per side. Use a smaller factor, or cut the video before."
        )
    return width, height


def _add_video(result, track, first, full, sides, crf):
    video = result.add_stream("libx264", rate=track.average_rate, options={"crf": str(crf)})
    codec = video.codec_context
    codec.width, codec.height = sides
    codec.pix_fmt = "yuv420p"
    # Times are copied, not counted, because the frame rate may vary.
    codec.time_base = video.time_base = track.time_base
    aspect = track.sample_aspect_ratio
    if aspect:
        codec.sample_aspect_ratio = 1 / aspect if first.rotation % 180 else aspect
    codec.color_range = FULL_RANGE if full else STUDIO_RANGE
    codec.colorspace = BT601 if first.format.is_rgb else first.colorspace
    codec.color_primaries, codec.color_trc = first.color_primaries, first.color_trc
    copy_metadata(track, video, KEPT)
    return video
