"""Converts a student to a `.tflite` file, and checks that the file computes the same."""
