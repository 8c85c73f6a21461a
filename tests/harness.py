"""What every model, layer, loss and distiller of the package promises, checked in one call each.

A new student's test is a few lines:

    def test_student(tmp_path):
        check_student(lambda: Student(scale=2, width=8), scale=2, parameters=123, folder=tmp_path)

All checks run on the backend that Keras is on.
"""

import keras
import numpy as np
from keras import ops

import keras_pisr as kp
from keras_pisr.inference.network import Network
from keras_pisr.models.presettable import Presettable


def array(tensor):
    return ops.convert_to_numpy(tensor)


def arrays(outputs):
    """Output or dict of outputs, as name to array."""
    return {
        k: array(v) for k, v in (outputs if isinstance(outputs, dict) else {"": outputs}).items()
    }


def random(shape, seed=0):
    return np.random.default_rng(seed).random(shape, "float32")


def in_precision(policy, function):
    """What `function` returns while Keras' dtype policy is another one."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        return function()
    finally:
        keras.config.set_dtype_policy(before)


def assert_same(ours, theirs):
    """The same outputs, to the bit."""
    ours, theirs = arrays(ours), arrays(theirs)
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name])


def check_model(make, *, parameters, inputs, shapes, folder):
    """Counts, shapes, precision, and that a file and a preset give the model back.

    Args:
        make: Function that makes the model.
        parameters: Number of its weights.
        inputs: Batches of several sizes.
        shapes: Shapes of the outputs for each: a tuple, or a dict of them.
        folder: Where to write.
    """
    model = make()
    assert model.count_params() == parameters
    for batch, expected in zip(inputs, shapes, strict=True):
        expected = expected if isinstance(expected, dict) else {"": expected}
        assert {name: x.shape for name, x in arrays(model(batch)).items()} == expected
    check_saving(model, inputs[0], folder)
    mixed = in_precision("mixed_bfloat16", lambda: make()(inputs[0]))
    mixed = mixed.values() if isinstance(mixed, dict) else [mixed]
    assert {keras.backend.standardize_dtype(x.dtype) for x in mixed} == {"float32"}


def check_saving(model, inputs, folder):
    """A `.keras` file, and a preset if the class has presets, give the model back."""
    outputs = model(inputs)
    model.save(folder / "model.keras")
    copies = [
        keras.saving.load_model(folder / "model.keras"),
        kp.load_student(folder / "model.keras"),
    ]
    if isinstance(model, Presettable):
        model.save_to_preset(folder / "preset")
        copies.append(type(model).from_preset(folder / "preset"))
    for copy in copies:
        assert type(copy) is type(model)
        assert plain_config(copy) == plain_config(model)
        assert_same(copy(inputs), outputs)


def plain_config(model):
    """Arguments that are plain values: a nested model's config notes the shapes it has seen."""
    nested = ("backbone", "decoder", "encoder")
    return {name: value for name, value in model.get_config().items() if name not in nested}


def check_upscaler(make, *, scale, parameters, folder, channels=1):
    """`check_model` of a super-resolution network, which takes images of any size."""
    sizes = [(8, 8), (7, 13)]
    check_model(
        make,
        parameters=parameters,
        inputs=[random((2, *size, channels)) for size in sizes],
        shapes=[(2, height * scale, width * scale, channels) for height, width in sizes],
        folder=folder,
    )
    model = make()
    inner = model.compute_output_shape((2, None, 13, channels))
    assert tuple(inner) == (2, None, 13 * scale, channels)


