"""Which networks the settings name, and what they start from."""

import json

import numpy as np
import pytest

import keras_pisr as kp
from pisr import networks
from pisr import run as pisr
from tests.recipes.pisr.small import settings

pytestmark = pytest.mark.slow


@pytest.mark.core
def test_the_recommended_network_is_distilled_at_its_features(tmp_path):
    out = tmp_path / "run"
    pisr.run(settings(out, student="plain_sr", epochs=1, controls=()))
    student = kp.load_student(out / "student.keras")
    assert isinstance(student, kp.models.PlainSR) and student.size == "small"
    assert json.loads((out / "settings.json").read_text())["feature"] == "features"
    medium = settings(out, student="plain_sr", size="medium").resolved()
    assert pisr.new_student(medium).features == 32
    with pytest.raises(ValueError, match="are for --student plain_sr"):
        settings(out, size="medium").resolved()


@pytest.mark.core
@pytest.mark.parametrize(
    ("student", "kind", "title"),
    [("vdsr", "VDSR", "VDSR"), ("idn", "IDN", "IDN")]
    + [("carn", "CARN", "CARN"), ("carn_m", "CARN", "CARN-M")],
)
def test_the_papers_other_students_are_distilled_at_their_features(tmp_path, student, kind, title):
    chosen = settings(tmp_path, student=student).resolved()
    model = pisr.new_student(chosen)
    assert type(model) is getattr(kp.models, kind) and networks.title(chosen) == title
    assert getattr(model, "mobile", False) == (student == "carn_m")
    assert chosen.feature == "features" and model.get_layer("features")
    assert type(pisr.new_teacher(chosen).decoder) is type(model)


@pytest.mark.core
def test_a_body_can_be_taken_from_another_scale(tmp_path):
    before = kp.models.PlainSR(2)
    before.save(tmp_path / "x2.keras")
    chosen = settings(
        tmp_path,
        scale=3,
        patch_size=24,
        student="plain_sr",
        start_body_from=str(tmp_path / "x2.keras"),
    )
    student = pisr.new_student(chosen.resolved())
    kernels = [model.get_layer("body_5_conv").get_weights()[0] for model in (before, student)]
    np.testing.assert_array_equal(*kernels)
    bicubic = kp.models.start_as_bicubic(kp.models.PlainSR(3)).get_layer("linear").get_weights()[0]
    np.testing.assert_array_equal(student.get_layer("linear").get_weights()[0], bicubic)
    kp.models.FSRCNN(2).save(tmp_path / "fsrcnn.keras")
    other = settings(
        tmp_path, student="plain_sr", start_body_from=str(tmp_path / "fsrcnn.keras")
    ).resolved()
    with pytest.raises(ValueError, match="is not a plain_sr of this --size"):
        pisr.new_student(other)


@pytest.mark.core
def test_a_trained_student_can_be_gone_on_from(tmp_path):
    wanted = kp.from_preset("fsrcnn_x2")
    wanted.save(tmp_path / "before.keras")
    for start in ("fsrcnn_x2", str(tmp_path / "before.keras")):
        chosen = settings(tmp_path, start_from=start, slope_per_channel=True).resolved()
        assert chosen.learning_rate == 3e-4
        for network in (pisr.new_student(chosen), pisr.new_teacher(chosen).decoder):
            for ours, theirs in zip(network.get_weights(), wanted.get_weights(), strict=True):
                np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"start_from": "fsrcnn_x2"}, "has slope per channel True, .* slope per channel False"),
        (
            {"start_from": "plain_sr_x2_small", "student": "plain_sr", "size": "medium"},
            "plain_sr_x2_small has size small, and this run has size medium",
        ),
        ({"start_from": "plain_sr_x2_small"}, "architecture PlainSR, .* architecture FSRCNN"),
        ({"start_from": "fsrcnn_x3", "slope_per_channel": True}, "not a student for x2"),
        ({"start_from": "fsrcn_x2"}, "Did you mean fsrcnn_x2"),
    ],
)
def test_a_student_that_does_not_fit_is_refused_before_training(tmp_path, changes, message):
    out = tmp_path / "run"
    with pytest.raises(ValueError, match=message):
        pisr.run(settings(out, **changes))
    assert not out.exists()
