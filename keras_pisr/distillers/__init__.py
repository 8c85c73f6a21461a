"""Keras models that train a student with frozen guides, by `model.fit`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "distiller": ["Distiller"],
        "hybrid_order": ["HybridOrderDistiller"],
        "privileged": ["PrivilegedDistiller", "PrivilegedTeacherTrainer"],
    },
)
