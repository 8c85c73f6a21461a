"""Networks: the students, the privileged teacher, and what trains beside them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "recognition.backbone_recognizer": ["BackboneRecognizer"],
        "bicubic_enlargement": ["BicubicEnlargement"],
        "bicubic_start": ["start_as_bicubic"],
        "cost": ["multiply_accumulates"],
        "fsrcnn": ["FSRCNN"],
        "large.carn": ["CARN"],
        "large.idn": ["IDN"],
        "large.vdsr": ["VDSR"],
        "location_scale": ["LocationScale"],
        "plain_sr": ["PlainSR"],
        "privileged_teacher": ["PrivilegedTeacher"],
        "residual_fsrcnn": ["ResidualFSRCNN", "SubpixelResidual"],
        "recognition.resnet": ["ResNet"],
        "recognition.small_recognizer": ["SmallRecognizer"],
        "subpixel_deconvolution": ["SubpixelDeconvolution"],
        "feature_tap": ["tap"],
    },
)
