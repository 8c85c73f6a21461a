"""Trains the 8-bit form of a student, alone or guided by its teacher."""


def fine_tune(
    student,
    pairs,
    *,
    teacher=None,
    distillation_weight=1e-6,
    steps=1000,
    batch_size=16,
    patch=64,
    learning_rate=1e-4,
    pixels="float32",
    representative=None,
    seed=0,
    verbose=0,
):
    """Train the 8-bit form of a student.

    Training starts from the form that `to_tflite` would make: equalized channels, weights rounded
    so that errors cancel, and settled ranges, which are trained, too. The optimizer is Adam with a
    learning rate that falls by a cosine and, at the end, a moving average of the weights.

    Args:
        student: A trained luma model; see `quantized_form`. It is not changed.
        pairs: `keras_pisr.data.ImagePairs` of the student's scale.
        teacher: A trained `PrivilegedTeacher` that guides by `PrivilegedDistiller`; it is frozen.
            By default there is none.
        distillation_weight: Weight of the teacher's term in the loss.
        steps: Number of optimizer steps.
        batch_size: Number of patches per step.
        patch: Side of an HR patch, px.
        learning_rate: Learning rate at the start.
        pixels: Type of the luma that the file will take. Luma of `"float32"` is read in steps finer
            than 1/255, as in `to_tflite`; `"uint8"` and files for NPUs have no such steps.
        representative: As in `to_tflite`.
        seed: Makes the patches and the start of the teacher's head repeatable.
        verbose: Passed on to `fit`.

    Returns:
        A trained `quantized_form`, for `to_tflite(..., precision="int8")`.
    """
    import keras

    from keras_pisr.data import tf_patches
    from keras_pisr.distillers import Distiller, PrivilegedDistiller
    from keras_pisr.forms.int8.quantized import form_of_file
    from keras_pisr.forms.phone import deployed_form
    from keras_pisr.mobile.export.convert import calibration_lumas, photograph_batches

    if pixels not in ("float32", "uint8"):
        raise ValueError(f"Expected pixels to be float32 or uint8; got {pixels!r}.")
    keras.utils.set_random_seed(seed)
    lumas = calibration_lumas(student, representative)
    patches = [luma for (luma,) in photograph_batches(lumas)]
    form = form_of_file(deployed_form(student), patches, fine=pixels == "float32")
    if teacher is None:
        distiller = Distiller(form, main_term="reconstruction")
    else:
        distiller = PrivilegedDistiller(
            teacher=teacher,
            student=form,
            distillation_weight=distillation_weight,
            start_from_decoder=False,
        )
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=0.01)
    momentum = max(0.0, 1 - 20 / steps)
    adam = keras.optimizers.Adam(rate, use_ema=True, ema_momentum=momentum)
    distiller.compile(adam, loss="mae")
    feed = tf_patches(pairs, patch=patch, batch_size=batch_size, steps_per_epoch=steps, seed=seed)
    distiller.fit(feed, epochs=1, verbose=verbose, shuffle=False)
    return form


def training_pairs(hr_dir, scale):
    """`ImagePairs` of folders of HR images, or of the photographs of scikit-image if none."""
    from keras_pisr.data import ImagePairs

    if hr_dir:
        return ImagePairs.from_folder(hr_dir, scale=scale)
    return ImagePairs.from_samples("train", scale=scale)
