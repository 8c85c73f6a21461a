"""The large images of a set of pairs in another size."""

from keras_pisr.data.images.resize import resize


def resized_images(pairs, factor):
    """Every HR image of `pairs`, one after the other, with both sides scaled by `factor`.

    Raises:
        ValueError: If the factor is not above 0, or leaves less than one LR pixel in an image.
    """
    if factor <= 0:
        raise ValueError(f"Expected a factor above 0; got {factor}.")
    shortest = int(min(pairs.heights.min(), pairs.widths.min())) * pairs.scale
    if round(shortest * factor) < pairs.scale:
        raise ValueError(
            f"A factor of {factor} leaves less than {pairs.scale} px of an image of {shortest} "
            "px. Use a larger one."
        )
    images = (pairs.image(index)[1] for index in range(len(pairs)))
    return (resize(hr, (round(hr.shape[0] * factor), round(hr.shape[1] * factor))) for hr in images)
