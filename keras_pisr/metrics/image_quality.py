"""The formulas of PSNR and SSIM, one value per image, for any array namespace.

`xp` is a namespace with NumPy's names: `numpy` itself (evaluation, in float64 and without a
backend) or `keras.ops` (metrics in `fit`, in float32). Both run the same lines.
"""

import math

WINDOW = 11  # Wang et al. 2004, section III-C: an 11x11 Gaussian window ...
SIGMA = 1.5  # ... with this standard deviation, px.
K1, K2 = 0.01, 0.03  # Wang et al. 2004, section III-C.


def psnr_per_image(xp, y_true, y_pred, *, max_value, cap):
    """Peak signal-to-noise ratio of each image, in dB, at most `cap`; see `psnr`."""
    squares = xp.square(y_true - y_pred)
    # Two short means are taken instead of one long one: a naive float32 sum over a million pixels
    # (XLA on a CPU) would be wrong by more than 1e-4 dB.
    error = xp.mean(xp.mean(squares, axis=2), axis=(1, 2)) / max_value**2
    return -10.0 * xp.log10(xp.maximum(error, 10.0 ** (-cap / 10.0)))


def ssim_per_image(xp, y_true, y_pred, *, max_value):
    """Mean structural similarity of each image, in [-1, 1]; see `ssim`."""
    channels = y_true.shape[-1]
    # Variances do not change with a shift. float32 keeps them only if the values are small, so the
    # mean is subtracted.
    centre = xp.mean(y_true, axis=(1, 2, 3), keepdims=True)
    x, y = y_true - centre, y_pred - centre
    blurred = gaussian_blur(xp, xp.concatenate([x, y, x * x, y * y, x * y], axis=-1))
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = (
        blurred[..., i * channels : (i + 1) * channels] for i in range(5)
    )
    variances = mean_xx - mean_x * mean_x + mean_yy - mean_y * mean_y
    covariance = mean_xy - mean_x * mean_y
    mean_x, mean_y = mean_x + centre, mean_y + centre
    c1, c2 = (K1 * max_value) ** 2, (K2 * max_value) ** 2
    luminance = (2.0 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1)
    structure = (2.0 * covariance + c2) / (variances + c2)
    return xp.mean(xp.mean(luminance * structure, axis=2), axis=(1, 2))


def gaussian_blur(xp, images):
    """Weighted means under the SSIM window, where it fits whole.

    They are sums of shifted slices, not a convolution: on GPUs a float32 convolution may run in
    TF32, whose ten bits are too few for a variance.

    Args:
        xp: Array namespace.
        images: `(batch, height, width, channels)`, height and width at least `WINDOW`.

    Returns:
        `(batch, height - 10, width - 10, channels)`.
    """
    weights = [math.exp(-((i - WINDOW // 2) ** 2) / (2.0 * SIGMA**2)) for i in range(WINDOW)]
    weights = [weight / math.fsum(weights) for weight in weights]
    # The end of the slice that starts at `i`, counted from the back; None is the very end.
    ends = [i - WINDOW + 1 or None for i in range(WINDOW)]
    steps = list(enumerate(zip(weights, ends, strict=True)))
    images = sum(weight * images[:, i:end] for i, (weight, end) in steps)
    return sum(weight * images[:, :, i:end] for i, (weight, end) in steps)


def prepare(xp, y_true, y_pred, *, shave, max_value, round_to_8bit, smallest=1):
    """Check a pair of batches, round the prediction to 8 bit if requested, and cut the borders off.

    Args:
        xp: Array namespace.
        y_true: Reference images, `(batch, height, width, channels)`.
        y_pred: Predicted images, same shape.
        shave: Pixels removed from each side.
        max_value: Value of white.
        round_to_8bit: Whether to clip the prediction and round it to `max_value / 255`.
        smallest: Least height and width, in px, that must remain.

    Returns:
        `(y_true, y_pred)`, both `(batch, height - 2 shave, width - 2 shave, channels)`.

    Raises:
        ValueError: If the shapes differ, are not batches of images, or leave less than
            `smallest` pixels per side.
    """
    shape, other = tuple(y_true.shape), tuple(y_pred.shape)
    differ = [a != b for a, b in zip(shape, other, strict=False) if None not in (a, b)]
    if len(shape) != 4 or len(other) != 4 or any(differ):
        raise ValueError(
            "Expected y_true and y_pred of one shape (batch, height, width, channels); "
            f"got {shape} and {other}."
        )
    if shave < 0:
        raise ValueError(f"Expected shave >= 0 px; got {shave}.")
    for size in (*shape[1:3], *other[1:3]):
        if size is not None and size - 2 * shave < smallest:
            raise ValueError(
                f"Expected images of at least {smallest + 2 * shave} px per side "
                f"({smallest} px after shaving {shave} from each side); got {shape}."
            )
    if round_to_8bit:
        levels = xp.clip(y_pred * (255.0 / max_value), 0.0, 255.0)
        y_pred = xp.floor(levels + 0.5) * (max_value / 255.0)
    if shave:
        y_true = y_true[:, shave:-shave, shave:-shave]
        y_pred = y_pred[:, shave:-shave, shave:-shave]
    return y_true, y_pred
