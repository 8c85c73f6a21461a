"""The networks of the PISR recipes, and their initial weights."""

import keras_pisr as kp
from keras_pisr.cli.model_argument import TRAINABLE, super_resolution_model
from keras_pisr.distillers.copy_weights import copy_weights

NETWORKS = {
    "fsrcnn": kp.models.FSRCNN,
    "residual_fsrcnn": kp.models.ResidualFSRCNN,
    "plain_sr": kp.models.PlainSR,
    "vdsr": kp.models.VDSR,
    "idn": kp.models.IDN,
    "carn": kp.models.CARN,
    "carn_m": kp.models.CARN,
}


def new_network(settings):
    """The chosen network."""
    options = {"slope_per_channel": True} if settings.slope_per_channel else {}
    if settings.student == "plain_sr":
        options["size"] = settings.size
    if settings.student == "carn_m":
        options["mobile"] = True
    return NETWORKS[settings.student](scale=settings.scale, **options)


def title(settings):
    """Name of the chosen network in tables."""
    return NETWORKS[settings.student].__name__ + ("-M" if settings.student == "carn_m" else "")


def started(model, upscaler, settings):
    """Give `model`, a student or the teacher around `upscaler`, the chosen start."""
    if settings.start == "bicubic":
        kp.models.start_as_bicubic(model, seed=settings.seed)
    if settings.start_from:
        other = "change --student, --size, --slope-per-channel or --start-from"
        source = trained(settings)
        check_architecture(f"--start-from {settings.start_from}", source, upscaler, other)
        copy_weights(source, upscaler, otherwise=other)
    if settings.start_body_from:
        copy_body(settings.start_body_from, upscaler)
    return model


def trained(settings):
    """The student that `--start-from` names."""
    path = settings.start_from
    model, _ = super_resolution_model(path, accept=TRAINABLE)
    if getattr(model, "scale", None) != settings.scale:
        raise ValueError(f"--start-from {path} is not a student for x{settings.scale}.")
    return model


def check_architecture(name, source, target, otherwise):
    """Raise a `ValueError` that names what differs in the shapes of two networks' weights."""
    shapes = [[tuple(weight.shape) for weight in model.weights] for model in (source, target)]
    theirs, ours = (
        {"architecture": type(model).__name__} | model.get_config() for model in (source, target)
    )
    differing = [x for x in ours if x not in ("name", "dtype") and theirs.get(x) != ours[x]]
    if shapes[0] != shapes[1] and differing:
        first = differing[0].replace("_", " ")
        raise ValueError(
            f"{name} has {first} {theirs[differing[0]]}, and this run has {first} "
            f"{ours[differing[0]]}: {otherwise}."
        )


def copy_body(path, student):
    """Give a PlainSR the blocks before `features` of a trained one, of any scale."""
    source, _ = super_resolution_model(path, accept=TRAINABLE)
    if not isinstance(source, kp.models.PlainSR) or source.blocks() != student.blocks():
        raise ValueError(f"--start-body-from {path} is not a plain_sr of this --size.")
    for name in source.blocks():
        weights = source.get_layer(f"{name}_conv").get_weights()
        student.get_layer(f"{name}_conv").set_weights(weights)


def new_student(settings):
    """The chosen network with the chosen start."""
    student = new_network(settings)
    return started(student, student, settings)


def new_teacher(settings):
    """A privileged teacher around the student's network, with the chosen start."""
    teacher = kp.models.PrivilegedTeacher(new_network(settings))
    return started(teacher, teacher.decoder, settings)
