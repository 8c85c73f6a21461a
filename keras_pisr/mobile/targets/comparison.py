"""Checks that a file of another runtime computes the same as the Keras model."""

import numpy as np

SIZES = ((17, 22), (24, 16))  # LR px. Odd sizes show if a size was fixed by mistake.
FLOOR = 1e-5  # Runtimes add in different orders; sound files stay below 3e-6.


def check_equal(model, run, *, floor=FLOOR):
    """Compare a file's output with the Keras model's, on noise of two sizes.

    Args:
        model: The Keras model.
        run: Function from luma `(1, height, width, 1)` to luma, that runs the file.
        floor: Largest difference allowed, luma in `[0, 1]`.

    Returns:
        The largest difference.

    Raises:
        ValueError: If it is above `floor`.
    """
    rng, differences = np.random.default_rng(0), []
    for size in SIZES:
        luma = rng.random((1, *size, 1), "float32")
        wanted, got = np.asarray(model.predict_on_batch(luma)), np.asarray(run(luma))
        if got.shape != wanted.shape:
            raise ValueError(f"The file makes {got.shape} where the model makes {wanted.shape}.")
        differences.append(float(np.abs(got - wanted).max()))
    # The comparison is written so that NaN fails, too.
    if not max(differences) <= floor:
        raise ValueError(
            f"The file does not compute the same as the model: values differ by up to "
            f"{max(differences):.1e}; at most {floor:g} was expected."
        )
    return max(differences)


def missing(package, extra, error):
    """An `ImportError` that says what to install."""
    return ImportError(f"This needs {package}. Run: pip install 'keras-pisr[{extra}]' ({error})")
