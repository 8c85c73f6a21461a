"""The scores of one evaluation: rows, means, and their forms for files and tables."""

from __future__ import annotations

import csv
import dataclasses
import json
import platform
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_pisr.atomic import atomic_path

if TYPE_CHECKING:
    import os

    from rich.table import Table


PROTOCOL = (
    "Y of BT.601 (16-235; gray files as they are), prediction clipped and rounded to 8 bit, "
    "reference not rounded, `scale` px shaved from each side; PSNR with peak 1; SSIM 11x11 "
    "Gaussian, sigma 1.5, valid; means over images"
)


@dataclasses.dataclass(frozen=True)
class ImageScore:
    """Scores of one image.

    Attributes:
        name: File name of the high-resolution image.
        psnr: Peak signal-to-noise ratio, dB (100 for identical images).
        ssim: Structural similarity, at most 1.
        height: Height of the compared image before shaving, px.
        width: Its width, px.
    """

    name: str
    psnr: float
    ssim: float
    height: int
    width: int


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Scores of a model on a folder of images.

    Attributes:
        model: Name of the model.
        folder: Name of the folder.
        scale: Upscaling factor.
        lr: Source of the low-resolution images.
        rows: One `ImageScore` per image.
    """

    model: str
    folder: str
    scale: int
    lr: str
    rows: tuple[ImageScore, ...]

    @property
    def psnr(self) -> float:
        """Mean over images, dB."""
        return float(np.mean([row.psnr for row in self.rows]))

    @property
    def ssim(self) -> float:
        """Mean over images."""
        return float(np.mean([row.ssim for row in self.rows]))

    def to_dict(self) -> dict[str, Any]:
        """Means, rows by image name, and how the scores were made, in plain types for JSON."""
        images = {row.name: dataclasses.asdict(row) for row in self.rows}
        for image in images.values():
            del image["name"]
        return {
            "model": self.model,
            "folder": self.folder,
            "scale": self.scale,
            "psnr": self.psnr,
            "ssim": self.ssim,
            "images": images,
            "lr": self.lr,
            "protocol": PROTOCOL,
            "versions": _versions(),
        }

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write `to_dict()` to a JSON file."""
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write one line per image, and the mean last, to a CSV file."""
        with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as f:
            writer = csv.writer(f)
            writer.writerow(["name", "psnr", "ssim", "height", "width"])
            writer.writerows(dataclasses.astuple(row) for row in self.rows)
            writer.writerow(["mean", self.psnr, self.ssim, "", ""])

    def table(self) -> Table:
        """The rows and their mean as a `rich.table.Table`."""
        from rich.markup import escape
        from rich.table import Table

        title = escape(f"{self.model} on {self.folder}, x{self.scale}")
        table = Table(title=title, caption=f"LR: {self.lr}", show_footer=True)
        table.add_column("image", footer=f"mean of {len(self.rows)}")
        table.add_column("width x height, px", justify="right")
        table.add_column("PSNR, dB", f"{self.psnr:.2f}", justify="right")
        table.add_column("SSIM", f"{self.ssim:.4f}", justify="right")
        for row in self.rows:
            size = f"{row.width}x{row.height}"
            table.add_row(escape(row.name), size, f"{row.psnr:.2f}", f"{row.ssim:.4f}")
        return table


def _versions():
    import PIL

    import keras_pisr

    versions = {
        "python": platform.python_version(),
        "keras_pisr": keras_pisr.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
    }
    # Only modules that are already imported are listed, because naming a backend must not import
    # it.
    keras = sys.modules.get("keras")
    if keras is not None:
        backend = keras.backend.backend()
        versions |= {"keras": keras.__version__, "backend": backend}
        versions[backend] = sys.modules[backend].__version__
    return versions
