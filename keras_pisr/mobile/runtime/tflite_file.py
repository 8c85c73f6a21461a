"""Opens an untrusted `.tflite` file that takes one image, and runs it without TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_pisr.console.quiet import without_notices
from keras_pisr.console.sizes import told_size
from keras_pisr.mobile.runtime.metadata import read_metadata
from keras_pisr.mobile.runtime.trial_run import try_file

if TYPE_CHECKING:
    import os


# Bytes 4 to 8 of every TFLite file; https://ai.google.dev/edge/litert, schema.fbs.
IDENTIFIER = b"TFL3"


class TFLiteFile:
    """Runs a network from one image to any outputs on the CPU, through ai-edge-litert.

    The file is treated as untrusted: its size is bounded before it is read, it is verified by the
    runtime before it is built, and it runs in a process of its own before it runs in this one.
    `TFLiteModel` (images) and `TFLiteRecognizer` (embedding and logits) also check the outputs.
    Use this class to time and to check a file.

    Args:
        path: File ending in `.tflite`.
        threads: CPU threads for the runtime.
        max_bytes: Largest file to read. A student takes kilobytes.
        trusted: Leave out the run in another process, which takes about a second. Use it only
            for a file that this program has just written.

    Attributes:
        name: The file's name.
        bytes: The file's size.
        shape: Shape of the input, `(batch, height, width, 1 or 3)`; None if the file leaves it
            open.
        color: `"luma"` or `"rgb"`.
        dtype: NumPy dtype that the file takes: float32, uint8 or int8.
        metadata: The file's description of itself; see `write_metadata`. Empty for files of
            other programs.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If ai-edge-litert is not installed.
        ValueError: If the file is not TFLite, is damaged, too large, or takes no image.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        threads: int = 1,
        max_bytes: int = 64 * 2**20,
        trusted: bool = False,
    ) -> None:
        path = Path(path)
        content = read_tflite(path, max_bytes)
        self.name, self.bytes = path.name, len(content)
        self.interpreter = interpreter(content, path, threads)
        try:
            inputs, outputs = self.interpreter.get_input_details(), self._outputs()
            self.metadata = read_metadata(content)
        except ValueError as error:  # These include names of tensors that are not UTF-8.
            raise ValueError(f"{path} is damaged: {error}") from error
        self._check(path, inputs, outputs)
        self._input = inputs[0]
        signature = self._input["shape_signature"]
        self.shape = tuple(None if n < 1 else int(n) for n in signature)
        self.color = "rgb" if self.shape[3] == 3 else "luma"
        self.dtype = np.dtype(self._input["dtype"])
        self._allocated = None
        if not trusted:
            try_file(path, content)

    def fill(self, image):
        """Allocate memory for a float32 image and copy the image into the input."""
        self.resize(image.shape)
        self.interpreter.set_tensor(self._input["index"], self._store(image))

    def run(self, image):
        """Every output for a float32 image, in the order of the file.

        Raises:
            ValueError: If the image does not fit the file, or the network fails.
        """
        self.fill(image)
        try:
            self.interpreter.invoke()
        except RuntimeError as error:
            raise ValueError(
                f"{self.name} failed on {self.color} {image.shape}: {error}"
            ) from error
        return [self.value(output) for output in self._outputs()]

    def resize(self, shape):
        """Allocate memory for an input of `shape`, `(batch, height, width, channels)`.

        Raises:
            ValueError: If the file cannot take it.
        """
        fits = len(shape) == 4 and all(
            n > 0 and wanted in (None, n) for n, wanted in zip(shape, self.shape, strict=True)
        )
        if not fits:
            wanted = tuple("any" if n is None else n for n in self.shape)
            sides = "" if None in self.shape[1:3] else f" It has {told_size(self.shape[1:3])}."
            if tuple(shape[1:3]) == self.shape[2:0:-1]:
                sides = f"{sides[:-1]}: were the sides swapped?"
            raise ValueError(
                f"{self.name} takes {self.color} {wanted}, got {tuple(shape)}.{sides} "
                f"{self._advice()}"
            )
        if shape == self._allocated:
            return
        try:
            self.interpreter.resize_tensor_input(self._input["index"], shape)
            with without_notices():
                self.interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ValueError(
                f"{self.name} cannot take {self.color} {tuple(shape)}: {error}"
            ) from error
        self._allocated = tuple(shape)

    def value(self, output):
        """One output of the network, in float32.

        Args:
            output: An entry of the interpreter's output details.
        """
        values = self.interpreter.get_tensor(output["index"])
        if values.dtype == np.float32:
            return values
        scale, zero = quantization(output)
        return (values.astype("float32") - zero) * np.float32(scale)

    def _advice(self):
        return "Export the student again for another size."

    def _outputs(self):
        return self.interpreter.get_output_details()

    def _store(self, image):
        if self.dtype == np.float32:
            return image
        scale, zero = quantization(self._input)
        limits = np.iinfo(self.dtype)
        levels = np.clip(np.rint(image / scale) + zero, limits.min, limits.max)
        # What a not-a-number becomes does not matter: it only marks what a network reads.
        with np.errstate(invalid="ignore"):
            return levels.astype(self.dtype)

    def _check(self, path, inputs, outputs):
        if len(inputs) != 1:
            raise ValueError(f"{path} has {len(inputs)} inputs; expected one image.")
        check_image_tensor(path, inputs[0])


def check_image_tensor(path, tensor):
    """Raise a `ValueError` for a tensor that is not a luma or RGB image of float32 or 8 bit.

    Args:
        path: Path of the file, for the message.
        tensor: An entry of the interpreter's details.
    """
    shape = tuple(tensor["shape_signature"])
    check_values(path, tensor)
    if len(shape) != 4 or shape[3] not in (1, 3):
        raise ValueError(
            f"{path} has a tensor of shape {shape}; expected luma (batch, height, width, 1) "
            "or RGB (batch, height, width, 3)."
        )


def check_values(path, tensor):
    """Raise a `ValueError` for a tensor that is neither float32 nor 8 bit with a scale."""
    dtype = np.dtype(tensor["dtype"])
    if dtype not in (np.float32, np.uint8, np.int8):
        raise ValueError(f"{path} has a tensor of {dtype}; expected float32, uint8 or int8.")
    if dtype != np.float32 and not quantization(tensor)[0] > 0:
        raise ValueError(f"{path} has 8-bit tensors without a scale.")


def quantization(tensor):
    """Scale and zero point of a tensor of 8 bit."""
    # A file that casts its pixels does not state the usual scale of 8-bit RGB.
    shape = tensor["shape_signature"]
    if tensor["dtype"] == np.uint8 and len(shape) == 4 and shape[3] == 3:
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
            f"{path} is larger than {max_bytes} bytes, the largest size read. A student takes "
            "kilobytes."
        )
    if content[4:8] != IDENTIFIER:
        raise ValueError(f"{path} is not a TFLite file: it does not start like one.")
    return content


def import_runtime():
    """The interpreter class of ai-edge-litert.

    Raises:
        ImportError: If it is not installed; the error says how to install it.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ImportError(
            "Running a .tflite file needs ai-edge-litert. Run: pip install 'keras-pisr[mobile]'"
        ) from error
    return Interpreter


def interpreter(content, path, threads):
    """An interpreter for the bytes of a file.

    Raises:
        ImportError: If ai-edge-litert is not installed.
        ValueError: If the runtime cannot read the bytes.
    """
    try:
        return import_runtime()(model_content=content, num_threads=threads)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"{path} is damaged, or of a newer format: {error}") from error
