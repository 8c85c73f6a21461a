"""Converts students to files of other runtimes: ONNX, OpenVINO, Core ML."""
