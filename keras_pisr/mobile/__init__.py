"""The path to the phone: convert, check, run and time TFLite files.

Running and timing need only NumPy and ai-edge-litert; only `to_tflite` imports TensorFlow.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
