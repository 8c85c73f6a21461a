"""The quality at which a JPEG file was saved, read from its header."""

import numpy as np

from keras_pisr.data.images.decoder import open_image

# Sum of the 64 steps of luma that the JPEG standard proposes (ITU-T T.81, table K.1), which libjpeg
# scales by the quality.
_SUM_OF_STEPS = 3688


def jpeg_quality(path):
    """Estimate the quality of a JPEG file on the scale of libjpeg, without decoding the file.

    The estimate is the quality at which libjpeg's steps of luma have about the same sum as those of
    the file. Other encoders have other steps, for which it says which libjpeg quality is as coarse.
    A file that was saved again keeps only its last quality.

    Args:
        path: Path of an image file.

    Returns:
        1 to 100, or None if the file is no JPEG or cannot be opened.
    """
    try:
        with open_image(path) as image:
            tables = getattr(image, "quantization", None)
    except (OSError, ValueError):
        return None
    if not tables:
        return None
    qualities = np.arange(1, 101)
    percent = np.where(qualities < 50, 5000 / qualities, 200 - 2 * qualities)
    expected = np.maximum(_SUM_OF_STEPS * percent / 100, 64)
    steps = min(sum(tables[min(tables)]), 64 * 255)
    return int(qualities[np.argmin(np.abs(expected - steps))])
