"""Makes a twin of a student in tf_keras, for tensorflow-model-optimization, and copies it back.

Import this module inside functions: it imports tensorflow-model-optimization.
"""

import keras
import numpy as np
from keras import layers

from keras_pisr.forms.int8.quantized import is_quantized
from keras_pisr.forms.leaky import Leaky
from keras_pisr.mobile.tfmot.twin_layers import (
    TwinDeconvolution,
    TwinDepthToSpace,
    TwinResidual,
    tf_keras,
)
from keras_pisr.models import SubpixelDeconvolution, SubpixelResidual


def twin_of(model):
    """A tf_keras model with a network's layers, names and weights.

    Its output equals the network's up to float32 rounding. It has one more layer, `pixels`, after
    the input, which passes the input on; 8-bit training rounds there.

    Args:
        model: A functional model of luma, one input, one output: convolutions, (leaky,
            parametric) ReLUs, sums, depth_to_space, `SubpixelDeconvolution`, `SubpixelResidual`; a
            student or its `deployed_form`. It is not changed.

    Returns:
        `tf_keras.Model` from `(batch, height, width, 1)`, float32, with weights of its own.

    Raises:
        ValueError: If the model has another layer, already computes in 8 bit, or is not functional,
            or if the backend is not TensorFlow.

    Example:
        >>> twin = twin_of(keras_pisr.models.FSRCNN(scale=2))  # doctest: +SKIP
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "tensorflow-model-optimization needs the TensorFlow backend; this is "
            f"{keras.backend.backend()}. Set KERAS_BACKEND=tensorflow; .keras files work on every "
            "backend."
        )
    if is_quantized(model):
        raise ValueError(f"{model.name!r} already computes in 8 bit; give the float student.")
    if len(getattr(model, "inputs", None) or ()) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"Expected a functional model with one input and one output; got {model.name!r}."
        )
    inputs = tf_keras.Input(model.inputs[0].shape[1:], name=model.inputs[0].name)
    tensors = {id(model.inputs[0]): tf_keras.layers.Activation("linear", name="pixels")(inputs)}
    for operation in model.operations:
        if isinstance(operation, layers.InputLayer):
            continue
        sources = operation.input if isinstance(operation.input, list) else [operation.input]
        sources = [tensors[id(source)] for source in sources]
        twin = twin_layer(operation, model.name)
        tensors[id(operation.output)] = twin(sources[0] if len(sources) == 1 else sources)
        if twin.weights:
            twin.set_weights(operation.get_weights())
    return tf_keras.Model(inputs, tensors[id(model.outputs[0])], name=model.name)


def twin_layer(operation, model_name=""):
    """The tf_keras layer that computes what an operation of a Keras 3 graph does."""
    ours, name = tf_keras.layers, operation.name
    match operation:
        case SubpixelDeconvolution():
            return TwinDeconvolution(operation.scale, operation.kernel_size, name=name)
        case SubpixelResidual():
            return TwinResidual(operation.scale, name=name)
        case Leaky():
            return ours.LeakyReLU(operation.slope, name=name)
        case layers.LeakyReLU():
            return ours.LeakyReLU(operation.negative_slope, name=name)
        case layers.PReLU() if np.size(operation.get_weights()[0]) == 1:
            return ours.LeakyReLU(operation.get_weights()[0].item(), name=name)
        case layers.PReLU():
            return ours.PReLU(shared_axes=operation.shared_axes, name=name)
        case layers.ReLU():
            ends = operation.max_value, operation.negative_slope, operation.threshold
            return ours.ReLU(*ends, name=name)
        case layers.Conv2D():
            config = operation.get_config()
            same = ("filters", "kernel_size", "strides", "padding", "dilation_rate", "groups")
            same = {key: config[key] for key in (*same, "activation", "use_bias")}
            return ours.Conv2D(**same, name=name)
    kind = type(operation)
    if kind is layers.Add or kind.__module__ == "keras.src.ops.numpy" and kind.__name__ == "Add":
        return ours.Add(name=name)
    if kind.__name__ == "DepthToSpace" and kind.__module__ == "keras.src.ops.nn":
        return TwinDepthToSpace(operation.block_size, name=name)
    raise ValueError(
        f"{model_name!r} holds {kind.__name__} ({name}), which has no twin in tf_keras. "
        "Build the network of Conv2D, ReLUs, Add, depth_to_space, SubpixelDeconvolution and "
        "SubpixelResidual."
    )


def student_of(twin, student):
    """A copy of a student with the weights of its twin.

    Args:
        twin: A trained twin from `twin_of`; it may be wrapped for 8-bit training.
        student: The network of which it was made, or one with the same names and shapes, such as
            the student whose `deployed_form` that network was.

    Returns:
        A model of the student's class. Slopes that are constants in the twin are taken from the
        student.
    """
    copy = type(student).from_config(student.get_config())
    copy.set_weights(student.get_weights())
    names = {layer.name for layer in copy.layers}
    for layer in twin.layers:
        # A wrapper holds the variables of its layer next to its own.
        name = getattr(layer, "layer", layer).name
        values = [weight.numpy() for weight in layer.trainable_weights]
        if name in names and values:
            copy.get_layer(name).set_weights(values)
    return copy
