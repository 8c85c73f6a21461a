"""Makes OpenVINO's two files of a student, from its `.tflite`, which OpenVINO reads."""

import os
import tempfile
from pathlib import Path

import numpy as np

from keras_pisr.mobile.export.convert import to_tflite
from keras_pisr.mobile.targets.comparison import check_equal, missing


def to_openvino(model, path):
    """Convert a luma network to OpenVINO's format, and compare it with the model.

    Weights are float32; OpenVINO rounds them as the device needs.

    Args:
        model: Functional Keras model from luma to luma. It is not changed.
        path: File to write, ending in `.xml`; the weights go beside it into a `.bin` file.

    Returns:
        Largest difference between the output of the file, in OpenVINO on the CPU in float32, and
        that of the model.

    Raises:
        ImportError: If openvino is not installed.
        ValueError: If the file computes something else. The file is then not written.

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
        # The weights come first, because the other file needs them.
        for suffix in (".bin", ".xml"):
            os.replace(made.with_suffix(suffix), path.with_suffix(suffix))
    return difference


def openvino_function(path, threads=1):
    """A function from luma to luma that runs an `.xml` or `.tflite` file with OpenVINO.

    Args:
        path: A file from float luma to float luma.
        threads: CPU threads.
    """
    import openvino

    # Without this setting, it would round on processors with bfloat16.
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    compiled = openvino.Core().compile_model(str(path), "CPU", options)
    return lambda luma: np.array(compiled(luma)[0])
