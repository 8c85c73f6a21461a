"""The path to the phone: convert, check, run and time TFLite files.

Running and timing need only NumPy and ai-edge-litert; TensorFlow is imported by `to_tflite`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "agreement": ["Agreement", "check_agreement"],
        "checks": ["FileFacts", "check_file"],
        "convert": ["to_tflite"],
        "deployed": ["deployed_form"],
        "quantized": ["quantized_form", "settle_ranges"],
        "recognition_agreement": ["RecognitionAgreement", "check_recognition"],
        "recognizer": ["recognizer_to_tflite"],
        "tflite_model": ["TFLiteModel"],
        "tflite_recognizer": ["TFLiteRecognizer"],
        "whole_image": ["whole_image"],
        "timing": ["Latency", "measure_latency"],
    },
)
