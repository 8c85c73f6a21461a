"""Times `.tflite` files on this machine or on a phone."""
