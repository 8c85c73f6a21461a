"""Trains in 8 bit with tensorflow-model-optimization, and writes the file of the result.

Import this module inside functions: it imports tensorflow-model-optimization.
"""

import tensorflow as tf
from keras import layers, ops

import keras_pisr
from keras_pisr.atomic import atomic_path
from keras_pisr.forms.int8.fake_quant import round_kernel
from keras_pisr.forms.int8.quantized import post_training_form
from keras_pisr.forms.int8.rounding import transposed_kernel
from keras_pisr.forms.phone import deployed_form
from keras_pisr.mobile.export.convert import (
    VALUES,
    calibration_batches,
    calibration_lumas,
    model_scale,
)
from keras_pisr.mobile.runtime.metadata import write_metadata
from keras_pisr.mobile.tfmot.training import train_twin
from keras_pisr.mobile.tfmot.twin import student_of, twin_of
from keras_pisr.mobile.tfmot.twin_layers import (
    TWIN_LAYERS,
    WITH_KERNELS,
    TwinDeconvolution,
    TwinResidual,
    as_it_is,
    tf_keras,
    tfmot,
)
from keras_pisr.models import SubpixelDeconvolution

quantization = tfmot.quantization.keras


class KernelLevels(quantization.quantizers.Quantizer):
    """Rounds the kernel that a file stores to 8 bit, one scale per channel."""

    def __init__(self, layer):
        self.layer = layer

    def build(self, tensor_shape, name, layer):
        """No state, because the steps follow from the weights."""
        return {}

    def __call__(self, inputs, training, weights, **kwargs):
        """The rounded kernel."""
        own = isinstance(self.layer, TwinDeconvolution)
        return as_it_is(round_kernel)(as_it_is(self.layer.own_kernel)() if own else inputs)

    def get_config(self):
        """Empty, because `Levels` makes the quantizer again."""
        return {}


class Levels(quantization.QuantizeConfig):
    """How a layer is rounded: its kernel, if it has one, and its output within a fixed range.

    Args:
        low: Smallest value of the output.
        high: Largest value of the output. Without `low` and `high`, the output is not rounded.
    """

    def __init__(self, low=None, high=None):
        self.low, self.high = low, high

    def get_weights_and_quantizers(self, layer):
        """The kernel."""
        return [(layer.kernel, KernelLevels(layer))] if isinstance(layer, WITH_KERNELS) else []

    def set_quantize_weights(self, layer, quantize_weights):
        """Let the layer compute with the rounded kernel."""
        for kernel in quantize_weights:
            setattr(layer, "stored" if isinstance(layer, TwinDeconvolution) else "kernel", kernel)

    def get_activations_and_quantizers(self, layer):
        """Nothing, because activations are separate layers."""
        return []

    def set_quantize_activations(self, layer, quantize_activations):
        """Nothing to set."""
        return  # TensorFlow's rewriting fails on a function with only a docstring.

    def get_output_quantizers(self, layer):
        """The output's range."""
        if self.low is None:
            return []
        return [quantization.quantizers.FixedQuantizer(8, self.low, self.high, narrow_range=False)]

    def get_config(self):
        """Every argument."""
        return {"low": self.low, "high": self.high}


class Scheme(quantization.default_8bit.Default8BitQuantizeScheme):
    """Leaves the graph unchanged: every layer defines its own rounding."""

    def get_layout_transformer(self):
        """The scheme itself, which changes nothing."""
        return self

    def apply(self, model, layer_quantize_map):
        """Change nothing."""
        return model, layer_quantize_map


