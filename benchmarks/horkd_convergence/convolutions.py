"""Convolutions as matrix products, for many small networks in one program.

`jax.vmap` over the weights makes one convolution of many groups, for which the GPU's library has
only slow kernels. As a product of patches and a matrix it becomes one batched product. Sums are
the same, in another order.
"""

import contextlib
import threading

import jax.numpy as jnp
from jax import lax
from keras.src.backend.jax import nn

# The gradient of the kernel sums over all pixels of a batch; in so many parts side by side.
MOST_PARTS = 16
# Products are quicker where the sum runs over a multiple of this.
ALIGNED = 8
tracing = threading.Lock()


def patches_of(images, size, strides, padding):
    """`(batch, height, width, pixels * channels)`: what each place of a kernel sees, padded."""
    pads = [(0, 0)] * 2
    if padding == "same":
        # The odd pixel goes behind, as everywhere in Keras.
        sides = zip(images.shape[1:3], size, strides, strict=True)
        spare = [max(0, (-(-n // step) - 1) * step + k - n) for n, k, step in sides]
        pads = [(pad // 2, pad - pad // 2) for pad in spare]
    images = jnp.pad(images, ((0, 0), *pads, (0, 0)))
    batch, height, width, channels = images.shape
    ends = [side - k for side, k in zip((height, width), size, strict=True)]
    parts = [
        lax.slice(
            images,
            (0, i, j, 0),
            (batch, i + ends[0] + 1, j + ends[1] + 1, channels),
            (1, *strides, 1),
        )
        for i in range(size[0])
        for j in range(size[1])
    ]
    spare = -len(parts) * channels % ALIGNED
    if spare:
        parts.append(jnp.zeros((*parts[0].shape[:3], spare), images.dtype))
    return jnp.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]


def by_matmul(images, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """`keras.ops.conv` of images `(batch, height, width, channels)` in float32.

    On a GPU the product takes TensorFloat-32, as JAX's convolutions do unless told otherwise.
    """
    del data_format, dilation_rate
    kernel, images = jnp.asarray(kernel), jnp.asarray(images)
    *size, channels, filters = kernel.shape
    strides = (strides, strides) if isinstance(strides, int) else tuple(strides)
    patches = patches_of(images, tuple(size), strides, padding)
    batch, height, width, depth = patches.shape
    matrix = kernel.reshape(-1, filters)
    matrix = jnp.pad(matrix, ((0, depth - len(matrix)), (0, 0)))
    parts = max(n for n in range(1, MOST_PARTS + 1) if batch % n == 0)
    result = jnp.matmul(
        patches.reshape(parts, -1, depth),
        jnp.broadcast_to(matrix, (parts, *matrix.shape)),
        precision=lax.Precision.DEFAULT,
    )
    return result.reshape(batch, height, width, filters)


@contextlib.contextmanager
def convolutions(way):
    """Trace what is in the block with Keras' convolutions ("grouped") or by "matmul".

    One thread at a time, since the function of Keras is replaced for all.
    """
    with tracing:
        before = nn.conv
        nn.conv = by_matmul if way == "matmul" else before
        try:
            yield
        finally:
            nn.conv = before
