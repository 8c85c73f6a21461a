"""The same student as a file of other runtimes: ONNX, OpenVINO, Core ML."""
