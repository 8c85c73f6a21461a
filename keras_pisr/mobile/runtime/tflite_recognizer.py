"""A `.tflite` file as a function from images to embeddings and logits, without TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_pisr.mobile.runtime.tflite_file import TFLiteFile, check_values

if TYPE_CHECKING:
    import os


NAMES = ("embedding", "logits")


class TFLiteRecognizer(TFLiteFile):
    """Runs a recognition network from a `.tflite` file on the CPU, through ai-edge-litert.

    The file's signature names the outputs. Files are opened as by `TFLiteModel`: they are bounded,
    verified, and refused if they are not recognition networks.

    Args:
        path: File ending in `.tflite`.
        threads: CPU threads for the runtime.
        max_bytes: Largest file to read.

    Attributes:
        name: The file's name.
        shape: Shape of the input, `(batch, height, width, 1 or 3)`.
        dtype: NumPy dtype that the file takes: float32, uint8 or int8.
        metadata: The file's description of itself; see `recognizer_to_tflite`.
        outputs: Names of the outputs: `"embedding"` and, if there are classes, `"logits"`.

    Call arguments:
        images: float32 in `[0, 1]`, `(samples, height, width, channels)`. Any number of samples is
            possible; they are run in batches of the file's size.

    Returns:
        `{"embedding": (samples, dimensions), "logits": (samples, classes)}`, float32. An
        embedding whose length the file leaves to the app is scaled to length 1 here.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If ai-edge-litert is not installed.
        ValueError: If the file is not TFLite, is damaged, too large, or no recognition network;
            or, when called, if the images do not fit it.

    Example:
        >>> model = TFLiteRecognizer("student.tflite")  # doctest: +SKIP
        >>> model(np.zeros((5, 16, 16, 3), "float32"))["logits"].shape  # doctest: +SKIP
        (5, 50)
    """

    def __init__(self, path: str | os.PathLike[str], **options: Any) -> None:
        super().__init__(path, **options)
        self.outputs = tuple(name for name in NAMES if name in self._places)

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Images to embeddings and logits; see the class."""
        images = np.asarray(images, "float32")
        batch = self.shape[0] or 1
        if images.ndim != 4 or not len(images) or len(images) % batch:
            raise ValueError(
                f"{self.name} takes images (samples, height, width, channels), at least one and "
                f"{batch} at a time; got {images.shape}."
            )
        found: dict[str, list] = {name: [] for name in self.outputs}
        for first in range(0, len(images), batch):
            values = self.run(images[first : first + batch])
            for name in self.outputs:
                found[name].append(values[self._places[name]])
        result = {name: np.concatenate(values) for name, values in found.items()}
        if self.metadata.get("unit_length") == "left to the app":
            length = np.linalg.norm(result["embedding"], axis=1, keepdims=True)
            result["embedding"] = result["embedding"] / np.where(length > 0, length, 1)
        return result

    def _check(self, path, inputs, outputs):
        super()._check(path, inputs, outputs)
        try:
            runner = self.interpreter.get_signature_runner()
            tensors = {name: int(o["index"]) for name, o in runner.get_output_details().items()}
        except (ValueError, RuntimeError, KeyError, IndexError) as error:
            raise ValueError(f"{path} does not name its outputs: {error}") from error
        indices = [int(output["index"]) for output in outputs]
        self._places = {n: indices.index(i) for n, i in tensors.items() if i in indices}
        if "embedding" not in self._places:
            raise ValueError(
                f"{path} has outputs {', '.join(sorted(tensors)) or 'without a name'}; expected a "
                "recognition network with 'embedding' and perhaps 'logits'. A super-resolution "
                "network runs with keras_pisr.mobile.TFLiteModel."
            )
        for name in NAMES:
            if name in self._places:
                output = outputs[self._places[name]]
                check_values(path, output)
                if len(output["shape_signature"]) != 2:
                    raise ValueError(
                        f"{path}: {name} has shape {tuple(output['shape_signature'])}; expected "
                        "(batch, dimensions)."
                    )