def train_in_8_bit(student, feed, *, steps, representative=None, **training):
    """Train a student's twin with weights and tensors of 8 bit.

    Training starts from a `post_training_form`: equalized channels, weights rounded so that errors
    cancel, settled ranges. Ranges do not change; the steps of kernels follow their weights. The
    form reads pixels in steps of 1/255 and sums the two ends of a network in two steps, unlike that
    of `to_tflite` (`fine_pixels`, `merged_ends`).

    Args:
        student: A trained luma model that `quantized_form` takes. It is not changed.
        feed: Batches `(lr, hr)`, at least `steps`.
        steps: Number of optimizer steps.
        representative: As in `to_tflite`.
        **training: Passed on to `fit`.

    Returns:
        `(twin, trained)`: the 8-bit twin, for `twin_to_tflite`, and a model of the student's
        class with the file's weights, which computes in float.

    Raises:
        ValueError: If a layer has no 8-bit form.
    """
    lumas = calibration_lumas(student, representative)
    patches = [luma for (luma,) in calibration_batches(lumas)]
    model = deployed_form(student)
    form = post_training_form(model, patches)
    for layer in model.layers:
        layer.set_weights(form.get_layer(layer.name).get_weights())
    twin = quantized_twin(model, form)
    train_twin(twin, feed, steps=steps, average=True, **training)
    return twin, round_kernels(student_of(twin, student))


def round_kernels(student):
    """Give a student, in place, the kernels of its 8-bit file.

    Weights that were trained in 8 bit compensate for their rounding, so they are wrong without it.
    """
    for layer in student.layers:
        if isinstance(layer, SubpixelDeconvolution):
            stored = ops.convert_to_numpy(round_kernel(layer.subpixel_kernel()))
            layer.set_weights([transposed_kernel(layer, stored), layer.get_weights()[1]])
        elif isinstance(layer, layers.Conv2D):
            kernel, *bias = layer.get_weights()
            layer.set_weights([ops.convert_to_numpy(round_kernel(kernel)), *bias])
    return student


def quantized_twin(model, form):
    """A twin that rounds as an 8-bit file does.

    Args:
        model: A `deployed_form`, whose weights are taken.
        form: Its `quantized_form`, whose ranges are taken.

    Returns:
        `tf_keras.Model`.
    """
    ranges = {"pixels": (0.0, 1.0)}
    for layer in form.layers:
        name = layer.name.removesuffix("_levels")
        if name != layer.name:
            ranges[name] = tuple(float(end) for end in layer.get_weights())

    def annotate(layer):
        if isinstance(layer, TwinResidual):
            return TwinResidual(layer.scale, in_8_bit=True, name=layer.name)
        ends = ranges.get(layer.name, ())
        if isinstance(layer, tf_keras.layers.LeakyReLU):
            # As in `quantized_form`, slopes are in steps of 1/256, and the range is that of the
            # input.
            ends = ranges[layer.input._keras_history.layer.name]
            slope = round(float(layer.alpha) * 256) / 256
            layer = tf_keras.layers.LeakyReLU(slope, name=layer.name)
        return quantization.quantize_annotate_layer(layer, Levels(*ends))

    with quantization.quantize_scope({**TWIN_LAYERS, "Levels": Levels}):
        annotated = tf_keras.models.clone_model(twin_of(model), clone_function=annotate)
        return quantization.quantize_apply(annotated, Scheme())


def twin_to_tflite(twin, path, *, student, pixels="uint8"):
    """Write a trained 8-bit twin as a TFLite file, like `to_tflite(..., precision="int8")`.

    Args:
        twin: The twin from `train_in_8_bit`.
        path: File to write, ending in `.tflite`. It appears whole or not at all.
        student: The model of which the twin was made, for the metadata.
        pixels: Type of input and output: `"uint8"`, `"int8"` or `"float32"`.
    """
    signature = tf.TensorSpec((1, None, None, 1), tf.float32, name="lr")
    run = tf.function(lambda lr: twin(lr, training=False), input_signature=[signature])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()], twin)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = converter.inference_output_type = getattr(tf, pixels)
    content = converter.convert()
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
        write_metadata(
            temporary,
            name=student.name,
            scale=model_scale(student),
            color="luma",
            values=VALUES["luma"],
            precision="int8",
            version=keras_pisr.__version__,
        )
