"""The path to the phone: convert, check, run and time TFLite files.

Running and timing need only NumPy and ai-edge-litert; TensorFlow is imported by `to_tflite`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "export.agreement": ["Agreement", "check_agreement"],
        "export.file_facts": ["FileFacts", "check_file"],
        "export.convert": ["to_tflite"],
        "export.recognition_agreement": ["RecognitionAgreement", "check_recognition"],
        "export.convert_recognizer": ["recognizer_to_tflite"],
        "quantize": ["quantized_form", "settle_ranges"],
        "runtime.tflite_model": ["TFLiteModel"],
        "runtime.tflite_recognizer": ["TFLiteRecognizer"],
        "latency.timing": ["Latency", "measure_latency"],
    },
)
