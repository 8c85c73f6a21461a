"""Enlarges one frame of a video, in the planes in which videos are stored."""

import numpy as np

from keras_pisr.data.images.resize import resize
from keras_pisr.inference.image import TILE, upscale

# FFmpeg's numbers.
STUDIO_RANGE, FULL_RANGE = 1, 2
BT601 = 6
_420 = ("yuv420p", "yuvj420p")


def has_full_range(frame):
    """Whether luma goes from 0 to 255, not from 16 to 235. RGB is converted to studio range."""
    name = frame.format.name
    return not frame.format.is_rgb and (
        frame.color_range == FULL_RANGE or name.startswith(("yuvj", "gray"))
    )


def enlarge_frame(net, frame, full, rotation=0, *, tile=TILE):
    """Enlarge a frame: luma by the network, chroma by bicubic.

    8-bit 4:2:0 is used as stored. Other formats become 8-bit 4:4:4 first, RGB by BT.601;
    transparency is dropped. Chroma samples are taken to lie between their luma pixels.

    Args:
        net: A `Network`.
        frame: `av.VideoFrame`.
        full: As `has_full_range` says.
        rotation: Degrees to the left, a multiple of 90, by which to turn it upright.
        tile: As for `upscale`.

    Returns:
        `av.VideoFrame` in yuv420p, without a time. Sides are even: an odd side gets its last row or
        column twice.

    """
    share = 2 if frame.format.name in _420 else 1
    planes = frame if share == 2 else _as_444(frame, full)
    luma, *chroma = (np.rot90(_pixels(plane), rotation // 90) for plane in planes.planes)
    luma = _enlarged_luma(net, np.ascontiguousarray(luma), full, tile)
    odd = [side % 2 for side in luma.shape]
    height, width = (side + more for side, more in zip(luma.shape, odd, strict=True))
    result = type(frame)(width, height, "yuv420p")
    _pixels(result.planes[0])[...] = np.pad(luma, [(0, more) for more in odd], mode="edge")
    for plane, target in zip(chroma, result.planes[1:], strict=True):
        size = [-(-side * net.scale * share // 2) for side in plane.shape]
        _pixels(target)[...] = resize(plane, size)[: height // 2, : width // 2]
    return result


def has_alpha(frame, track):
    """Whether a video has transparency, in its frames or (VP8, VP9) beside them."""
    beside = track.metadata.get("alpha_mode", track.metadata.get("ALPHA_MODE", "0"))
    return any(part.is_alpha for part in frame.format.components) or beside == "1"


def _as_444(frame, full):
    matrix = {"dst_colorspace": "ITU601"} if frame.format.is_rgb else {}
    return frame.reformat(
        format="yuv444p", dst_color_range=FULL_RANGE if full else STUDIO_RANGE, **matrix
    )


def _enlarged_luma(net, luma, full, tile):
    if not full:
        return upscale(net, luma, tile=tile)
    studio = luma * np.float32(219 / 255**2) + np.float32(16 / 255)
    large = (upscale(net, studio, tile=tile) * 255 - 16) * np.float32(255 / 219)
    return np.clip(large + 0.5, 0, 255).astype(np.uint8)


def _pixels(plane):
    """A view `(height, width)` of a plane, whose stored rows may be longer."""
    rows = np.frombuffer(plane, np.uint8, plane.height * plane.line_size)
    return rows.reshape(plane.height, -1)[:, : plane.width]
