"""Copies sound and subtitles to the result, packet by packet, if its format holds them."""

import io
from fractions import Fraction

# Suffixes that a result may have, and FFmpeg's names of the formats.
FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
KEPT = ("language", "title")


class CopiedTracks:
    """The sound and the subtitles of a video, which are copied to the result.

    Sound that the result's format does not hold (WMA, for instance) is decoded, and written as
    FLAC, which loses nothing more.

    Args:
        file: Opened video.
        result: Container of the result, without anything written to it.
        source: Path of the video.
        target: Path of the result.
        notes: List that gets a sentence for sound that is not copied as it is.

    Attributes:
        indices: Numbers of the tracks in `file`.

    Raises:
        ValueError: If the result's format does not hold a track; the error names the track and a
            format that holds it.
    """

    def __init__(self, file, result, source, target, notes):
        self._result, self._writers, self._copies = result, {}, {}
        for track in (*file.streams.audio, *file.streams.subtitles):
            copy = _add(result, track)
            if copy is None:
                copy = _add_flac(result, track)
                if copy is None:
                    raise ValueError(_not_held(track, source, target))
                self._writers[track.index] = _Writer(copy)
                notes.append(
                    f"its sound ({track.codec_context.name}) cannot be copied to {target.suffix} "
                    "and is written as FLAC"
                )
            copy_metadata(track, copy, KEPT)
            copy.disposition = track.disposition
            self._copies[track.index] = copy
        self.indices = tuple(self._copies)

    def write(self, packet):
        """Copy a packet of one of the tracks."""
        writer = self._writers.get(packet.stream.index)
        if writer is not None:
            for frame in packet.decode():
                self._result.mux(writer.encode(frame))
        elif packet.size:  # At the end, each track sends an empty packet.
            packet.stream = self._copies[packet.stream.index]
            self._result.mux(packet)

    def close(self):
        """Write the remaining packets of the sound encoders."""
        for writer in self._writers.values():
            self._result.mux(writer.encode(None))


class _Writer:
    """Turns decoded sound into packets of FLAC."""

    def __init__(self, track):
        self._track, self._resampler, self._sample = track, None, None

    def encode(self, frame):
        """Packets of a frame; for None, the remaining packets."""
        import av

        if self._resampler is None:
            if frame is None:
                return self._track.encode(None)
            codec = self._track.codec_context
            self._resampler = av.AudioResampler(
                format=codec.format,
                layout=codec.layout,
                rate=codec.sample_rate,
                frame_size=codec.frame_size or None,
            )
            # Times are counted from the start of the sound, because an encoder does not accept
            # gaps.
            start = 0 if frame.pts is None else frame.pts * frame.time_base
            self._sample = round(start * codec.sample_rate)
        packets = []
        for part in self._resampler.resample(frame):
            part.pts, part.time_base = self._sample, Fraction(1, part.sample_rate)
            self._sample += part.samples
            packets += self._track.encode(part)
        return packets if frame is not None else packets + self._track.encode(None)


def copy_metadata(source, result, keys):
    """Copy texts such as the language of a track, if there are any."""
    result.metadata.update({key: source.metadata[key] for key in keys if key in source.metadata})


def _add(result, track):
    import av

    try:
        return result.add_stream_from_template(track, opaque=True)
    # A codec that FFmpeg does not know raises an AttributeError.
    except (av.FFmpegError, ValueError, AttributeError):
        return None


def _add_flac(result, track):
    import av

    if track.type != "audio" or track.codec_context is None:
        return None
    try:
        copy = result.add_stream("flac", rate=track.rate, layout=track.layout.name)
        copy.codec_context.format = "s16"
        return copy
    except (av.FFmpegError, ValueError):
        return None


def _not_held(track, source, target):
    import av

    codec = track.codec_context.name if track.codec_context else "of an unknown codec"
    kind = "sound" if track.type == "audio" else "subtitles"
    holders = []
    for suffix, form in FORMATS.items():
        with av.open(io.BytesIO(), "w", format=form) as trial:
            if _add(trial, track) is not None:
                holders.append(suffix)
    advice = (
        f"Try {holders[-1]}"
        if holders
        else "None of the formats written here does: convert the track first, or leave it out"
    )
    return (
        f"{target.suffix} does not hold all tracks of {source}: it has no place for {kind} "
        f"({codec}). {advice}."
    )
