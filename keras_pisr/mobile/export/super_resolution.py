"""Export of a super-resolution student: options, checks in dB, and the printed results."""

import dataclasses
from typing import Annotated, Literal

import tyro

from keras_pisr.console.sizes import told_size
from keras_pisr.console.stages import tell

Number = Annotated[float | None, tyro.conf.arg(metavar="X")]


@dataclasses.dataclass(frozen=True)
class SuperResolutionOptions:
    """Options for super-resolution students."""

    color: Literal["luma", "rgb"] | None = None
    """luma: the file holds only the network, for apps that split colours themselves. rgb: the file
    takes and returns whole images, as `keras-pisr upscale` does [luma]."""
    target: Literal["cpu", "npu"] | None = None
    """npu: the file computes the same numbers with operations that MediaTek's and Samsung's NPUs
    also have, without DEPTH_TO_SPACE and PRELU; it needs --size [cpu]."""
    min_psnr: Number = None
    """Exit with code 1 if the file's PSNR on the test images is below this many dB."""
    max_loss: Number = None
    """Refuse a file whose PSNR is more than this many dB below the student's."""
    min_agreement: Number = None
    """Refuse a file if the PSNR between its output and the student's is below this many dB [90 for
    float32, 55 for float16, 35 for dynamic and int8]."""


def convert_and_check(
    model,
    temporary,
    *,
    preset,
    precision,
    pixels,
    size,
    calibration,
    images,
    wholly_delegated,
    options,
):
    """Convert to a temporary file and refuse it unless every check passes.

    Returns:
        `(FileFacts, Agreement)`.
    """
    from keras_pisr.forms.blocked import stored_weights
    from keras_pisr.forms.npu import check_npu_operations
    from keras_pisr.forms.phone import deployed_form
    from keras_pisr.mobile.export.agreement import check_agreement
    from keras_pisr.mobile.export.convert import convert, describe, model_scale
    from keras_pisr.mobile.export.file_facts import check_file
    from keras_pisr.mobile.runtime.tflite_model import TFLiteModel

    scale = model_scale(model)
    color, target = options.color or "luma", options.target or "cpu"
    convert(
        model,
        temporary,
        precision=precision,
        color=color,
        pixels=pixels,
        size=size,
        representative=None if calibration is None else folder_lumas(calibration, scale),
        target=target,
    )
    tell("Checking")
    file = TFLiteModel(temporary, trusted=True)
    in_blocks = size is not None and target == "cpu"
    facts = check_file(
        file,
        precision=precision,
        weights=stored_weights(deployed_form(model), size_known=in_blocks),
        # NPUs run a clip in 8 bit; XNNPACK does not.
        wholly_delegated=wholly_delegated and target == "cpu",
    )
    if target == "npu":
        check_npu_operations(facts)
    agreement = check_agreement(
        model,
        file,
        scale=scale,
        precision=precision,
        folder=images,
        floor=options.min_agreement,
        max_loss=options.max_loss,
    )
    describe(
        temporary,
        model,
        precision=precision,
        color=color,
        size=size,
        psnr=round(agreement.file_psnr, 3),
        psnr_of_keras=round(agreement.keras_psnr, 3),
        scored_on=f"{agreement.images} images of {images.name if images else 'scikit-image'}"
        + (f", {told_size(size)} px of each" if size else ""),
        **({} if preset is None else {"preset": preset}),
        **({} if target == "cpu" else {"target": target}),
    )
    return facts, agreement


def folder_lumas(folder, scale):
    """Photographs of a folder, shrunk by the student's scale."""
    from keras_pisr.data.images.color import rgb_to_y
    from keras_pisr.data.images.files import list_images, read_image
    from keras_pisr.data.images.resize import downscale

    # This number is enough for the ranges; a whole training set would only take longer.
    return [rgb_to_y(downscale(read_image(path), scale)) for path in list_images(folder)[:100]]


def shortcoming(agreement, options, name):
    """A sentence if the file is sound but scores too low, otherwise None."""
    if options.min_psnr is None or agreement.file_psnr >= options.min_psnr:
        return None
    of = "" if agreement.size is None else f"{told_size(agreement.size)} LR px of each of "
    return (
        f"{name} reaches {agreement.file_psnr:.2f} dB on {of}{agreement.images} images; "
        f"at least {options.min_psnr:g} dB was asked for."
    )


def described(agreement):
    """Rows of the table that `export.py` prints."""
    of = "" if agreement.size is None else f"{told_size(agreement.size)} LR px of each: "
    rows = {
        "against Keras": f"{agreement.agreement:.1f} dB on the worst of {agreement.images} images",
        "PSNR": f"{of}{agreement.file_psnr:.2f} dB; Keras {agreement.keras_psnr:.2f} dB; "
        f"change {round(-agreement.loss, 3) + 0:+.3f} dB",
    }
    if agreement.warning is not None:
        rows["warning"] = agreement.warning
    return rows
