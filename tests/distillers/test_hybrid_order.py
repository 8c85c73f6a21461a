import keras
import numpy as np
import pytest
from keras import ops

from keras_pisr.distillers import HybridOrderDistiller
from keras_pisr.losses import (
    AngleLoss,
    IndividualLoss,
    LogitLoss,
    angle_loss,
    distance_loss,
    individual_loss,
    logit_loss,
)
from tests.distillers.small_recognition import (
    ALL,
    VARIANTS,
    batch,
    compiled,
    crossentropy,
    distiller,
    filled,
    recognizer,
)
from tests.harness import array, check_distiller, same, weights_of

pytestmark = pytest.mark.core


def logs_of(made, lr, y, **kwargs):
    return compiled(made).evaluate(lr, y, batch_size=len(lr), verbose=0, return_dict=True, **kwargs)


def cross_entropy(label, logits):
    log = array(ops.log_softmax(logits))
    return -log[np.arange(len(label)), label].mean()


def expected_terms(guide, learner, projector=None):
    ours = learner["embedding"] if projector is None else projector(learner["embedding"])
    return {
        "logits": ALL["logits"] * array(logit_loss(guide["logits"], learner["logits"])).mean(),
        "individual": ALL["individual"] * array(individual_loss(guide["embedding"], ours)).mean(),
        "distance": ALL["distance"]
        * array(distance_loss(guide["embedding"], learner["embedding"])).mean(),
        "angle": ALL["angle"] * array(angle_loss(guide["embedding"], learner["embedding"])).mean(),
    }


def assert_terms(logs, expected, prefix=""):
    for name, value in expected.items():
        np.testing.assert_allclose(logs[prefix + name], value, rtol=1e-4, err_msg=name)


def test_terms_are_the_task_and_every_weighted_relation_to_the_teacher():
    made = distiller()
    lr, y = batch()
    logs = logs_of(made, lr, y)
    student, teacher = made.student(lr), made.teacher(y["hr"])
    assert_terms(logs, expected_terms(teacher, student, made.projectors["student_to_teacher"]))
    np.testing.assert_allclose(
        logs["task"], cross_entropy(y["label"], student["logits"]), rtol=1e-5
    )


def test_an_assistant_is_trained_on_hr_images():
    made = VARIANTS["first_step"]()
    lr, y = batch()
    logs = logs_of(made, 0 * lr, y)
    learner = made.student(y["hr"])
    np.testing.assert_allclose(
        logs["task"], cross_entropy(y["label"], learner["logits"]), rtol=1e-5
    )


def test_the_student_starts_from_the_assistant_and_learns_its_relations():
    made = VARIANTS["second_step"]()
    assert same(weights_of(made.assistant), weights_of(made.student))
    lr, y = batch()
    logs = logs_of(made, lr, y)
    assert_terms(logs, expected_terms(made.assistant(y["hr"]), made.student(lr)))
    assert not made.projectors


def test_two_sources_are_averaged():
    made = VARIANTS["both"]()
    lr, y = batch()
    student = made.student(lr)
    of_assistant = expected_terms(made.assistant(y["hr"]), student)
    of_teacher = expected_terms(
        made.teacher(y["hr"]), student, made.projectors["student_to_teacher"]
    )
    mean = {name: (of_assistant[name] + of_teacher[name]) / 2 for name in ALL}
    assert_terms(logs_of(made, lr, y), mean)


def test_jointly_the_teacher_guides_the_assistant_and_the_assistant_the_student():
    made = VARIANTS["joint"]()
    made.student.set_weights(filled(1).get_weights())
    lr, y = batch()
    logs = logs_of(made, lr, y)
    assistant = made.assistant(y["hr"])
    assert_terms(logs, expected_terms(assistant, made.student(lr)))
    taught = expected_terms(
        made.teacher(y["hr"]), assistant, made.projectors["assistant_to_teacher"]
    )
    assert_terms(logs, taught, "assistant_")
    task = cross_entropy(y["label"], assistant["logits"])
    np.testing.assert_allclose(logs["assistant_task"], task, rtol=1e-5)


