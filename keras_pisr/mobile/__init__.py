"""The path to the phone: convert, check, run and time TFLite files.

Running and timing need only NumPy and ai-edge-litert; TensorFlow is imported by `to_tflite`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
