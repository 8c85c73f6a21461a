"""Tiny networks that learn from what only training can see, and ship to a phone.

Names are resolved on first use, so `import keras_pisr` costs next to nothing and
`keras-pisr --help` imports neither Keras nor TensorFlow.
"""

import lazy_loader

from keras_pisr.registration import register_with_keras

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "callbacks",
        "cli",
        "data",
        "distillers",
        "evaluation",
        "forms",
        "inference",
        "losses",
        "metrics",
        "mobile",
        "models",
        "optimizers",
        "presets",
    ],
    submod_attrs={
        "evaluation": ["evaluate", "plot_history", "side_by_side"],
        "inference": ["upscale"],
        "presets": ["from_preset", "load_student"],
    },
)
__all__ += ["__version__"]

register_with_keras()
