"""What the three PISR recipes do: load images, train stages and controls, score.

`run` is the whole story; `settings.py` says what can be set, `networks.py` what is trained,
`runs/stages.py` how a stage is trained, `runs/placement.py` where, and `runs/run_folder.py` what is
written.
"""

import functools

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import keras_pisr as kp
from keras_pisr.evaluation.benchmark_folder import benchmark_pairs
from pisr.networks import NETWORKS, new_student, new_teacher
from runs.placement import jax_accelerator, place
from runs.run_folder import RunFolder
from runs.stages import Stages


def load_images(settings):
    """Pairs to train on, and pairs held out of it for curves and pictures."""
    scale, sources = settings.scale, []
    if settings.hr_dir:
        pairs = kp.data.ImagePairs.from_folder(settings.hr_dir, lr_dir=settings.lr_dir, scale=scale)
        sources.append(("--hr-dir", pairs, settings.sizes))
    if settings.jpeg_dir:
        pairs = kp.data.ImagePairs.from_folder(settings.jpeg_dir, scale=scale)
        sources.append(("--jpeg-dir", pairs, settings.jpeg_sizes))
    if settings.photo_dir:
        pairs = kp.data.ImagePairs.from_folder(settings.photo_dir, scale=scale)
        sources.append(("--photo-dir", pairs, settings.photo_sizes))
    if settings.tfds:
        name = f"{settings.tfds}/bicubic_x{scale}"
        pairs = kp.data.ImagePairs.from_tfds(name, split="train", scale=scale)
        sources.append(("--tfds", pairs, settings.sizes))
    if not sources:
        training = kp.data.ImagePairs.from_samples("train", scale=scale)
        held_out = kp.data.ImagePairs.from_samples("validation", scale=scale)
        return with_drawings(training, settings), held_out
    training, held_out = [], []
    for source, pairs, sizes in sources:
        if len(pairs) <= settings.validation_images:
            raise ValueError(
                f"--validation-images {settings.validation_images} leaves nothing of {source} to "
                f"train on: there are {len(pairs)} images. Choose a smaller number."
            )
        # Apart before they are copied: no copy of a held-out image is trained on.
        kept, apart = pairs.split(-settings.validation_images)
        training += [kept.resized(size) for size in sizes]
        held_out.append(apart.resized(sizes[0]))
    training = with_drawings(kp.data.ImagePairs.join(training), settings)
    return training, kp.data.ImagePairs.join(held_out)


def with_drawings(pairs, settings):
    """The pairs, and as many drawings as the settings say.

    Half of them are made small as photographs are; the others are what a screen shows, drawn in the
    pixels of the LR image, and their HR image is the same in larger pixels.
    """
    if not settings.drawings:
        return pairs
    scale, count = pairs.scale, max(2, round(settings.drawings * len(pairs)))
    size = max(192, settings.patch_size)
    drawn = kp.data.draw_images(count, size=size, seed=settings.seed)
    names, images = list(drawn), list(drawn.values())
    half = count // 2
    larger = [image.repeat(scale, 0).repeat(scale, 1) for image in images[half:]]
    shrunk = kp.data.ImagePairs.from_images(images[:half], scale=scale, names=names[:half])
    screens = kp.data.ImagePairs.from_images(
        larger, lr=images[half:], scale=scale, names=names[half:]
    )
    return kp.data.ImagePairs.join([pairs, shrunk, screens])


def validation_patches(pairs, settings, most=128):
    """At most `most` patches, spread evenly over all held-out images."""
    lr, hr = kp.data.fixed_patches(pairs, patch=settings.patch_size)
    chosen = np.linspace(0, len(lr) - 1, min(most, len(lr))).round().astype(int)
    return lr[chosen], hr[chosen]


def shareable(data, replicas):
    """As much of it as every device gets a part of: a last batch for fewer stops both engines."""
    whole = len(data[0]) // replicas * replicas
    return tuple(part[:whole] for part in data) if whole else None


def test_folders(settings):
    """Benchmark folders to score on; without any, the embedded test photographs.

    Raises:
        ValueError: If a folder is not one to score on: better before training than after.
    """
    if settings.test_dirs:
        folders = {folder.resolve().name: folder for folder in settings.test_dirs}
        if len(folders) < len(settings.test_dirs):
            raise ValueError("Two of --test-dirs have the same name; the table needs one each.")
        for folder in folders.values():
            benchmark_pairs(folder, scale=settings.scale)
        return folders
    folder = settings.out / "held_out"
    for name, image in kp.data.sample_images("test").items():
        kp.data.write_image(folder / "HR" / f"{name}.png", image)
    return {"held_out": folder}


FEATURE_LOSSES = {
    "laplace": kp.losses.LaplaceNLL,
    "gaussian": kp.losses.GaussianNLL,
    "l1": keras.losses.MeanAbsoluteError,
    "l2": keras.losses.MeanSquaredError,
    "none": lambda: None,
}


def optimizer(settings):
    """The chosen optimizer, but for its learning rate."""
    if settings.optimizer == "adam":
        return keras.optimizers.Adam
    return functools.partial(kp.optimizers.SOAP, refresh_every=settings.refresh_every)


