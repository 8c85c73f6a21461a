"""Runs `.tflite` files with NumPy and ai-edge-litert, without TensorFlow and Keras."""
