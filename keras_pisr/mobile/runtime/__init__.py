"""Running `.tflite` files: NumPy and ai-edge-litert, no TensorFlow and no Keras."""
