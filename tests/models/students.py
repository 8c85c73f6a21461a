"""Small students with weights that hide no mistake, for tests of several rooms."""

import keras

import keras_pisr as kp


def small_student(scale=2, features=16, shrunk_features=9, **kwargs):
    """A narrow FSRCNN that starts as bicubic and has slopes of either sign."""
    widths = {"features": features, "shrunk_features": shrunk_features, "mapping_layers": 1}
    student = kp.models.FSRCNN(scale=scale, **widths, **kwargs)
    kp.models.start_as_bicubic(student, seed=1)
    slopes = [layer for layer in student.layers if isinstance(layer, keras.layers.PReLU)]
    for i, layer in enumerate(slopes):
        alpha = layer.get_weights()[0]
        layer.set_weights([alpha * 0 + (-1) ** i * 0.1 * (i + 1)])
    return student


def residual_student(scale=2):
    """A narrow ResidualFSRCNN."""
    return kp.models.ResidualFSRCNN(scale, features=8, shrunk_features=8, mapping_layers=1)


def plain_student(scale=2, **options):
    """A narrow PlainSR that starts as bicubic, with kernels that are no identity."""
    student = kp.models.PlainSR(scale, features=8, body_layers=2, **options)
    return kp.models.start_as_bicubic(student, seed=1)


def scrambled(model, rng):
    """A model whose every weight is random: no symmetry hides a kernel put elsewhere."""
    model.set_weights([rng.normal(scale=0.2, size=w.shape) for w in model.get_weights()])
    return model
