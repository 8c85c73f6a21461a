"""Convolutions to few channels, computed for 2x2 pixels at once.

XNNPACK on a phone and oneDNN in TensorFlow compute 8 or 16 output channels at a time, even if there
are fewer, so a convolution to 4 channels costs as much as one to 16. A convolution with stride 2,
whose 16 channels are the 4 channels of each of 2x2 pixels, gives the same numbers in less than half
the time (docs/reference/phone_measurements.md).
"""

from keras import layers, ops

from keras_pisr.models.subpixel_deconvolution import SubpixelDeconvolution

BLOCK = 2  # Side of a block, px. With 3, the kernels would grow by more than the lanes gain.
LANES = 16  # Output channels computed at a time: 16 with AVX-512, 8 on ARM.


def pays_in_blocks(kernel_size, filters):
    """Whether the channels of a block fit into the lanes that are computed anyway."""
    return kernel_size > 1 and BLOCK**2 * filters <= LANES


def block_kernel(kernel):
    """Turn a kernel into one that computes blocks, with the pixels of a block in its channels.

    Args:
        kernel: `(n, n, inputs, filters)`.

    Returns:
        `(n + 1, n + 1, inputs, 4 * filters)`, for a convolution with stride 2. It holds each filter
        of `kernel` four times, each time at another place among zeros.
    """
    spare = BLOCK - 1
    placed = [
        ops.pad(kernel, ((row, spare - row), (column, spare - column), (0, 0), (0, 0)))
        for row in range(BLOCK)
        for column in range(BLOCK)
    ]
    return ops.concatenate(placed, axis=-1)


class InBlocks:
    """A mixin for convolutions: it computes in blocks if the image's size is known.

    At an odd size, the last blocks extend beyond the image and are cut off. This needs the size,
    which a file for every size does not know.

    Attributes:
        any_size: Whether to compute in blocks also if the size is known only at run time.
    """

    any_size = False

    def stored(self, kernel):
        """A kernel with the values that the file stores for it."""
        return kernel

    def knows_size(self, inputs):
        """Whether height and width are known, or need not be."""
        return self.any_size or None not in tuple(inputs.shape[1:3])

    def convolve_in_blocks(self, inputs, kernel, bias):
        """Compute `conv(inputs, kernel, padding="same") + bias` in blocks.

        Args:
            inputs: `(batch, height, width, channels)`.
            kernel: `(n, n, channels, filters)`, with n odd.
            bias: `(filters,)`.

        Returns:
            `(batch, height, width, filters)`.
        """
        height, width = ops.shape(inputs)[1:3]  # If they are open, they are TensorFlow tensors.
        # At even and at odd sizes, "same" puts (n - 1) / 2 zeros before the first pixel.
        kernel = self.stored(block_kernel(kernel))
        blocks = ops.conv(
            inputs, kernel, strides=BLOCK, padding="same", data_format="channels_last"
        )
        pixels = ops.depth_to_space(
            blocks + ops.tile(bias, BLOCK**2), BLOCK, data_format="channels_last"
        )
        if None in tuple(inputs.shape[1:3]) or height % BLOCK or width % BLOCK:
            pixels = pixels[:, :height, :width]
        return pixels


class BlockedConv2D(InBlocks, layers.Conv2D):
    """A `Conv2D` that computes blocks of pixels if this is faster."""

    def pays(self):
        """Whether this convolution has a form in blocks, and is faster in it."""
        plain = (
            (self.strides, self.dilation_rate) == ((1, 1), (1, 1))
            and (self.groups, self.padding, self.use_bias) == (1, "same", True)
            and self.data_format == "channels_last"
        )
        size = self.kernel_size[0]
        square = size % 2 == 1 and self.kernel_size == (size, size)
        return plain and square and pays_in_blocks(size, self.filters)

    def plain_kernel_shape(self):
        """Shape of the kernel that computes pixel by pixel."""
        return tuple(self.kernel.shape)

    def call(self, inputs):
        """Convolve."""
        if not (self.pays() and self.knows_size(inputs)):
            return super().call(inputs)
        return self.activation(self.convolve_in_blocks(inputs, self.kernel, self.bias))


class BlockedSubpixelDeconvolution(InBlocks, SubpixelDeconvolution):
    """A `SubpixelDeconvolution` that computes blocks of LR pixels if this is faster (at x2)."""

    def pays(self):
        """Whether this convolution has a form in blocks, and is faster in it."""
        aligned = self.shift == 0 and self.first == -self.last
        return aligned and pays_in_blocks(self.last - self.first + 1, self.scale**2)

    def plain_kernel_shape(self):
        """Shape of the kernel that computes LR pixel by LR pixel."""
        size = self.last - self.first + 1
        return size, size, self.kernel.shape[3], self.scale**2

    def call(self, inputs):
        """Convolve, then move channels to pixels."""
        filters = self.scale**2
        if not (self.pays() and self.knows_size(inputs)):
            return super().call(inputs)
        # This is not the kernel of this class, because rounding, if any, comes after the placing.
        kernel = SubpixelDeconvolution.subpixel_kernel(self)
        bias = ops.tile(ops.cast(self.bias, self.compute_dtype), filters)
        pixels = self.convolve_in_blocks(inputs, kernel, bias)
        return self.to_pixels(pixels) if self.scale > 1 else pixels


def stored_weights(model, *, size_known):
    """Count of numbers that a file holds for a model, whose kernels may be stored in blocks.

    Args:
        model: A model with layers of this module, such as a `deployed_form`.
        size_known: Whether the file takes images of one size only.
    """
    total = model.count_params()
    for layer in model.layers:
        if size_known and isinstance(layer, InBlocks) and layer.pays():
            height, width, inputs, filters = layer.plain_kernel_shape()
            in_blocks = (height + BLOCK - 1) * (width + BLOCK - 1) * BLOCK**2
            total += (in_blocks - height * width) * inputs * filters
    return total


# The class that replaces a layer that computes pixel by pixel.
BLOCKED = {
    layers.Conv2D: BlockedConv2D,
    SubpixelDeconvolution: BlockedSubpixelDeconvolution,
}
