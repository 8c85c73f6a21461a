r"""Megapixels per second of upscaling, compared with other ways to run the same network.

    python benchmarks/inference/upscale.py
    python benchmarks/inference/upscale.py --threads 2 --size 1280 720 \
        --out docs/results/speed/upscale.json
    python benchmarks/inference/upscale.py --preset fsrcnn_x2

The program prints two tables. "luma" compares ways to run the network alone, with the same weights,
from a luma array to a luma array: `keras_pisr.upscale`, the model in Keras' `predict_on_batch`,
ONNX Runtime, and PyTorch with the usual transposed convolution and with the exact convolution +
pixel shuffle. "RGB" compares the whole task, from uint8 to uint8, with OpenCV's and Pillow's
bicubic. Outputs of the networks are compared before anything is timed. Packages that are not
installed are left out.
"""

import importlib.util
import io
import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

import keras_pisr as kp


@dataclass
class Settings:
    """Settings of the measurement."""

    size: tuple[int, int] = (640, 360)
    """Width and height of the input image, px."""
    scale: int = 2
    preset: str | None = None
    """A preset of an `FSRCNN`; without it, a new one of this scale, with one slope per layer."""
    threads: int = os.cpu_count() or 1
    """Number of threads of ONNX Runtime, PyTorch and OpenCV; Keras' backend takes all cores."""
    repeats: int = 9
    """Number of rounds in which each contestant has one turn; the median counts."""
    out: Path | None = None
    """JSON file for the figures."""


def torch_network(model, *, subpixel):
    """The same FSRCNN in PyTorch."""
    import torch
    from torch import nn

    layers, last = [], model.layers[-1]
    for layer in model.layers[1:-1]:
        weights = [torch.tensor(np.asarray(x)) for x in layer.get_weights()]
        if len(weights) == 2:
            size, _, inputs, outputs = weights[0].shape
            made = nn.Conv2d(inputs, outputs, size, padding=size // 2)
            made.weight.data, made.bias.data = weights[0].permute(3, 2, 0, 1), weights[1]
        else:
            made = nn.PReLU(weights[0].numel())
            made.weight.data = weights[0].reshape(-1)
        layers.append(made)
    kernel, bias = (torch.tensor(np.asarray(x)) for x in last.get_weights())
    if subpixel:
        layers.append(nn.ZeroPad2d((-last.first, last.last + (last.shift > 0)) * 2))
        blocks = torch.tensor(np.array(last.subpixel_kernel()))
        made = nn.Conv2d(blocks.shape[2], blocks.shape[3], blocks.shape[0])
        made.weight.data = blocks.permute(3, 2, 0, 1).contiguous()
        made.bias.data = bias.repeat(blocks.shape[3])
        layers += [made, nn.PixelShuffle(model.scale)]
        if last.shift:
            end = model.scale - last.shift
            layers.append(nn.ZeroPad2d((-last.shift, -end) * 2))
    else:
        channels, padding = kernel.shape[3], (last.kernel_size - 1) // 2
        made = nn.ConvTranspose2d(
            channels, 1, last.kernel_size, model.scale, padding, output_padding=model.scale - 1
        )
        made.weight.data, made.bias.data = kernel.permute(3, 2, 0, 1).contiguous(), bias
        layers.append(made)
    return nn.Sequential(*layers).eval()


def luma_contenders(model, luma, threads):
    """A dict from name to a call that enlarges `luma`, `(height, width)`, and gives an array."""
    from keras_pisr.inference import Network

    network, batch = Network(model), luma[None, ..., None]
    calls = {
        "keras_pisr.upscale": lambda: kp.upscale(network, luma),
        "Keras predict": lambda: model.predict_on_batch(batch)[0, ..., 0],
    }
    if not importlib.util.find_spec("torch"):
        return calls
    import torch

    torch.set_num_threads(threads)
    planes = torch.tensor(luma)[None, None]

    def run(network, planes):
        with torch.inference_mode():
            return network(planes).numpy()[0, 0]

    as_written = torch_network(model, subpixel=False)
    subpixel = torch_network(model, subpixel=True)
    calls["PyTorch, as written"] = lambda: run(as_written, planes)
    calls["PyTorch, subpixel"] = lambda: run(subpixel, planes)
    last = torch_network(model, subpixel=True).to(memory_format=torch.channels_last)
    turned = planes.to(memory_format=torch.channels_last)
    calls["PyTorch, subpixel, channels last"] = lambda: run(last, turned)
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnx"):
        import onnxruntime

        for name, form in {"subpixel": subpixel, "as written": as_written}.items():
            file, options = io.BytesIO(), onnxruntime.SessionOptions()
            names = {"input_names": ["lr"], "output_names": ["sr"]}
            torch.onnx.export(form, planes, file, dynamo=False, **names)
            options.intra_op_num_threads = threads
            session = onnxruntime.InferenceSession(
                file.getvalue(), options, providers=["CPUExecutionProvider"]
            )
            feed = {"lr": planes.numpy()}
            calls[f"ONNX Runtime, {name}"] = lambda session=session, feed=feed: session.run(
                None, feed
            )[0][0, 0]
    return calls


def rgb_contenders(model, image, scale, threads):
    """A dict from name to a call that enlarges the uint8 RGB `image`."""
    from PIL import Image

    size = image.shape[1] * scale, image.shape[0] * scale
    calls = {
        "keras_pisr.upscale": lambda: kp.upscale(model, image),
        "keras_pisr bicubic": lambda: kp.data.upscale(image, scale),
        "Pillow bicubic": lambda: np.asarray(
            Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
        ),
    }
    if importlib.util.find_spec("cv2"):
        import cv2

        cv2.setNumThreads(threads)
        calls["OpenCV bicubic"] = lambda: cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    return calls


def median_seconds(calls, repeats):
    """Measure turn by turn, so that other work on the machine affects all contestants equally."""
    times = {name: [] for name in calls}
    for _ in range(repeats + 1):
        for name, call in calls.items():
            # ONNX Runtime's threads stay active for a while after a run, and would slow the next
            # contestant.
            time.sleep(0.2)
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: float(np.median(x[1:])) for name, x in times.items()}


