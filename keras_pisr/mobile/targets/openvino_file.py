"""A student as OpenVINO's two files, made from its `.tflite`, which OpenVINO reads as it is."""

import os
import tempfile
from pathlib import Path

import numpy as np

from keras_pisr.mobile.export.convert import to_tflite
from keras_pisr.mobile.targets.comparison import check_equal, missing


def to_openvino(model, path):
    """Convert a luma network to OpenVINO's format, and compare it with the model.

    Weights are float32; OpenVINO rounds them as the device asks for.

    Args:
        model: Functional Keras model from luma to luma. Left as it is.
        path: File to write, ending in `.xml`; the weights go beside it into a `.bin` file.

    Returns:
        Largest difference between the outputs of the file, run by OpenVINO on the CPU in float32,
        and the model.

    Raises:
        ImportError: If openvino is not installed.
        ValueError: If the file computes something else; it is not written then.

    Example:
        >>> to_openvino(student, "student.xml")  # doctest: +SKIP
    """
    try:
        import openvino
    except ImportError as error:
        raise missing("openvino", "openvino", error) from error
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        source, made = Path(folder) / "a.tflite", Path(folder) / "a.xml"
        to_tflite(model, source)
        network = openvino.Core().read_model(source)
        openvino.save_model(network, made, compress_to_fp16=False)
        difference = check_equal(model, openvino_function(made))
        for suffix in (".bin", ".xml"):  # The weights first, which the other file needs.
            os.replace(made.with_suffix(suffix), path.with_suffix(suffix))
    return difference


def openvino_function(path, threads=1):
    """A function from luma to luma that runs an `.xml` or `.tflite` file by OpenVINO.

    Args:
        path: A file from float luma to float luma.
        threads: CPU threads.
    """
    import openvino

    # On processors with bfloat16 it would round otherwise.
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    compiled = openvino.Core().compile_model(str(path), "CPU", options)
    return lambda luma: np.array(compiled(luma)[0])
