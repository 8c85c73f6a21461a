"""What `export.py` does with a super-resolution student: options, checks in dB, words."""

import dataclasses
from typing import Annotated, Literal

import tyro

Number = Annotated[float | None, tyro.conf.arg(metavar="X")]


@dataclasses.dataclass(frozen=True)
class SuperResolutionOptions:
    """Of super-resolution students."""

    color: Literal["luma", "rgb"] | None = None
    """luma: the network alone, for apps that split colours themselves. rgb: whole images in and
    out, as `keras-pisr upscale` makes them [luma]."""
    min_psnr: Number = None
    """Exit with code 1 if the file's PSNR on these images is below this, dB."""
    max_loss: Number = None
    """Refuse a file that loses more than this against the student, dB."""
    min_agreement: Number = None
    """Refuse a file whose output is further from the student's than this, as PSNR between the
    two, dB [90 for float32, 55 for float16, 35 in 8 bit]."""


def convert_and_check(
    model, temporary, *, precision, pixels, size, calibration, images, wholly_delegated, options
):
    """Convert to a temporary file and refuse it unless every check passes.

    Returns:
        `(FileFacts, Agreement)`.
    """
    from keras_pisr.mobile.export.agreement import check_agreement
    from keras_pisr.mobile.export.convert import model_scale, to_tflite
    from keras_pisr.mobile.export.file_facts import check_file
    from keras_pisr.mobile.runtime.metadata import write_metadata
    from keras_pisr.mobile.runtime.tflite_model import TFLiteModel

    scale = model_scale(model)
    to_tflite(
        model,
        temporary,
        precision=precision,
        color=options.color or "luma",
        pixels=pixels,
        size=size,
        representative=None if calibration is None else folder_lumas(calibration, scale),
    )
    facts = check_file(
        temporary,
        precision=precision,
        weights=model.count_params(),
        wholly_delegated=wholly_delegated,
    )
    agreement = check_agreement(
        model,
        TFLiteModel(temporary),
        scale=scale,
        precision=precision,
        folder=images,
        floor=options.min_agreement,
        max_loss=options.max_loss,
    )
    write_metadata(
        temporary,
        psnr=round(agreement.file_psnr, 3),
        psnr_of_keras=round(agreement.keras_psnr, 3),
        scored_on=f"{agreement.images} images of {images.name if images else 'scikit-image'}",
    )
    return facts, agreement


def folder_lumas(folder, scale):
    """Photographs of a folder, made small by the student's scale."""
    from keras_pisr.data.images.color import rgb_to_y
    from keras_pisr.data.images.files import list_images, read_image
    from keras_pisr.data.images.resize import downscale

    # So many settle the ranges; a whole training set would only take longer.
    return [rgb_to_y(downscale(read_image(path), scale)) for path in list_images(folder)[:100]]


def shortcoming(agreement, options, name):
    """A sentence if the file is sound but scores too low, otherwise None."""
    if options.min_psnr is None or agreement.file_psnr >= options.min_psnr:
        return None
    return (
        f"{name} reaches {agreement.file_psnr:.2f} dB on {agreement.images} images; "
        f"at least {options.min_psnr:g} dB was asked for."
    )


def described(agreement):
    """Rows of the table that `export.py` prints."""
    return {
        "against Keras": f"{agreement.agreement:.1f} dB on the worst of {agreement.images} images",
        "PSNR": f"{agreement.file_psnr:.2f} dB; Keras {agreement.keras_psnr:.2f} dB; "
        f"change {round(-agreement.loss, 3) + 0:+.3f} dB",
    }
