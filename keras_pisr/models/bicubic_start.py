"""Initial weights with which a network computes bicubic interpolation, or nearly."""

from __future__ import annotations

import keras
import numpy as np

from keras_pisr.models.bicubic_enlargement import phase_taps
from keras_pisr.models.carried_channels import carry, deltas, separable, shifted_inputs
from keras_pisr.models.fsrcnn import FSRCNN
from keras_pisr.models.large.carn import CARN, enlargements
from keras_pisr.models.large.idn import IDN
from keras_pisr.models.large.vdsr import VDSR
from keras_pisr.models.plain_sr import PlainSR
from keras_pisr.models.privileged_teacher import PrivilegedTeacher
from keras_pisr.models.residual_fsrcnn import ResidualFSRCNN

# Standard deviation of the last layer's taps on channels that do not carry the image. It is not
# zero, because these channels must get a gradient at once. 55 channels then add about 0.001 of
# noise.
NEARLY_SILENT = 1e-4


def keys_cubic(x):
    """Keys' cubic kernel with a = -0.5."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def upscaling_taps(scale, kernel_size=9):
    """Bicubic upscaling in one dimension, as taps of a transposed convolution, `(kernel_size,)`.

    It is exact for x2. For larger scales a sub-pixel reaches fewer input pixels than bicubic has
    weights, so its taps are the nearest ones that add up to 1.
    """
    padding, taps = (kernel_size - 1) // 2, np.zeros(kernel_size)
    pixels = np.arange(-5, 6)
    for phase in range(scale):
        places = phase + padding - scale * pixels
        reached = (places >= 0) & (places < kernel_size)
        weights = keys_cubic(pixels[reached] - ((phase + 0.5) / scale - 0.5))
        taps[places[reached]] = weights + (1 - weights.sum()) / len(weights)
    return taps


def downscaling_taps(scale, kernel_size=5):
    """Antialiased bicubic downscaling in one dimension, as far as a strided kernel reaches.

    Returns:
        `(shifts, taps)`: the shift of the input in each channel, in px, and the channel's taps,
        `(shifts, kernel_size)`, in a convolution that starts 2 pixels before the block. They are
        exact for x2; for larger scales the tails are cut.
    """
    shifts, reach = (-2, 2), kernel_size // 2
    centre = (scale - 1) / 2
    rows, targets = [], []
    for pixel in range(-2 - reach, 3 + reach):
        row = np.zeros((len(shifts), kernel_size))
        for channel, shift in enumerate(shifts):
            tap = pixel - shift + reach
            if 0 <= tap < kernel_size:
                row[channel, tap] = 1
        rows.append(row.ravel())
        targets.append(keys_cubic((pixel - centre) / scale))
    targets = np.array(targets) / np.sum(targets)
    taps = np.linalg.lstsq(np.stack(rows), targets, rcond=None)[0]
    return shifts, taps.reshape(len(shifts), kernel_size)


def subpixel_taps(values, size=3):
    """One-dimensional interpolation as shifted inputs into a convolution to sub-pixels.

    Args:
        values: `(5, scale)`: the weights of the pixels -2 to 2 in each sub-pixel.
        size: Number of taps of the convolution.

    Returns:
        `(shifts, taps)`: the shift of each channel, and its taps, `(shifts, size, scale)`.
    """
    # 3 taps reach from -1 to 1; two channels that are shifted by a pixel reach -2 and 2.
    shifts = (-1, 1)
    design = np.zeros((5, len(shifts), size))
    for channel, shift in enumerate(shifts):
        for tap in range(size):
            design[2 + shift + tap - size // 2, channel, tap] = 1
    taps = np.linalg.lstsq(design.reshape(5, -1), values, rcond=None)[0]
    return shifts, taps.reshape(len(shifts), size, -1)


def start_decoder(model, rng):
    """Start an FSRCNN as bicubic upscaling of the image, which one channel carries to the end."""
    taps = upscaling_taps(model.scale)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            size, _, inputs, _ = layer.kernel.shape
            carry(layer, deltas(1, size, inputs), rng)
    last = model.get_layer("last_layer")
    kernel = rng.normal(0, NEARLY_SILENT, last.kernel.shape)
    kernel[:, :, 0, 0] = np.outer(taps, taps)
    last.set_weights([kernel, np.zeros(1)])


def start_residual(model, rng):
    """Start a ResidualFSRCNN as bicubic upscaling: it adds bicubic minus repeated pixels."""
    pixels = np.arange(-2, 3)[:, None]
    centres = (np.arange(model.scale) + 0.5) / model.scale - 0.5
    shifts, bicubic = subpixel_taps(keys_cubic(pixels - centres))
    _, repeated = subpixel_taps(np.where(pixels == 0, 1.0, 0.0 * centres))
    n = len(shifts) ** 2
    first, *others, last = (x for x in model.layers if isinstance(x, keras.layers.Conv2D))
    if min(layer.filters for layer in (first, *others)) < n:
        raise ValueError(
            f"Bicubic upscaling by {model.scale} needs {n} channels in every block; "
            f"{model.name!r} has fewer."
        )
    carry(first, shifted_inputs(shifts, 5), rng)
    for layer in others:
        size, _, inputs, _ = layer.kernel.shape
        carry(layer, deltas(n, size, inputs), rng)
    kernel = rng.normal(0, NEARLY_SILENT, last.kernel.shape)
    # This turns (channel, tap, phase) of rows and columns into (tap, tap, channel, phase).
    taps = (np.einsum("atp,buq->tuabpq", taps, taps) for taps in (bicubic, repeated))
    carried = np.subtract(*taps).reshape(*kernel.shape[:2], n, kernel.shape[3])
    kernel[:, :, :n] = carried
    last.set_weights([kernel, np.zeros(kernel.shape[3])])


def start_plain(model, rng):
    """Start a PlainSR as bicubic upscaling, by its linear part; the rest adds nearly nothing.

    Body layers start near the identity, so that a deep body passes on the first features. Kernels
    of the first layer sum to zero. Otherwise the mean of an image, which is above zero, would
    switch half of the ReLUs off everywhere, and they would get no gradient.
    """
    pixels = np.arange(-2, 3)[:, None]
    taps = keys_cubic(pixels - ((np.arange(model.scale) + 0.5) / model.scale - 0.5))
    kernel = np.einsum("tp,uq->tupq", taps, taps).reshape(5, 5, 1, model.scale**2)
    model.get_layer("linear").set_weights([kernel])
    first, *body = (model.get_layer(f"{name}_conv") for name in model.blocks())
    carry(first, np.zeros((0, 5, 5, 1)), rng)
    kernel, bias = first.get_weights()
    first.set_weights([kernel - kernel.mean(axis=(0, 1)), bias])
    for layer in body:
        size, _, inputs, outputs = layer.kernel.shape
        carry(layer, np.zeros((0, size, size, inputs)), rng)
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel / 2 + np.moveaxis(deltas(outputs, size, inputs), 0, -1), bias])
    last = model.get_layer("residual")
    # The deviation is ten times that of FSRCNN's start, which sums four times as many channels.
    kernel = rng.normal(0, 10 * NEARLY_SILENT, last.kernel.shape)
    last.set_weights([kernel, np.zeros(last.kernel.shape[3])])


def start_beside_bicubic(model, rng):
    """Start a VDSR or IDN as bicubic upscaling: it adds nearly nothing to the enlarged image."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            size, _, inputs, _ = layer.kernel.shape
            carry(layer, np.zeros((0, size, size, inputs)), rng)
    last = model.get_layer("residual")
    kernel = rng.normal(0, NEARLY_SILENT, last.kernel.shape)
    last.set_weights([kernel, np.zeros(1)])


