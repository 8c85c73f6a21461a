"""What every model, layer, loss and distiller of the package promises, checked in one call each.

A new student's test is a few lines:

    def test_student(tmp_path):
        check_student(lambda: Student(scale=2, width=8), scale=2, parameters=123, folder=tmp_path)

All checks run on the backend that Keras is on.
"""

import keras
import numpy as np
import pytest
from keras import ops

import keras_pisr as kp
from keras_pisr.inference.network import Network
from keras_pisr.models.presettable import Presettable
from tests.losses.autodiff import gradient


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


def check_loss(loss, y_true, y_pred, *, alone=True, refused=None):
    """One float32 value per sample, weights and mean as in Keras, and a config that rebuilds it.

    Args:
        loss: A loss that averages over samples.
        y_true: Samples, in an array.
        y_pred: Their predictions, or a tuple of parts.
        alone: Whether a sample has the same value without the others.
        refused: What an error says to the arguments that cause it.
    """
    each = type(loss).from_config({**loss.get_config(), "reduction": "none"})
    values = array(each(y_true, y_pred))
    assert values.shape == y_true.shape[:1]
    np.testing.assert_allclose(loss(y_true, y_pred), values.mean(), rtol=1e-5)
    weights = np.arange(len(values), dtype="float32")
    weighted = loss(y_true, y_pred, sample_weight=weights)
    np.testing.assert_allclose(weighted, (weights * values).mean(), rtol=1e-5)
    for i in range(len(values) if alone else 0):
        value = loss(*keras.tree.map_structure(lambda part, i=i: part[[i]], (y_true, y_pred)))
        np.testing.assert_allclose(value, values[i], rtol=1e-5)
    np.testing.assert_array_equal(array(check_config(loss)(y_true, y_pred)), loss(y_true, y_pred))
    half = keras.tree.map_structure(lambda part: part.astype("float16"), (y_true, y_pred))
    result = in_precision("mixed_float16", lambda: check_config(loss)(*half))
    assert keras.backend.standardize_dtype(result.dtype) == "float32"
    wide = keras.tree.map_structure(lambda part: part.astype("float32"), half)
    np.testing.assert_allclose(result, loss(*wide), rtol=1e-6)
    for message, arguments in (refused or {}).items():
        with pytest.raises(ValueError, match=message):
            loss(*arguments)


def check_config(loss):
    """What the config rebuilds, and that it is the loss."""
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(copy) is type(loss) and copy.get_config() == loss.get_config()
    return copy


def check_guided_loss(loss, target, prediction, **kwargs):
    """`check_loss` of a prediction that follows a target: zero where equal, no gradient to it."""
    check_loss(loss, target, prediction, **kwargs)
    np.testing.assert_allclose(loss(target, target), 0, atol=1e-6)
    # The prediction depends on x too, lest there be nothing to differentiate.
    slope = gradient(lambda x: loss(x, prediction) + ops.sum(x), target)
    np.testing.assert_array_equal(slope, 1)


def weights_of(model):
    return [np.array(weight) for weight in model.get_weights()]


def same(one, two):
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def check_distiller(distiller, x, y, *, loss="mae", metrics=(), learners=(), folder=None):
    """Guides stay, what learns moves, terms add up, and `evaluate` changes nothing.

    Args:
        distiller: Not compiled yet.
        x: Inputs of a batch.
        y: Its targets.
        loss: For `compile`.
        metrics: For `compile`.
        learners: Networks that move beside the student.
        folder: Where to write a checkpoint, which is the student alone; by default none.
    """

    def check_logs(logs):
        terms = [logs.pop(name) for name in distiller.term_trackers]
        np.testing.assert_allclose(sum(terms), logs.pop("loss"), rtol=1e-5)
        assert terms and logs.keys() == {metric.name for metric in metrics}

    guides = [(guide, weights_of(guide)) for guide in distiller.guides]
    distiller.compile(keras.optimizers.SGD(0.1), loss=loss, metrics=list(metrics))
    before = weights_of(distiller)
    check_logs(distiller.evaluate(x, y, verbose=0, return_dict=True))
    assert same(before, weights_of(distiller))
    started = [(model, weights_of(model)) for model in (distiller.student, *learners)]
    path = folder and folder / "student.keras"
    checkpoint = [keras.callbacks.ModelCheckpoint(path)] if folder else []
    history = distiller.fit(x, y, verbose=0, callbacks=checkpoint).history
    check_logs({name: value for name, (value,) in history.items()})
    assert not any(same(weights, weights_of(model)) for model, weights in started)
    assert all(same(weights, weights_of(guide)) for guide, weights in guides)
    if folder:
        student = keras.saving.load_model(path)
        assert type(student) is type(distiller.student) and not student.compiled
        assert same(weights_of(student), weights_of(distiller.student))
