"""The same FSRCNN x2 for every runtime: `.keras`, `.tflite`, and three forms of ONNX.

The ONNX files are written node by node in the form that suits the runtimes: channels first, leaky
ReLUs that runtimes fuse into the convolutions, and one of three ends. The end is the convolution
and depth-to-space of the Keras model, the same in blocks of 2x2 pixels as in the `.tflite`, or the
transposed convolution of the paper.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import keras_pisr as kp
from keras_pisr.forms.blocked import block_kernel

OPSET = 17


def write_networks(student, folder, size):
    """Write `student.keras`, two `.tflite` and three `.onnx` files to a folder.

    Args:
        student: `FSRCNN` with scale 2 and one slope per layer.
        folder: Folder to write to.
        size: LR `(height, width)`, px, both even. All files but `any_size.tflite` take only this.
    """
    student.save(folder / "student.keras")
    kp.mobile.to_tflite(student, folder / "student.tflite", size=size)
    kp.mobile.to_tflite(student, folder / "any_size.tflite")
    for form in ("subpixel", "blocks", "transposed"):
        model = onnx_model(student, size, form)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, folder / f"{form}.onnx")


def onnx_model(student, size, form):
    """An `onnx.ModelProto` with the weights of a student."""
    nodes, weights, x = [], [], "lr"

    def add(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def weight(name, array):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(array, "float32"), name))
        return name

    def convolve(x, name, kernel, bias):
        names = [x, weight(f"{name}_kernel", kernel), weight(f"{name}_bias", bias)]
        return add("Conv", names, name, pads=[kernel.shape[2] // 2] * 4)

    for layer in student.layers[1:-1]:
        if layer.name.endswith("_conv"):
            kernel, bias = layer.get_weights()
            x = convolve(x, layer.name, kernel.transpose(3, 2, 0, 1), bias)
        else:
            x = add("LeakyRelu", [x], layer.name, alpha=float(layer.get_weights()[0].item()))
    last = student.layers[-1]
    kernel, bias = last.get_weights()
    if last.scale != 2 or last.shift != 0:
        raise ValueError(f"Expected a student for x2; got x{last.scale}.")
    if form == "subpixel":
        subpixel = np.asarray(last.subpixel_kernel()).transpose(3, 2, 0, 1)
        x = convolve(x, "blocks", subpixel, np.repeat(bias, 4))
        x = add("DepthToSpace", [x], "hr", blocksize=2)
    elif form == "blocks":
        # The channels are (block row, row, block column, column), so that pixels move once, not
        # twice.
        blocks = np.asarray(block_kernel(last.subpixel_kernel()))
        blocks = blocks.reshape(*blocks.shape[:3], 2, 2, 2, 2).swapaxes(4, 5)
        blocks = blocks.reshape(*blocks.shape[:3], 16).transpose(3, 2, 0, 1)
        names = [x, weight("last_kernel", blocks), weight("last_bias", np.repeat(bias, 16))]
        x = add("Conv", names, "blocks", pads=[2] * 4, strides=[2, 2])
        x = add("DepthToSpace", [x], "hr", blocksize=4)
    else:
        names = [x, weight("last_kernel", kernel.transpose(3, 2, 0, 1)), weight("last_bias", bias)]
        options = {"strides": [2, 2], "pads": [4] * 4, "output_padding": [1, 1]}
        x = add("ConvTranspose", names, "hr", **options)
    height, width = size
    ends = [
        helper.make_tensor_value_info("lr", TensorProto.FLOAT, [1, 1, height, width]),
        helper.make_tensor_value_info("hr", TensorProto.FLOAT, [1, 1, 2 * height, 2 * width]),
    ]
    graph = helper.make_graph(nodes, "fsrcnn", ends[:1], ends[1:], weights)
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)