def main(settings):
    import keras

    keras.utils.set_random_seed(0)
    if settings.preset:
        model = kp.from_preset(settings.preset)
    else:
        model = kp.models.start_as_bicubic(kp.models.FSRCNN(scale=settings.scale))
    width, height = settings.size
    image = kp.data.sample_images("test")["coffee"]
    tiles = -(-height // image.shape[0]), -(-width // image.shape[1])
    image = np.ascontiguousarray(np.tile(image, (*tiles, 1))[:height, :width])
    luma = kp.data.rgb_to_y(image)[..., 0]
    megapixels = width * height * model.scale**2 / 1e6
    results, console = {}, Console()
    for job, calls in {
        "luma": luma_contenders(model, luma, settings.threads),
        "RGB": rgb_contenders(model, image, model.scale, settings.threads),
    }.items():
        if job == "luma":
            reference = model.predict_on_batch(luma[None, ..., None])[0, ..., 0].clip(0, 1)
            for name, call in calls.items():
                np.testing.assert_allclose(call().clip(0, 1), reference, atol=1e-5, err_msg=name)
        seconds = median_seconds(calls, settings.repeats)
        ours = seconds[next(iter(seconds))]
        table = Table(job, "ms", "MP/s", "time, ours = 1")
        for name, value in sorted(seconds.items(), key=lambda item: item[1]):
            cells = f"{1e3 * value:.1f}", f"{megapixels / value:.2f}", f"{value / ours:.2f}"
            table.add_row(name, *cells)
        console.print(table)
        results[job] = {name: megapixels / value for name, value in seconds.items()}
    if settings.out:
        content = {
            "before": f"{width}x{height}",
            "scale": model.scale,
            "preset": settings.preset,
            "threads": settings.threads,
            "backend": keras.backend.backend(),
            "machine": {"processor": platform.machine(), "cores": os.cpu_count()},
            "load_average": os.getloadavg(),
            "megapixels_per_second": results,
        }
        settings.out.parent.mkdir(parents=True, exist_ok=True)
        settings.out.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
