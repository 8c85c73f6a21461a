"""Videos enlarged frame by frame: luma by the network, chroma by bicubic, the sound copied."""

from contextlib import contextmanager
from pathlib import Path

from keras_pisr.atomic import atomic_path
from keras_pisr.data.images.decoder import MAX_PIXELS
from keras_pisr.inference.image import TILE
from keras_pisr.inference.network import as_network
from keras_pisr.inference.video.video_frame import (
    BT601,
    FULL_RANGE,
    STUDIO_RANGE,
    enlarge_frame,
    has_full_range,
)

# What a result may be called, and FFmpeg's name for it; other videos become Matroska.
FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
SUFFIXES = (*FORMATS, ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv")
CRF = 18
# A file is data: playlists, which name other files, are not among these, nor are networks.
_READ = {
    "format_whitelist": "mov,mp4,matroska,webm,avi,mpeg,mpegts,asf,flv",
    "protocol_whitelist": "file",
}


def upscale_video(
    model, source, target, *, crf=CRF, max_pixels=MAX_PIXELS, tile=TILE, on_progress=None
):
    """Enlarge a video by the model's factor.

    The network makes the luma plane, in the studio range it was trained on (full range is mapped
    there and back); the chroma planes are bicubic. Written is H.264, 8 bit, 4:2:0, with the
    times and the colour metadata of the original; rotation is applied. Audio and subtitles are
    copied. One frame is enlarged at a time; the encoder holds some fifty.

    Args:
        model: As for `upscale`.
        source: Path of a video; its first or default picture track is taken.
        target: Path of the result: .mp4, .m4v, .mov or .mkv. It appears whole or not at all.
        crf: Quality of libx264: 0 is lossless, 18 hard to tell from it, 51 the worst.
        max_pixels: Refuse larger frames before they are decoded.
        tile: As for `upscale`.
        on_progress: Called with the share that is done, after each frame.

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
    """Pixels of all frames, by the header; 0 if it cannot be read."""
    try:
        with _opened(path) as (_, track):
            return track.width * track.height * _count(track)
    except (ValueError, OSError, ImportError):
        return 0


def enlarge(net, source, target, *, crf=CRF, max_pixels=MAX_PIXELS, tile=TILE, notes=None):
    """`upscale_video` with a `Network`; yields the share that is done."""
    source, target = Path(source), Path(target)
    if target.suffix.lower() not in FORMATS:
        raise ValueError(f"A video is written as {', '.join(FORMATS)}; got {target.name}.")
    if not 0 <= crf <= 51:
        raise ValueError(f"Expected crf between 0 and 51; got {crf}.")
    av = _import_av()
    with _opened(source, max_pixels) as (file, track):
        first = next(file.decode(track), None)
        if first is None:
            raise ValueError(f"Cannot read {source} as a video: it holds no frame.")
    full = has_full_range(first)
    form = FORMATS[target.suffix.lower()]
    with (
        _opened(source, max_pixels) as (file, track),
        atomic_path(target) as temporary,
        av.open(str(temporary.resolve()), "w", format=form) as result,
    ):
        _copy_metadata(file, result, ("title", "artist", "date", "comment", "creation_time"))
        video = _add_video(result, track, first, full, net.scale, crf)
        copies = {}
        try:
            for stream in (*file.streams.audio, *file.streams.subtitles):
                copies[stream.index] = result.add_stream_from_template(stream, opaque=True)
                _copy_metadata(stream, copies[stream.index], ("language", "title"))
                copies[stream.index].disposition = stream.disposition
            result.start_encoding()
        except (av.FFmpegError, ValueError) as error:
            raise ValueError(
                f"{target.suffix} does not hold all tracks of {source} ({error}). Try .mkv."
            ) from error
        done, total, end = 0, _count(track), 0.0
        for packet in file.demux(track, *(file.streams[index] for index in copies)):
            if packet.is_corrupt:
                raise ValueError(f"{source} is damaged {_place(packet)}.")
            if packet.pts is not None:
                end = max(end, float(packet.pts * packet.time_base))
            if packet.stream_index in copies:
                if packet.size:  # At the end, each track sends an empty one.
                    packet.stream = copies[packet.stream_index]
                    result.mux(packet)
                continue
            for frame in packet.decode():
                if (frame.width, frame.height) != (first.width, first.height):
                    raise ValueError(f"The frames of {source} change their size.")
                large = enlarge_frame(net, frame, full, first.rotation, tile=tile)
                result.mux(video.encode(large))
                done += 1
                yield min(done / total, 1.0)
        result.mux(video.encode(None))
        # The last packet begins before the end, and headers are not exact.
        if file.duration and end < 0.9 * file.duration / av.time_base - 1:
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
        # A whole path, for "concat:x" is no name of a file to FFmpeg.
        with av.open(str(path.resolve()), options=_READ) as file:
            track = file.streams.best("video")
            if track is None:
                raise ValueError(f"Cannot read {path} as a video: it has no pictures.")
            if track.width * track.height > max_pixels:
                raise ValueError(
                    f"{path}: frames of {track.width}x{track.height} px are more than the "
                    f"{max_pixels} allowed; raise max_pixels if you trust the file."
                )
            # Also for frames that are larger than the header says.
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


def _copy_metadata(source, result, keys):
    result.metadata.update({key: source.metadata[key] for key in keys if key in source.metadata})


def _add_video(result, track, first, full, scale, crf):
    video = result.add_stream("libx264", rate=track.average_rate, options={"crf": str(crf)})
    lying = first.rotation % 180 != 0
    sides = (first.height, first.width) if lying else (first.width, first.height)
    codec = video.codec_context
    # 4:2:0 has whole chroma samples: an odd side (x3) gets one px more.
    codec.width, codec.height = (side * scale + side * scale % 2 for side in sides)
    codec.pix_fmt = "yuv420p"
    # Times are kept, not counted: the rate may vary.
    codec.time_base = video.time_base = track.time_base
    aspect = track.sample_aspect_ratio
    if aspect:
        codec.sample_aspect_ratio = 1 / aspect if lying else aspect
    codec.color_range = FULL_RANGE if full else STUDIO_RANGE
    codec.colorspace = BT601 if first.format.is_rgb else first.colorspace
    codec.color_primaries, codec.color_trc = first.color_primaries, first.color_trc
    _copy_metadata(track, video, ("language", "title"))
    return video
