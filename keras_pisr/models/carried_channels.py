"""Initial weights of convolutions whose first channels pass on a signal."""

import numpy as np


def carry(layer, kernels, rng):
    """Set a convolution so that its first channels pass on a signal, independent of the others.

    Args:
        layer: A built `Conv2D`.
        kernels: `(n, height, width, inputs)`: one kernel for each of the first n outputs.
        rng: NumPy generator for the other outputs, which start as in He et al. 2015.
    """
    height, width, inputs, outputs = layer.kernel.shape
    spread = np.sqrt(2 / (height * width * inputs))
    kernel = rng.normal(0, spread, (height, width, inputs, outputs))
    kernel[..., : len(kernels)] = np.moveaxis(kernels, 0, -1)
    layer.set_weights([kernel, np.zeros(outputs)])


def deltas(n, size, inputs):
    """Kernels that pass input channel i to output channel i, for the first n channels."""
    kernels = np.zeros((n, size, size, inputs))
    kernels[np.arange(n), size // 2, size // 2, np.arange(n)] = 1
    return kernels


def shifted_inputs(shifts, size):
    """Kernels on one input channel that move it by each pair of `shifts`, rows first."""
    kernels = np.zeros((len(shifts) ** 2, size, size, 1))
    pairs = [(row, column) for row in shifts for column in shifts]
    for kernel, (row, column) in zip(kernels, pairs, strict=True):
        kernel[size // 2 + row, size // 2 + column] = 1
    return kernels


def separable(taps):
    """2-D kernels of every pair of 1-D `taps`, in the order of `shifted_inputs`."""
    return [np.outer(row, column) for row in taps for column in taps]
