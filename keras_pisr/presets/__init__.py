"""Trained students by name: shipped in the package, from a folder, or from a model hub."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "catalog": ["CATALOG"],
        "keras_file": ["load_student"],
        "model_card": ["model_card"],
        "preset": ["from_preset", "save_to_preset"],
        "sources": ["near_names"],
    },
)