def feed(pairs, settings, first_epoch):
    """Training batches from an epoch on: tf.data, or cut on a GPU by JAX, or by NumPy."""
    make = kp.data.PatchSequence
    if keras.backend.backend() == "tensorflow":
        make = kp.data.tf_patches
    elif jax_accelerator() and settings.distribute == "none":
        make = kp.data.DevicePatches
    return make(
        pairs,
        patch=settings.patch_size,
        batch_size=settings.batch_size,
        steps_per_epoch=settings.steps_per_epoch,
        detail=settings.detail,
        seed=settings.seed,
        first_epoch=first_epoch,
    )


def run(settings):
    """Every stage, then the scores; returns what `results.json` holds."""
    settings = settings.resolved()
    placement = place(settings.distribute)
    if settings.batch_size % placement.replicas:
        raise ValueError(
            f"--batch-size {settings.batch_size} cannot be shared by {placement.replicas} devices "
            "equally."
        )
    keras.config.set_dtype_policy(settings.precision)
    training, held_out = load_images(settings)
    validation_data = validation_patches(held_out, settings)
    if settings.test_dirs:
        test_folders(settings)
    if settings.start_from or settings.start_body_from:
        # Only to see that it can be read and fits.
        new_student(settings)
    # Claimed last: a mistake found above leaves no folder behind.
    folder = RunFolder(settings.out, settings, resume=settings.resume, writes=placement.writes)
    stages = Stages(
        folder,
        settings,
        placement,
        steps_per_epoch=settings.steps_per_epoch,
        feed=lambda epoch: feed(training, settings, epoch),
        validation_data=shareable(validation_data, placement.replicas),
        compiling=lambda: {
            "loss": "mae",
            # A GPU takes longer to start a step than to do it; Keras on PyTorch cannot.
            "steps_per_execution": 20 if jax_accelerator() else 1,
            "metrics": [kp.metrics.PSNR(shave=settings.scale, round_to_8bit=True)],
        },
        optimizer=optimizer(settings),
    )

    def teacher():
        model = new_teacher(settings)
        return model, kp.distillers.PrivilegedTeacherTrainer(
            model, imitation_weight=settings.imitation_weight
        )

    def student():
        model = new_student(settings)
        distils = settings.distillation != "none"
        return model, kp.distillers.PrivilegedDistiller(
            teacher=models["teacher"],
            student=model,
            feature=settings.feature,
            feature_loss=FEATURE_LOSSES[settings.distillation](),
            distillation_weight=settings.distillation_weight if distils else 0,
            start_from_decoder=settings.start_from_decoder,
        )

    def alone():
        model = new_student(settings)
        return model, kp.distillers.Distiller(model, main_term="reconstruction")

    models = {}
    if settings.pisr:
        models["teacher"] = stages.train("teacher", teacher, settings.teacher_epochs)
        # Where stage 1 ended: the student and `two_stages` see the same patches in the same order.
        models["student"] = stages.train(
            "student", student, settings.epochs, first_epoch=settings.teacher_epochs
        )
    for control in settings.controls:
        epochs = settings.epochs
        if control == "two_stages":
            epochs += settings.teacher_epochs
        models[control] = stages.train(control, alone, epochs)
    if not placement.writes:
        return None
    # Images are scored one by one, which cannot be shared.
    keras.distribution.set_distribution(None)

    results = {
        "settings": folder.settings,
        "environment": folder.environment,
        "training_images": len(training),
        "stages": stages.records,
        "scores": score(models, test_folders(settings), folder, settings.scale),
    }
    folder.write_json("results.json", results)
    curves = {
        name: {log: values for log, values in record["history"].items() if log != "seconds"}
        for name, record in stages.records.items()
    }
    kp.plot_history(curves, folder / "curves.png")
    show(results["scores"], settings)
    return results


def final(names):
    """Of the models of a run, the one to keep: the student, or else the last control."""
    return "student" if "student" in names else list(names)[-1]


def score(models, tests, folder, scale):
    """PSNR and SSIM of bicubic, controls and student on every test folder, and pictures."""
    scores, kept = {}, final(models)
    # The teacher reads the HR image: a score for it would be no super-resolution.
    for name in ["bicubic", *(name for name in models if name != "teacher")]:
        model = name
        if name != "bicubic":
            # From the file: the model in memory may be spread over several devices.
            model = keras.saving.load_model(folder / f"{name}.keras")
        scores[name] = {}
        for test, path in tests.items():
            pictures = folder / "pictures" / test if name == kept else None
            result = kp.evaluate(model, path, scale=scale, pictures=pictures)
            scores[name][test] = {"psnr": result.psnr, "ssim": result.ssim}
    return scores


LABELS = {
    "bicubic": "bicubic",
    "one_stage": "{} alone, budget of one stage",
    "two_stages": "{} alone, budget of both stages",
    "student": "{} + PISR",
}


def show(scores, settings):
    """Print the table of scores and where everything lies."""
    tests = list(scores["bicubic"])
    table = Table("x" + str(settings.scale), *tests, title="PSNR dB / SSIM on luma")
    network = NETWORKS[settings.student].__name__
    for name in (label for label in LABELS if label in scores):
        row = scores[name]
        table.add_row(
            LABELS[name].format(network),
            *(f"{row[test]['psnr']:.2f} / {row[test]['ssim']:.4f}" for test in tests),
        )
    console = Console(highlight=False)
    console.print(table)
    out = settings.out
    console.print(
        f"Student: {out}/{final(scores)}.keras\nScores, settings and curves: {out}/results.json, "
        f"{out}/curves.png\nPictures: {out}/pictures/",
        soft_wrap=True,
    )