def check_student(make, *, scale, parameters, folder, feature="features"):
    """`check_upscaler`, tiles, the teacher around it, and distillation of its `feature`.

    Args:
        make: Function that makes a narrow variant, which also runs in small tiles.
        scale, parameters, folder: See `check_upscaler`.
        feature: The layer to distil.
    """
    check_upscaler(make, scale=scale, parameters=parameters, folder=folder)
    student = make()
    check_tiles(student)
    teacher = kp.models.PrivilegedTeacher(make())
    lr, hr = random((2, 6, 5, 1)), random((2, 6 * scale, 5 * scale, 1))
    assert teacher.encoder(hr).shape == lr.shape and teacher(hr).shape == hr.shape
    distiller = kp.distillers.PrivilegedDistiller(
        teacher=teacher, student=student, feature=feature, start_from_decoder=False
    )
    check_distiller(distiller, lr, hr)
    mask = np.ones(hr.shape[:3], "float32")
    weighed, plain = (distiller.evaluate(lr, hr, sample_weight=w, verbose=0) for w in (mask, None))
    np.testing.assert_allclose(weighed, plain, rtol=1e-4)


def check_tiles(model):
    """An image in tiles is the image uncut."""
    network = Network(model)
    tile = 2 * network.radius + 3
    image = random((tile + 6, tile + 2))
    np.testing.assert_allclose(
        kp.upscale(network, image, tile=tile), kp.upscale(network, image), atol=1e-5
    )


def check_recognizer(make, *, parameters, folder):
    """`check_model` of a network with an embedding and logits, `make(classes=5, embedding=6)`."""
    check_model(
        lambda: make(classes=5, embedding=6),
        parameters=parameters,
        inputs=[random((3, 16, 16, 3)), random((3, 17, 14, 3))],
        shapes=[{"embedding": (3, 6), "logits": (3, 5)}] * 2,
        folder=folder,
    )


def check_layer(make, inputs, *, folder):
    """Inside a model, a layer is saved and loaded, and knows its output's shape."""
    outputs = make()(inputs)
    assert tuple(make().compute_output_shape(inputs.shape)) == tuple(outputs.shape)
    images = keras.Input((*(None for _ in inputs.shape[1:-1]), inputs.shape[-1]))
    model = keras.Model(images, make()(images))
    model.save(folder / "layer.keras")
    assert_same(keras.saving.load_model(folder / "layer.keras")(inputs), model(inputs))


def check_loss(loss, y_true, y_pred):
    """One value per sample, weights and mean as in Keras, and a config that rebuilds it.

    Args:
        loss: A loss that averages over samples that do not know of each other.
        y_true: Two samples.
        y_pred: Their predictions, or a tuple of parts.
    """
    parts = y_pred if isinstance(y_pred, tuple) else (y_pred,)

    def value(samples, **kwargs):
        chosen = tuple(part[samples] for part in parts)
        return float(loss(y_true[samples], chosen if len(parts) > 1 else chosen[0], **kwargs))

    first, second, both = value([0]), value([1]), value([0, 1])
    np.testing.assert_allclose(both, (first + second) / 2, rtol=1e-5)
    weighted = value([0, 1], sample_weight=np.array([3.0, 0.0], "float32"))
    np.testing.assert_allclose(weighted, 3 * first / 2, rtol=1e-5)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(copy) is type(loss) and copy.get_config() == loss.get_config()
    np.testing.assert_array_equal(array(copy(y_true, y_pred)), array(loss(y_true, y_pred)))


def check_distiller(distiller, x, y):
    """Guides stay, the student moves, terms add up, and `evaluate` changes nothing."""
    student = distiller.student
    guides = [guide.get_weights() for guide in distiller.guides]
    distiller.compile(keras.optimizers.SGD(0.1), loss="mae")
    before = distiller.get_weights()
    logs = distiller.evaluate(x, y, verbose=0, return_dict=True)
    for ours, theirs in zip(before, distiller.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    terms = sum(value for name, value in logs.items() if name in distiller.term_trackers)
    np.testing.assert_allclose(terms, logs["loss"], rtol=1e-5)
    started = student.get_weights()
    distiller.fit(x, y, verbose=0)
    assert any(np.any(a != b) for a, b in zip(started, student.get_weights(), strict=True))
    for guide, weights in zip(distiller.guides, guides, strict=True):
        for ours, theirs in zip(guide.get_weights(), weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)
