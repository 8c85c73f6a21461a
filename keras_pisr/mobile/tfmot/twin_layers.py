"""Imports tensorflow-model-optimization, and defines layers that tf_keras (Keras 2) lacks.

tensorflow-model-optimization takes only networks of tf_keras. Only this module imports the two;
import it inside functions. They are available here as `tfmot` and `tf_keras`. The import leaves no
change in the process: see `import_tfmot`.
"""

import os

import keras
import tensorflow as tf

from keras_pisr.forms.int8.fake_quant import FakeQuantSubpixelResidual
from keras_pisr.models import SubpixelDeconvolution, SubpixelResidual

VARIABLE = "TF_USE_LEGACY_KERAS"


def import_tfmot():
    """Import tensorflow-model-optimization and tf_keras without side effects.

    The import sets an environment variable that would turn `tf.keras` into Keras 2, here and in
    child processes. Therefore `tf.keras` is loaded before, and the variable is restored
    afterwards.

    Returns:
        `(tfmot, tf_keras)`.

    Raises:
        ImportError: If one of the two is not installed, or does not import.
    """
    before = os.environ.get(VARIABLE)
    _ = tf.keras.__name__  # It is loaded lazily, and the variable decides at that moment.
    try:
        import tensorflow_model_optimization as tfmot
        import tf_keras
    except ImportError as error:
        raise ImportError(
            f"tensorflow-model-optimization cannot be imported ({error}): "
            'pip install "keras-pisr[mobile]".'
        ) from error
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before
    return tfmot, tf_keras


tfmot, tf_keras = import_tfmot()
# tf_keras would rewrite Python code for graphs, which fails with the code of Keras 3.
as_it_is = tf.autograph.experimental.do_not_convert


class TwinDeconvolution(
    tf_keras.layers.Layer,
    tfmot.sparsity.keras.PrunableLayer,
    tfmot.clustering.keras.ClusterableLayer,
):
    """A `SubpixelDeconvolution` for tf_keras that calls the code of the original layer.

    Pruning and clustering apply to the transposed kernel, which has no padding of zeros.

    Attributes:
        stored: The kernel that a file stores, if it differs from the layer's kernel, for instance
            because it is rounded.
    """

    stored = None

    def __init__(self, scale, kernel_size, **kwargs):
        super().__init__(**kwargs)
        plain = SubpixelDeconvolution(scale, kernel_size)
        self.scale, self.kernel_size = plain.scale, plain.kernel_size
        self.shift, self.first, self.last = plain.shift, plain.first, plain.last
        self.kernel_initializer = self.bias_initializer = "zeros"

    def build(self, input_shape):
        """Create the kernel and the bias."""
        SubpixelDeconvolution.build(self, input_shape)
        super().build(input_shape)

    def own_kernel(self):
        """The kernel as a convolution's, `(n, n, channels, scale**2)`."""
        return SubpixelDeconvolution.subpixel_kernel(self)

    def subpixel_kernel(self):
        """The kernel of `call`."""
        return self.own_kernel() if self.stored is None else self.stored

    def call(self, inputs):
        """Convolve, then move channels to pixels."""
        return as_it_is(SubpixelDeconvolution.call)(self, inputs)

    def get_prunable_weights(self):
        """The weights that `prune_low_magnitude` prunes."""
        return [self.kernel]

    def get_clusterable_weights(self):
        """The weights that `cluster_weights` clusters, with names."""
        return [("kernel", self.kernel)]

    def get_config(self):
        """Every argument."""
        own = {"scale": self.scale, "kernel_size": self.kernel_size}
        return {**super().get_config(), **own}


class TwinResidual(tf_keras.layers.Layer):
    """A `SubpixelResidual`; with `in_8_bit`, its form that rounds to the levels of pixels."""

    def __init__(self, scale, in_8_bit=False, **kwargs):
        super().__init__(**kwargs)
        self.scale, self.in_8_bit = scale, in_8_bit

    def limit(self, blocks):
        """Keep luma in `[0, 1]`."""
        form = FakeQuantSubpixelResidual if self.in_8_bit else SubpixelResidual
        return form.limit(self, blocks)

    def call(self, inputs):
        """Add, clip, move."""
        return as_it_is(SubpixelResidual.call)(self, inputs)

    def get_config(self):
        """Every argument."""
        return {**super().get_config(), "scale": self.scale, "in_8_bit": self.in_8_bit}


class TwinDepthToSpace(tf_keras.layers.Layer):
    """Moves channels to pixels."""

    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs):
        """Move them."""
        return as_it_is(keras.ops.depth_to_space)(inputs, self.scale)

    def get_config(self):
        """Every argument."""
        return {**super().get_config(), "scale": self.scale}


TWIN_LAYERS = {kind.__name__: kind for kind in (TwinDeconvolution, TwinResidual, TwinDepthToSpace)}
# Layers whose `kernel` is pruned, clustered and rounded.
WITH_KERNELS = (tf_keras.layers.Conv2D, TwinDeconvolution)
