"""Tiny networks that learn from what only training can see, and ship to a phone.

Names are resolved on first use, so `import keras_pisr` costs next to nothing and
`keras-pisr --help` imports neither Keras nor TensorFlow.
"""

import lazy_loader

from keras_pisr.registration import register_with_keras

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]

register_with_keras()
