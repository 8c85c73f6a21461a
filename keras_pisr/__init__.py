"""Tiny networks that learn from what only training can see, and ship to a phone.

Names are resolved on first use, so `import keras_pisr` costs next to nothing and
`keras-pisr --help` imports neither Keras nor TensorFlow.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "callbacks",
        "data",
        "distillers",
        "inference",
        "losses",
        "metrics",
        "mobile",
        "models",
        "optimizers",
        "presets",
    ],
    submod_attrs={
        "curves": ["plot_history"],
        "evaluation": ["evaluate"],
        "loading": ["load_student"],
        "inference": ["upscale"],
        "presets": ["from_preset"],
        "pictures": ["side_by_side"],
    },
)
__all__ += ["__version__"]
