"""A `.tflite` file as a function from luma to luma, or RGB to RGB, without TensorFlow."""

from pathlib import Path

import numpy as np

from keras_pisr.mobile.metadata import read_metadata
from keras_pisr.notices import without_notices

# Bytes 4 to 8 of every TFLite file; https://ai.google.dev/edge/litert, schema.fbs.
IDENTIFIER = b"TFL3"


class TFLiteModel:
    """Runs a super-resolution network from a `.tflite` file on the CPU, through ai-edge-litert.

    Takes and gives float luma, or RGB for a file of whole images, whatever the file stores: for
    a file with 8-bit input and output the scale and zero point are read from the file. Sizes
    that the file leaves open follow the input. The file is treated as untrusted: its size is
    bounded before it is read, it is verified by the runtime before it is built, and it must be
    a network from one luma or RGB image to one. Not bounded is what an honest network costs to
    run.

    Args:
        path: File ending in `.tflite`.
        threads: CPU threads for the runtime.
        max_bytes: Largest file to read. A student takes kilobytes.

    Attributes:
        name: The file's name.
        shape: Of the input, `(batch, height, width, 1 or 3)`; None where the file leaves it open.
        color: `"luma"` or `"rgb"`.
        dtype: NumPy dtype that the file takes: float32, uint8 or int8.
        metadata: What the file says of itself: `name`, `scale`, `color`, `values`,
            `precision`, `version`, and after `export.py` its scores. Empty for others' files.

    Call arguments:
        luma: float32 in `[0, 1]`, `(batch, height, width, 1)`, or so for RGB.

    Returns:
        float32 luma `(batch, scale * height, scale * width, 1)`, not clipped; or RGB, clipped.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If ai-edge-litert is not installed.
        ValueError: If the file is not TFLite, is damaged, too large, or not a network of luma;
            or, when called, if the image does not fit it.

    Example:
        >>> model = TFLiteModel("student.tflite")  # doctest: +SKIP
        >>> model(np.zeros((1, 24, 32, 1), "float32")).shape  # doctest: +SKIP
        (1, 48, 64, 1)
    """

    def __init__(self, path, *, threads=1, max_bytes=64 * 2**20):
        path = Path(path)
        content = read_tflite(path, max_bytes)
        self.name = path.name
        self.interpreter = interpreter(content, path, threads)
        inputs, outputs = self.interpreter.get_input_details(), self._outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ValueError(
                f"{path} has {len(inputs)} inputs and {len(outputs)} outputs; expected a network "
                "from one image to one."
            )
        self.metadata = read_metadata(content)
        self._input = inputs[0]
        for tensor in (*inputs, *outputs):
            self._check_tensor(path, tensor)
        if len({int(tensor["shape_signature"][3]) for tensor in (*inputs, *outputs)}) > 1:
            raise ValueError(f"{path} takes luma and gives RGB, or the other way round.")
        signature = self._input["shape_signature"]
        self.shape = tuple(None if n < 1 else int(n) for n in signature)
        self.color = "rgb" if self.shape[3] == 3 else "luma"
        self.dtype = np.dtype(self._input["dtype"])
        self._allocated = None

    def __call__(self, luma):
        """Luma to luma; see the class."""
        self.fill(np.asarray(luma, "float32"))
        try:
            self.interpreter.invoke()
        except RuntimeError as error:
            raise ValueError(f"{self.name} failed on luma {luma.shape}: {error}") from error
        return self.read()

    def fill(self, luma):
        """Make room for `luma` and put it where the network reads."""
        self.resize(luma.shape)
        self.interpreter.set_tensor(self._input["index"], self._store(luma))

    def read(self):
        """Luma from where the network wrote it."""
        output = self._outputs()[0]
        values = self.interpreter.get_tensor(output["index"])
        if values.dtype == np.float32:
            return values
        scale, zero = _quantization(output)
        return (values.astype("float32") - zero) * np.float32(scale)

    def resize(self, shape):
        """Make room for input of `shape`, `(batch, height, width, 1)`.

        Raises:
            ValueError: If the file cannot take it.
        """
        fits = len(shape) == 4 and all(
            n > 0 and wanted in (None, n) for n, wanted in zip(shape, self.shape, strict=True)
        )
        if not fits:
            wanted = tuple("any" if n is None else n for n in self.shape)
            raise ValueError(
                f"{self.name} takes {self.color} {wanted}, got {tuple(shape)}. A file for every "
                "size is made by `to_tflite` without `size`."
            )
        if shape == self._allocated:
            return
        try:
            self.interpreter.resize_tensor_input(self._input["index"], shape)
            with without_notices():
                self.interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"{self.name} cannot take luma {tuple(shape)}: {error}") from error
        self._allocated = tuple(shape)

    def _outputs(self):
        return self.interpreter.get_output_details()

    def _store(self, luma):
        if self.dtype == np.float32:
            return luma
        scale, zero = _quantization(self._input)
        limits = np.iinfo(self.dtype)
        return np.clip(np.rint(luma / scale) + zero, limits.min, limits.max).astype(self.dtype)

    @staticmethod
    def _check_tensor(path, tensor):
        dtype, shape = np.dtype(tensor["dtype"]), tuple(tensor["shape_signature"])
        if dtype not in (np.float32, np.uint8, np.int8):
            raise ValueError(f"{path} has a tensor of {dtype}; expected float32, uint8 or int8.")
        if len(shape) != 4 or shape[3] not in (1, 3):
            raise ValueError(
                f"{path} has a tensor of shape {shape}; expected luma (batch, height, width, 1) "
                "or RGB (batch, height, width, 3)."
            )
        if dtype != np.float32 and not _quantization(tensor)[0] > 0:
            raise ValueError(f"{path} has 8-bit tensors that do not say what their values mean.")


def _quantization(tensor):
    """Scale and zero point of a tensor of 8 bit."""
    # A file that casts its pixels does not state what everyone means by RGB of 8 bit.
    if tensor["dtype"] == np.uint8 and tensor["shape_signature"][3] == 3:
        return tensor["quantization"] if tensor["quantization"][0] else (1 / 255, 0)
    return tensor["quantization"]


def read_tflite(path, max_bytes):
    """The bytes of a file that claims to be TFLite.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is too large or does not start as TFLite files do.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(
            f"{path} is larger than {max_bytes} bytes, the most that is read. A network of luma "
            "takes kilobytes."
        )
    if content[4:8] != IDENTIFIER:
        raise ValueError(f"{path} is not a TFLite file: it does not start as one.")
    return content


def import_runtime():
    """The interpreter class of ai-edge-litert.

    Raises:
        ImportError: If it is not installed, with what to do.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ImportError(
            "Running a .tflite file takes ai-edge-litert. Run: pip install 'keras-pisr[mobile]'"
        ) from error
    return Interpreter


def interpreter(content, path, threads):
    """An interpreter for the bytes of a file.

    Raises:
        ImportError: If ai-edge-litert is not installed.
        ValueError: If the bytes make no sense to the runtime.
    """
    try:
        return import_runtime()(model_content=content, num_threads=threads)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"{path} is damaged, or of a newer format: {error}") from error