def start_cascade(model, rng):
    """Start a CARN as nearly bicubic upscaling of the image, which one channel carries.

    Units do not change this channel. In other channels they start with small weights, because the
    outputs of nine units add up. A fusion takes the channel from its last input, and an enlargement
    reaches one pixel to each side.
    """
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Conv2D):
            continue
        size, _, inputs, _ = layer.kernel.shape
        if "_unit" in layer.name:
            carry(layer, np.zeros((1, size, size, inputs)), rng)
            layer.set_weights([weight / 4 for weight in layer.get_weights()])
        else:
            behind = max(inputs - model.features, 0)
            carry(layer, np.roll(deltas(1, size, inputs), behind, axis=-1), rng)
    for i, factor in enumerate(enlargements(model.scale), start=1):
        layer = model.get_layer(f"upsampling_{i}{'_group_1' if model.mobile else ''}_conv")
        kernel, bias = layer.get_weights()
        near = phase_taps(factor)[:, 1:4]
        near += (1 - near.sum(axis=1, keepdims=True)) / 3
        # These are the first channels of all sub-pixels.
        taps = np.einsum("pt,qu->tupq", near, near).reshape(3, 3, factor**2)
        channels = kernel.shape[3] // factor**2
        kernel[:, :, :, ::channels] = 0
        kernel[:, :, 0, ::channels] = taps
        layer.set_weights([kernel, bias])
    last = model.get_layer("image")
    kernel = rng.normal(0, NEARLY_SILENT, last.kernel.shape)
    kernel[:, :, 0, 0] = deltas(1, 3, 1)[0, :, :, 0]
    last.set_weights([kernel, np.zeros(1)])


