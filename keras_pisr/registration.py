"""Lets Keras find the classes of this package in a saved model before they are imported.

`keras.saving.load_model` knows only registered classes, and a class is registered when its module
is imported. If `import keras_pisr` imported all of them, it would import Keras and a backend. Each
name is therefore registered with a stand-in, which imports the class when a saved model needs it.
"""

import importlib.util
import sys

# Name that Keras stores, behind "keras_pisr>", to the module that defines the class.
MODELS = {
    "BackboneRecognizer": "models.recognition.backbone_recognizer",
    "CARN": "models.large.carn",
    "FSRCNN": "models.fsrcnn",
    "IDN": "models.large.idn",
    "PrivilegedTeacher": "models.privileged_teacher",
    "ResNet": "models.recognition.resnet",
    "PlainSR": "models.plain_sr",
    "ResidualFSRCNN": "models.residual_fsrcnn",
    "SmallRecognizer": "models.recognition.small_recognizer",
    "VDSR": "models.large.vdsr",
}
CLASSES = MODELS | {
    "AngleLoss": "losses.angle",
    "BicubicEnlargement": "models.bicubic_enlargement",
    "DistanceLoss": "losses.distance",
    "FakeQuant": "forms.int8.fake_quant",
    "FakeQuantConv2D": "forms.int8.fake_quant",
    "FakeQuantSubpixelDeconvolution": "forms.int8.fake_quant",
    "FakeQuantSubpixelResidual": "forms.int8.fake_quant",
    "GaussianNLL": "losses.likelihood",
    "GroupedConv2D": "models.large.grouped_convolution",
    "IndividualLoss": "losses.individual",
    "LaplaceNLL": "losses.likelihood",
    "Leaky": "forms.leaky",
    "LocationScale": "models.location_scale",
    "LogitLoss": "losses.logits",
    "PSNR": "metrics.peak_signal_to_noise",
    "SOAP": "optimizers.soap",
    "SSIM": "metrics.structural_similarity",
    "SubpixelDeconvolution": "models.subpixel_deconvolution",
    "SubpixelResidual": "models.residual_fsrcnn",
    "WholeAndRest": "forms.int8.pixel_layers",
    "WithPixels": "forms.int8.pixel_layers",
}


def package_class(name):
    """The class that `CLASSES` lists under `name`; imports its module."""
    return getattr(importlib.import_module(f"keras_pisr.{CLASSES[name]}"), name)


def stand_in(name):
    """A class whose `from_config` is that of the class for which it stands."""

    def from_config(cls, config, **kwargs):
        return package_class(name).from_config(config, **kwargs)

    return type(name, (), {"from_config": classmethod(from_config), "get_config": None})


def register():
    """Register a stand-in for each class that is not imported yet."""
    from keras import saving

    for name in CLASSES:
        if saving.get_registered_object(f"keras_pisr>{name}") is None:
            saving.register_keras_serializable(package="keras_pisr", name=name)(stand_in(name))


class AfterKeras:
    """Calls `register` when any code imports Keras."""

    def find_spec(self, name, path=None, target=None):
        """Python's import hook: returns the spec of Keras, whose loader registers at its end."""
        if name != "keras":
            return None
        # The other hooks are asked, without this one.
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                # Only an import ends this hook: TensorFlow asks for the spec without importing.
                if self in sys.meta_path:
                    sys.meta_path.remove(self)
                execute(module)
                register()

            spec.loader.exec_module = exec_module
        return spec


def register_with_keras():
    """Register now if Keras is imported, otherwise when it is imported."""
    if hasattr(sys.modules.get("keras"), "saving"):
        register()
    else:
        sys.meta_path.insert(0, AfterKeras())
