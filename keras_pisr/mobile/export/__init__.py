"""A student to a `.tflite` file, and whether the file does what the student does."""