def start_encoder(encoder, scale, rng):
    """Start the teacher's encoder as bicubic downscaling, up to the reach of its kernels."""
    shifts, taps = downscaling_taps(scale)
    n = len(shifts) ** 2
    first, second, third, code = [
        layer for layer in encoder.layers if isinstance(layer, keras.layers.Conv2D)
    ]
    carry(first, shifted_inputs(shifts, 5), rng)
    kernels = np.zeros((1, 5, 5, second.kernel.shape[2]))
    kernels[0, :, :, :n] = np.moveaxis(separable(taps), 0, -1)
    carry(second, kernels, rng)
    carry(third, deltas(1, 3, third.kernel.shape[2]), rng)
    kernel = rng.normal(0, NEARLY_SILENT, code.kernel.shape)
    kernel[:, :, 0, 0] = deltas(1, 3, 1)[0, :, :, 0]
    code.set_weights([kernel, np.zeros(1)])


STARTS = {
    PlainSR: start_plain,
    FSRCNN: start_decoder,
    ResidualFSRCNN: start_residual,
    VDSR: start_beside_bicubic,
    IDN: start_beside_bicubic,
    CARN: start_cascade,
}


def start_as_bicubic(model: keras.Model, *, seed: int = 0) -> keras.Model:
    """Set initial weights with which `model` computes bicubic interpolation, or nearly.

    - In a PlainSR, `linear` becomes the bicubic kernel, which is exact at every scale.
    - In an FSRCNN, one channel (in a ResidualFSRCNN, four) carries the input through every block,
      and the last layer holds the bicubic kernel for it. For FSRCNN this is exact at x2. At x3 and
      x4 the last layer reaches fewer pixels from one channel than bicubic needs, and the start is
      some tenths of a dB below bicubic. Further channels that carry the shifted input would make it
      exact, but after training they did little else: docs/log/training.md.
    - A VDSR or an IDN adds nearly nothing to its bicubic skip, which is exact at every scale.
    - In a CARN, one channel carries the image. Its enlargements reach less far than bicubic, so the
      start is only nearly bicubic.

    All other weights are random and nearly zero. Training then continues from bicubic. A random
    start spends most of a small budget on reaching bicubic. The deployed network is unchanged.

    Args:
        model: A `PlainSR`, `FSRCNN`, `ResidualFSRCNN`, `VDSR`, `IDN` or `CARN`, or a
            `PrivilegedTeacher` around one; its encoder then starts as antialiased bicubic
            downscaling (exact for x2). Changed in place.
        seed: Makes the random channels repeatable.

    Returns:
        `model`.

    Raises:
        ValueError: If the model has another class, or is a ResidualFSRCNN of fewer than four
            channels.

    Example:
    >>> model = keras_pisr.models.start_as_bicubic(keras_pisr.models.FSRCNN(scale=2))
    """
    rng = np.random.default_rng(seed)
    upscaler = model.decoder if isinstance(model, PrivilegedTeacher) else model
    start = next((STARTS[kind] for kind in STARTS if isinstance(upscaler, kind)), None)
    if start is None:
        raise ValueError(
            f"`start_as_bicubic` can start {', '.join(kind.__name__ for kind in STARTS)}, "
            f"or a PrivilegedTeacher around one, not {type(model).__name__}. Add "
            "`keras_pisr.models.BicubicEnlargement` beside a network of yours instead."
        )
    if upscaler is not model:
        if model.has_own_encoder:
            raise ValueError(
                "`start_as_bicubic` cannot start an encoder of your own: start the decoder, "
                "start_as_bicubic(teacher.decoder), and train the encoder from its random weights."
            )
        start_encoder(model.encoder, model.scale, rng)
    start(upscaler, rng)
    return model