def test_jointly_the_student_does_not_pull_at_the_assistant():
    moved = {}
    for source in ("teacher", "assistant"):
        made = distiller(assistant=filled(3), schedule="joint", source=source)
        compiled(made).train_on_batch(*batch())
        moved[source] = weights_of(made.assistant)
    for a, b in zip(*moved.values(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_keeps_what_every_distiller_promises(variant, tmp_path):
    made = VARIANTS[variant]()
    learners = [*made.projectors.values()] + [made.assistant] * made.joint
    check_distiller(made, *batch(), loss=crossentropy(), learners=learners, folder=tmp_path)


# === The four faults of keras.distillation ===


def test_guide_and_student_may_take_images_of_different_shapes():
    made = distiller(student=filled(1, size=6), teacher=filled(2, 7, size=12))
    history = compiled(made).fit(*batch(), verbose=0).history
    assert np.isfinite(history["loss"][0])


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_network_runs_once_a_step(variant):
    made = VARIANTS[variant]()
    # Keras traces every network once before the first step.
    compiled(made, run_eagerly=True).train_on_batch(*batch())
    runs = []
    for name in ("student", "teacher", "assistant"):
        model = getattr(made, name)
        if model is None:
            continue

        def counted(*args, name=name, call=model.call, **kwargs):
            runs.append(name)
            return call(*args, **kwargs)

        model.call = counted
    made.train_on_batch(*batch())
    # What is not asked is not run: frozen, without a part in any term.
    assert sorted(runs) == sorted(["student", *made.asked] + ["assistant"] * made.joint)


def test_widths_may_differ_and_the_projector_is_not_the_students():
    made = distiller()
    assert [tuple(w.shape) for w in made.projectors["student_to_teacher"].weights] == [(4, 7), (7,)]
    assert made.student.count_params() == filled(1).count_params()


def test_sample_weight_weighs_the_task_and_the_relations():
    made = distiller()
    lr, y = batch()
    weights = np.array([2.0, 0.0, 1.0, 0.5, 3.0, 1.0], "float32")
    logs = logs_of(made, lr, y, sample_weight=weights)
    student, teacher = made.student(lr), made.teacher(y["hr"])
    each = array(angle_loss(teacher["embedding"], student["embedding"]))
    np.testing.assert_allclose(logs["angle"], ALL["angle"] * (each * weights).mean(), rtol=1e-4)
    log = array(ops.log_softmax(student["logits"]))[np.arange(6), y["label"]]
    np.testing.assert_allclose(logs["task"], -(log * weights).mean(), rtol=1e-5)


# === Options ===


def test_relations_alone_need_no_task():
    made = distiller(student_loss_weight=0.0, distillation_loss_weights={"angle": 1.0})
    logs = logs_of(made, *batch())
    assert logs["task"] == 0
    assert set(logs) == {"loss", "task", "angle"}


def test_without_terms_no_guide_is_needed():
    made = HybridOrderDistiller(student=filled(1), distillation_loss_weights={})
    assert set(logs_of(made, *batch())) == {"loss", "task"}


def test_given_losses_replace_the_default_ones():
    losses = {"logits": LogitLoss(temperature=1.0), "individual": IndividualLoss(delta=None)}
    made = distiller(distillation_losses=losses)
    lr, y = batch()
    logs = logs_of(made, lr, y)
    student, teacher = made.student(lr), made.teacher(y["hr"])
    cold = array(logit_loss(teacher["logits"], student["logits"], temperature=1.0)).mean()
    np.testing.assert_allclose(logs["logits"], ALL["logits"] * cold, rtol=1e-4)


def test_sampled_anchors_are_drawn_anew_in_every_step():
    made = distiller(
        distillation_loss_weights={"angle": 1.0},
        distillation_losses={"angle": AngleLoss(anchors=1, seed=0)},
    )
    compiled(made, optimizer=keras.optimizers.SGD(0.0))
    lr, y = batch()
    made.student.trainable = True
    angles = [made.train_on_batch(lr, y, return_dict=True)["angle"] for _ in range(6)]
    steps = np.diff([0.0, *np.array(angles) * np.arange(1, 7)])
    assert len(np.unique(np.round(steps, 5))) > 1


def test_a_metric_learning_loss_sees_the_embedding():
    made = distiller(task_output="embedding")

    def norm(label, embedding):
        return ops.mean(ops.square(embedding), axis=-1)

    lr, y = batch()
    made.compile("sgd", loss=norm)
    logs = made.evaluate(lr, y, batch_size=6, verbose=0, return_dict=True)
    expected = np.square(array(made.student(lr)["embedding"])).mean()
    np.testing.assert_allclose(logs["task"], expected, rtol=1e-5)


def test_metrics_compare_label_and_logits():
    made = distiller()
    lr, y = batch()
    compiled(made, metrics=["accuracy"])
    logs = made.evaluate(lr, y, verbose=0, return_dict=True)
    guess = array(made.student(lr)["logits"]).argmax(-1)
    np.testing.assert_allclose(logs["accuracy"], (guess == y["label"]).mean(), rtol=1e-6)


# === Mistakes ===


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "pupil"}, "`source` must be one of"),
        ({"schedule": "later"}, "`schedule` must be one of"),
        ({"student_sees": "it"}, "`student_sees` must be one of"),
        ({"source": "assistant"}, "also give `assistant`"),
        ({"source": "both"}, "also give `assistant`"),
        ({"schedule": "joint"}, "also give `assistant`"),
        ({"teacher": None}, "also give `teacher`"),
        ({"distillation_loss_weights": {"angel": 1}}, "no distillation loss 'angel'"),
        ({"distillation_losses": {"fourth": AngleLoss()}}, "no distillation loss 'fourth'"),
        ({"start_from_assistant": True}, "needs an `assistant`"),
        ({"task_output": "class"}, "the student .* a dict with 'class'"),
    ],
)
def test_mistakes_are_named(options, message):
    with pytest.raises(ValueError, match=f"(?i){message}"):
        distiller(**options)


def test_an_assistant_of_another_architecture_is_no_start():
    with pytest.raises(ValueError, match="start_from_assistant=False"):
        distiller(assistant=recognizer(5))
    distiller(assistant=recognizer(5), start_from_assistant=False)


def test_a_guide_without_named_outputs_is_refused():
    model = keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match="teacher .* a dict with 'embedding' and 'logits'"):
        distiller(teacher=model)


def test_data_without_labels_are_refused():
    with pytest.raises(ValueError, match="learns from pairs"):
        compiled(distiller(distillation_loss_weights={}, teacher=None)).fit(batch()[0], verbose=0)
