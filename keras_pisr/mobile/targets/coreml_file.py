"""Makes a Core ML package for iOS. Only macOS can run it, so here it is only read back."""

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import keras

from keras_pisr.forms.phone import deployed_form
from keras_pisr.mobile.targets.comparison import missing

LARGEST = 4096  # Largest side that the package takes, LR px: Core ML needs a bound.


def to_coreml(model, path):
    """Convert a luma network to Core ML, and read the package back.

    The package takes luma `lr`, float16 `(1, height, width, 1)` in `[0, 1]`, each side up to
    4,096 px, and gives luma `hr`. It computes in float16, which the Neural Engine has, and needs
    iOS 16 or macOS 13.

    Args:
        model: Functional Keras model from luma to luma. It is not changed.
        path: Folder to write, ending in `.mlpackage`.

    Returns:
        Operation name to count. The values that the package computes are not checked, because Linux
        cannot run it.

    Raises:
        ImportError: If coremltools is not installed.
        ValueError: If the package does not have as many convolutions as the model.

    Example:
        >>> to_coreml(student, "student.mlpackage")  # doctest: +SKIP
    """
    try:
        import coremltools
    except ImportError as error:
        raise missing("coremltools", "coreml", error) from error
    import tensorflow as tf

    network, path = deployed_form(model), Path(path)
    luma = tf.TensorSpec((1, None, None, 1), tf.float32, name="lr")

    @tf.function(input_signature=[luma], autograph=False)
    def function(lr):
        return network(lr, training=False)

    side = coremltools.RangeDim(1, LARGEST, default=256)
    converted = coremltools.convert(
        [function.get_concrete_function()],
        source="tensorflow",
        inputs=[coremltools.TensorType(name="lr", shape=(1, side, side, 1))],
        minimum_deployment_target=coremltools.target.iOS16,
        compute_precision=coremltools.precision.FLOAT16,
    )
    spec = converted.get_spec()
    coremltools.utils.rename_feature(spec, spec.description.output[0].name, "hr")
    converted = coremltools.models.MLModel(
        spec, weights_dir=converted.weights_dir, skip_model_load=True
    )
    converted.short_description = f"{model.name}: luma in [0, 1] to enlarged luma, by keras-pisr"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        made, old = Path(folder) / path.name, Path(folder) / "old"
        converted.save(str(made))
        operations = coreml_operations(made)
        _check_convolutions(network, operations)
        if path.exists():
            os.replace(path, old)
        shutil.move(made, path)
    return operations


def coreml_operations(path):
    """Operation name to count in a package, constants left out."""
    import coremltools

    spec = coremltools.models.MLModel(str(path), skip_model_load=True).get_spec()
    blocks = spec.mlProgram.functions["main"].block_specializations.values()
    kinds = Counter(operation.type for block in blocks for operation in block.operations)
    return {kind: count for kind, count in sorted(kinds.items()) if kind != "const"}


def _check_convolutions(network, operations):
    from keras_pisr.models import SubpixelDeconvolution

    kinds = keras.layers.Conv2D | SubpixelDeconvolution
    wanted = sum(isinstance(layer, kinds) for layer in network.layers)
    if operations.get("conv", 0) < wanted:
        raise ValueError(f"The package holds {operations}; expected {wanted} convolutions.")
