"""Runs one contestant of `runtimes.py` in a separate process.

    python benchmarks/runtimes_worker.py CONTESTANT THREADS FOLDER

FOLDER holds the same network in every form (`runtimes_networks.py`) and `lr.npy`. The program
writes its output to FOLDER and prints "ready". Then it reads numbers of calls, and answers each
with the seconds of these calls, from array to array: a list of wall times and a list of processor
times.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

CONTESTANTS = [
    "keras_pisr .tflite",
    "keras_pisr .tflite for every size",
    "ONNX Runtime",
    "ONNX Runtime, blocks",
    "ONNX Runtime, transposed convolution",
    "OpenCV DNN",
    "OpenCV DNN, blocks",
    "OpenCV DNN, transposed convolution",
    "TensorFlow function",
    "TensorFlow function, XLA",
    "Keras predict",
]
FORMS = {
    "": "subpixel.onnx",
    "blocks": "blocks.onnx",
    "transposed convolution": "transposed.onnx",
}


def runner(name, threads, folder):
    """A function from float32 `(1, height, width, 1)` to float32 of as many axes."""
    onnx = str(folder / FORMS.get(name.partition(", ")[2], ""))
    if name.startswith("keras_pisr"):
        from keras_pisr.mobile import TFLiteModel

        file = "any_size.tflite" if name.endswith("every size") else "student.tflite"
        return TFLiteModel(folder / file, threads=threads)
    if name.startswith("ONNX Runtime"):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        return lambda lr: session.run(None, {"lr": lr.reshape(1, 1, *lr.shape[1:3])})[0]
    if name.startswith("OpenCV"):
        import cv2

        cv2.setNumThreads(threads)
        network = cv2.dnn.readNetFromONNX(onnx)

        def opencv(lr):
            network.setInput(lr.reshape(1, 1, *lr.shape[1:3]))
            return network.forward()

        return opencv
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    from keras_pisr.presets.keras_file import load_student

    model = load_student(folder / "student.keras")
    if name == "Keras predict":
        return lambda lr: model.predict(lr, verbose=0)
    function = tf.function(
        lambda lr: model(lr, training=False), jit_compile=name.endswith("XLA"), autograph=False
    )
    return lambda lr: function(tf.constant(lr)).numpy()


def main(name, threads, folder):
    """Answer until the input ends."""
    # Each contestant gets as many cores as threads, so that the conditions are equal.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    lr = np.load(folder / "lr.npy")
    run = runner(name, threads, folder)
    output = run(lr)
    np.save(folder / f"{name}.npy", output.reshape(output.size // lr.shape[2] // 2, -1))
    print("ready", flush=True)
    for line in sys.stdin:
        wall, processor = [], []
        for _ in range(int(line)):
            start = time.perf_counter(), time.process_time()
            run(lr)
            wall.append(time.perf_counter() - start[0])
            processor.append(time.process_time() - start[1])
        print(json.dumps([wall, processor]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
