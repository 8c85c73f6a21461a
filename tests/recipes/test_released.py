"""A stage that is over leaves its weights and its records in memory, and nothing else."""

import gc
import weakref

import keras
import numpy as np
import pytest

import keras_pisr as kp
from horkd.settings import Settings
from runs.devices import Placement
from runs.released import released, traced_gradients
from runs.run_folder import RunFolder
from runs.training_stages import Stages

pytestmark = pytest.mark.core
BATCH = [np.ones((8, 4), "float32"), {"hr": np.ones((8, 4), "float32"), "label": np.arange(8) % 2}]


def network(units):
    """The smallest thing that HORKD can train."""
    image = keras.Input((4,))
    embedding = keras.layers.Dense(units, name="embedding")(image)
    logits = keras.layers.Dense(2, name="logits")(embedding)
    return keras.Model(image, {"embedding": embedding, "logits": logits})


@pytest.fixture
def stages(tmp_path):
    class Same(keras.utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return tuple(BATCH)

    settings = Settings(out=tmp_path)
    return Stages(
        RunFolder(tmp_path, settings, resume=False),
        settings,
        Placement(),
        steps_per_epoch=1,
        feed=lambda epoch: Same(),
        validation_data=None,
        compiling=lambda: {
            "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        },
    )


def test_no_distiller_is_alive_after_its_stage_and_the_models_still_work(stages):
    teacher, alive = network(4), []

    def build():
        student = network(3)
        # The angle loss has a gradient of its own, which TensorFlow keeps by name.
        distiller = kp.distillers.HybridOrderDistiller(
            teacher=teacher, student=student, distillation_loss_weights={"angle": 1.0}
        )
        alive.append(weakref.ref(distiller))
        return student, distiller

    gc.disable()
    try:
        before = set(traced_gradients())
        first, second = (stages.train(name, build, 1) for name in ("first", "second"))
        assert [reference() for reference in alive] == [None, None]
        assert set(traced_gradients()) == before
    finally:
        gc.enable()
    assert set(stages.records) == {"first", "second"}
    # What was trained can be asked, saved, and trained on.
    scores = first.predict_on_batch(BATCH[0])["logits"]
    assert np.isfinite(keras.ops.convert_to_numpy(scores)).all()
    again = kp.distillers.HybridOrderDistiller(
        student=second, teacher=first, distillation_loss_weights={"angle": 1.0}
    )
    again.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert np.isfinite(again.train_on_batch(*BATCH)).all()


def test_what_was_traced_before_the_block_is_kept():
    gradients = traced_gradients()
    if keras.backend.backend() != "tensorflow":
        assert gradients == {}
        return
    import tensorflow as tf

    @tf.function
    def cubed(x):
        return tf.custom_gradient(lambda x: (x**3, lambda upstream: 3 * x**2 * upstream))(x)

    function = cubed.get_concrete_function(tf.TensorSpec((), "float32"))
    before = set(gradients)
    with released():
        tf.function(lambda x: cubed(x) + 1)(tf.constant(2.0))
    assert set(gradients) == before
    with tf.GradientTape() as tape:
        x = tf.constant(2.0)
        tape.watch(x)
        y = function(x)
    assert float(tape.gradient(y, x)) == 12.0
