"""How long a `.tflite` file takes, on this machine or on a phone."""
