"""What each method trains, with which networks and loss."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from horkd import run as horkd
from horkd.methods import ROWS
from horkd.networks import Networks
from horkd.settings import METHODS
from tests.recipes.horkd.small import settings

pytest.importorskip("tensorflow")


class Untrained:
    """Stages that build and train nothing, and remember what they were asked for."""

    def __init__(self, settings):
        self.settings = settings
        self.asked = {}

    def train(self, name, build, epochs):
        model, distiller = build()
        self.asked[name] = distiller, epochs
        return model


@pytest.mark.parametrize("schedule", ["sequential", "joint"])
@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains_what_its_row_says(name, schedule):
    made = settings("classification", None, schedule=schedule).resolved()
    networks, method = Networks(made, 5, 1), ROWS[name]
    stages = Untrained(made)
    models = horkd.train_method(stages, name, networks.teacher(), networks)
    student, epochs = stages.asked[name]
    assert models[name] is student.student
    assert set(student.weights_of_terms) == set(method.terms)
    assert student.student_sees == "lr"
    first = stages.asked.get(f"assistant_{name}")
    joint = schedule == "joint" and method.assistant and bool(method.terms)
    assert student.joint == joint
    assert (first is not None) == (method.assistant and not joint)
    if first is not None:
        assert first[0].student_sees == "hr" and first[0].sources == ["teacher"]
        assert student.sources == ["assistant"]
        assert first[0].weights_of_terms == student.weights_of_terms
    # Steps of training on HR and LR images together, the same for every way to spend them.
    total = epochs + (first[1] if first else 0)
    assert total == made.epochs * (2 if method.assistant or name == "plain_long" else 1)


def resnet(channels, classes, widths=(4, 6), **kwargs):
    return kp.models.ResNet(
        classes, blocks=(1, 1), widths=widths, stem="large", channels=channels, **kwargs
    )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("role", ["teacher", "assistant"])
def test_a_network_starts_from_one_of_other_classes(role, channels, tmp_path):
    pretrained = resnet(channels, classes=7)
    pretrained.save(tmp_path / "saved.keras")
    paths = {f"pretrained_{role}": tmp_path / "saved.keras"}
    made = settings("faces", None, widths=(4, 6), **paths).resolved()
    started = getattr(Networks(made, 5, 1), role)()
    gray = np.random.default_rng(0).random((2, 16, 16, 1)).astype("float32")
    expected = pretrained(np.repeat(gray, channels, axis=-1))["embedding"]
    np.testing.assert_allclose(started(gray)["embedding"], expected, rtol=1e-4, atol=1e-5)
    assert started(gray)["logits"].shape == (2, 5)


def test_a_network_of_another_architecture_is_no_start(tmp_path):
    resnet(1, classes=7, widths=(4, 8)).save(tmp_path / "saved.keras")
    made = settings("faces", None, pretrained_teacher=tmp_path / "saved.keras").resolved()
    with pytest.raises(ValueError, match="same widths"):
        Networks(made, 5, 1).teacher()


def test_label_smoothing_by_hand():
    logits = keras.ops.convert_to_tensor([[0.0, np.log(3.0)]])
    # Probabilities 1/4 and 3/4; the target (0, 1), then (0.1, 0.9).
    for smoothing, expected in [(0.0, np.log(4 / 3)), (0.2, 0.1 * np.log(4) + 0.9 * np.log(4 / 3))]:
        loss = horkd.crossentropy(2, smoothing)(np.array([1]), logits)
        np.testing.assert_allclose(loss, [expected], rtol=1e-6)
