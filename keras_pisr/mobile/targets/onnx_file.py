"""Makes an ONNX file of a student, for ONNX Runtime on any system.

The file is written node by node. Keras' exporter uses tf2onnx 1.17, whose files of one model differ
from run to run: some have an axis too many, or a fixed batch.
"""

import keras
import numpy as np
from keras import layers

import keras_pisr
from keras_pisr.atomic import atomic_path
from keras_pisr.forms.int8.rounding import is_plain
from keras_pisr.forms.leaky import Leaky
from keras_pisr.forms.phone import deployed_form
from keras_pisr.mobile.targets.comparison import check_equal, missing
from keras_pisr.models import SubpixelDeconvolution, SubpixelResidual

# These versions are from 2022: ONNX Runtime 1.12, OpenCV 4.7 and newer releases read them.
OPSET, FORMAT = 17, 8


def to_onnx(model, path):
    """Convert a luma network to ONNX, and compare the file with the model.

    The file takes luma `lr`, float32 `(batch, 1, height, width)` in `[0, 1]`, of any size, and
    gives luma `hr`, `(batch, 1, scale * height, scale * width)`, with channels first, as is usual
    in ONNX. With one channel, the order in memory is the same in both layouts.

    Args:
        model: Functional Keras model from luma to luma. It is not changed.
        path: File to write.

    Returns:
        Largest difference between the output of the file in ONNX Runtime and that of the model.

    Raises:
        ImportError: If onnx or onnxruntime is not installed.
        ValueError: If the exporter does not know a layer, or the file computes something else. The
            file is then not written.

    Example:
        >>> to_onnx(student, "student.onnx")  # doctest: +SKIP
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise missing("onnx and onnxruntime", "onnx", error) from error
    network = onnx_network(deployed_form(model), model.name)
    onnx.checker.check_model(network, full_check=True)
    with atomic_path(path) as temporary:
        onnx.save(network, str(temporary))
        return check_equal(model, onnx_function(temporary))


def onnx_function(path, threads=1):
    """A function that runs a file of `to_onnx` with ONNX Runtime.

    Args:
        path: The file.
        threads: CPU threads.

    Returns:
        Function from luma `(batch, height, width, 1)` to luma.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    # With one channel, moving its axis makes no copy.
    return lambda luma: session.run(["hr"], {"lr": luma.transpose(0, 3, 1, 2)})[0].transpose(
        0, 2, 3, 1
    )


def onnx_network(deployed, name):
    """The `onnx.ModelProto` of a `deployed_form`."""
    from onnx import TensorProto, helper

    graph = _Graph(deployed)
    for operation in deployed.operations:
        graph.add_layer(operation)
    scale = deployed.compute_output_shape((1, 8, 8, 1))[1] // 8
    graph.node("Identity", [graph.names[id(deployed.outputs[0])]], "hr")
    ends = [
        helper.make_tensor_value_info(end, TensorProto.FLOAT, ["batch", 1, *axes])
        for end, axes in (("lr", ["height", "width"]), ("hr", ["hr_height", "hr_width"]))
    ]
    made = helper.make_graph(graph.nodes, name, ends[:1], ends[1:], graph.weights)
    network = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=FORMAT,
        producer_name="keras_pisr",
        producer_version=keras_pisr.__version__,
    )
    helper.set_model_props(network, {"scale": str(scale), "color": "luma"})
    return network


class _Graph:
    """The nodes and weights that have been added, and the names of tensors by id."""

    def __init__(self, deployed):
        self.nodes, self.weights = [], []
        self.names = {id(deployed.inputs[0]): "lr"}

    def node(self, kind, inputs, output, **attributes):
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name, array, dtype="float32"):
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array, dtype), name))
        return name

    def convolve(self, name, x, kernel, bias, before, after):
        """A convolution of stride 1 over an image with zeros added before and after each axis."""
        inputs = [
            x,
            self.constant(f"{name}.kernel", np.transpose(kernel, (3, 2, 0, 1))),
            self.constant(f"{name}.bias", bias),
        ]
        return self.node("Conv", inputs, name, pads=[before, before, after, after])

    def move(self, name, blocks, scale):
        """Channels to pixels."""
        if scale == 1:
            return blocks
        return self.node("DepthToSpace", [blocks], f"{name}.pixels", blocksize=scale)

    def add_layer(self, layer):
        """Add the nodes of a layer, and store the name of its output."""
        if isinstance(layer, layers.InputLayer):
            return
        tensors = layer.input if isinstance(layer.input, list) else [layer.input]
        self.names[id(layer.output)] = self._add(layer, [self.names[id(x)] for x in tensors])

    def _add(self, layer, x):
        name = layer.name
        if isinstance(layer, SubpixelDeconvolution):
            return self._deconvolve(layer, x[0])
        if is_plain(layer) and layer.activation is keras.activations.linear:
            size = layer.kernel_size[0]
            return self.convolve(name, x[0], *layer.get_weights(), (size - 1) // 2, size // 2)
        if isinstance(layer, Leaky):
            return self.node("LeakyRelu", x, name, alpha=layer.slope)
        if isinstance(layer, layers.PReLU):
            slopes = self.constant(f"{name}.slopes", layer.get_weights()[0].reshape(-1, 1, 1))
            return self.node("PRelu", [x[0], slopes], name)
        if type(layer) is layers.ReLU and (layer.max_value, layer.threshold) == (None, 0):
            # Leaky ReLUs are `Leaky` in a deployed form.
            return self.node("Relu", x, name)
        if isinstance(layer, layers.Add) and len(x) == 2:
            return self.node("Add", x, name)
        if isinstance(layer, SubpixelResidual):
            total = x[0] if len(x) == 1 else self.node("Add", x, f"{name}.sum")
            limits = [self.constant(f"{name}.{end}", float(end)) for end in (0, 1)]
            return self.move(name, self.node("Clip", [total, *limits], name), layer.scale)
        raise ValueError(
            f"{name!r} is a {type(layer).__name__}, which has no ONNX form here. Build the network "
            "of Conv2D, ReLUs, Add, SubpixelDeconvolution and SubpixelResidual."
        )

    def _deconvolve(self, layer, x):
        kernel = keras.ops.convert_to_numpy(layer.subpixel_kernel())
        bias = np.repeat(layer.get_weights()[1], layer.scale**2)
        after = layer.last + (1 if layer.shift else 0)
        blocks = self.convolve(layer.name, x, kernel, bias, -layer.first, after)
        pixels = self.move(layer.name, blocks, layer.scale)
        if not layer.shift:
            return pixels
        ends = {
            "starts": [layer.shift] * 2,
            "ends": [layer.shift - layer.scale] * 2,
            "axes": [2, 3],
        }
        names = [self.constant(f"{layer.name}.{key}", v, "int64") for key, v in ends.items()]
        return self.node("Slice", [pixels, *names], f"{layer.name}.within")
