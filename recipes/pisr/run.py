"""The run of the three PISR recipes: load images, train stages and controls, score.

Read `run_resolved` first. `settings.py` defines the settings, `images.py` the images for training
and scores, and `networks.py` the networks. `forecast.py` estimates the time,
`runs/training_stages.py` trains a stage, `runs/devices.py` chooses the devices, and
`runs/run_folder.py` writes the files.
"""

import functools

import keras
from rich.console import Console
from rich.table import Table

import keras_pisr as kp
from pisr.forecast import print_forecast
from pisr.images import benchmark_folders, held_out_folder, load_images, validation_patches
from pisr.networks import new_student, new_teacher, title, trained
from runs.devices import jax_accelerator, place
from runs.run_folder import RunFolder, check_resumable
from runs.training_stages import Stages


def shareable(data, replicas):
    """The part of the data that divides evenly: a last batch for fewer devices stops JAX."""
    whole = len(data[0]) // replicas * replicas
    return tuple(part[:whole] for part in data) if whole else None


FEATURE_LOSSES = {
    "laplace": kp.losses.LaplaceNLL,
    "gaussian": kp.losses.GaussianNLL,
    "l1": keras.losses.MeanAbsoluteError,
    "l2": keras.losses.MeanSquaredError,
    "none": lambda: None,
}


def optimizer(settings):
    """The chosen optimizer as a function of its learning rate."""
    if settings.optimizer == "adam":
        return keras.optimizers.Adam
    return functools.partial(kp.optimizers.SOAP, refresh_every=settings.refresh_every)


def feed(pairs, settings, first_epoch, workers=None):
    """Training batches from an epoch on: by tf.data, or cut on a GPU by JAX, or by NumPy.

    The workers of a cluster share streamed files: each reads its own.
    """
    make, on_host = kp.data.PatchSequence, settings.stream or settings.degrade
    if keras.backend.backend() == "tensorflow":
        make = kp.data.tf_patches
    elif jax_accelerator() and settings.distribute == "none" and not on_host:
        make = kp.data.DevicePatches
    make = functools.partial(
        make,
        patch=settings.patch_size,
        detail=settings.detail,
        seed=settings.seed,
        first_epoch=first_epoch,
    )
    steps = settings.steps_per_epoch
    if workers is None or not settings.stream:
        return make(pairs, batch_size=settings.batch_size, steps_per_epoch=steps)
    return workers.distribute_datasets_from_function(
        lambda worker: make(
            pairs.shard(worker.input_pipeline_id, worker.num_input_pipelines),
            batch_size=worker.get_per_replica_batch_size(settings.batch_size),
            # Each batch is for one device, so a step takes one batch for each device of this
            # worker.
            steps_per_epoch=steps * worker.num_replicas_in_sync // worker.num_input_pipelines,
        )
    )


def run(settings):
    """`run_resolved` for scripts, with settings as the user gives them."""
    return run_resolved(settings.resolved())


def run_resolved(settings):
    """Train every stage, then score; returns the content of `results.json`."""
    if settings.resume:
        check_resumable(settings.out)
    placement = place(settings.distribute)
    if settings.batch_size % placement.replicas:
        raise ValueError(
            f"--batch-size {settings.batch_size} cannot be divided among {placement.replicas} "
            "devices equally."
        )
    keras.config.set_dtype_policy(settings.precision)
    tests = benchmark_folders(settings)
    training, held_out = load_images(settings)
    validation_data = validation_patches(held_out, settings)
    if settings.start_from or settings.start_body_from:
        # The network is made only to check that its start can be read and fits.
        new_student(settings)
    # The folder is made last, so that an error above leaves no folder behind.
    folder = RunFolder(settings.out, settings, resume=settings.resume, writes=placement.writes)
    if settings.start_from and not (folder / "start.keras").exists():
        folder.save_model("start", trained(settings))
    stages = Stages(
        folder,
        settings,
        placement,
        steps_per_epoch=settings.steps_per_epoch,
        feed=lambda epoch: feed(training, settings, epoch, placement.workers),
        validation_data=shareable(validation_data, placement.replicas),
        compiling=lambda: {
            "loss": "mae",
            # Starting a step takes longer on a GPU than the step itself. Keras on PyTorch has no
            # such option.
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

    if placement.replicas == 1 and not settings.resume:
        print_forecast(settings, stages.console)
    models = {}
    if settings.pisr:
        models["teacher"] = stages.train("teacher", teacher, settings.teacher_epochs)
        # Data start where stage 1 ended, so that the student and `two_stages` see the same patches
        # in the same order.
        models["student"] = stages.train(
            "student", student, settings.epochs, first_epoch=settings.teacher_epochs
        )
    for control in settings.controls:
        epochs = settings.epochs
        if control == "two_stages":
            epochs += settings.teacher_epochs
        models[control] = stages.train(control, alone, epochs)
    kept = final(models)
    if kept != "student":
        folder.save_model("student", models[kept])
    if not placement.writes:
        return None
    # Images are scored one by one, so devices cannot share them.
    keras.distribution.set_distribution(None)
    # Scores are computed in the precision in which presets are loaded, not in that of the training.
    keras.config.set_dtype_policy("float32")

    # The teacher reads the HR image, so its score would not measure super-resolution.
    scored = [name for name in models if name != "teacher"]
    if settings.start_from:
        scored.insert(0, "start")
    whose = {}
    if not tests:
        tests, whose = held_out_folder(settings, held_out)
    results = {
        "settings": folder.settings,
        "environment": folder.environment,
        "training_images": len(training),
        "stages": stages.records,
        "scores": score(scored, tests, folder, settings.scale),
    }
    if settings.degrade:
        degraded = score(scored, tests, folder, settings.scale, settings.degrade)
        results["scores_degraded"] = degraded
    folder.write_json("results.json", results)
    curves = {
        name: {log: values for log, values in record["history"].items() if log != "seconds"}
        for name, record in stages.records.items()
    }
    kp.plot_history(curves, folder / "curves.png")
    for scores in ("scores", "scores_degraded"):
        if scores in results:
            spoiled = f", LR degraded by {settings.degrade}" if scores != "scores" else ""
            show(results[scores], settings, whose, spoiled)
    say_where(settings.out)
    if settings.start_from:
        say_where_start_is_better(results)
    return results


def final(names):
    """The model of a run to keep: the student, or the last control if there is no student."""
    return "student" if "student" in names else list(names)[-1]


def score(names, tests, folder, scale, degrade=None):
    """PSNR and SSIM of bicubic and of models of the run on every test folder, and pictures."""
    scores, kept = {}, final(names)
    place = "pictures" if degrade is None else "pictures_degraded"
    places = {kept: folder / place, "start": folder / f"{place}_start"}
    for name in ["bicubic", *names]:
        model = name
        if name != "bicubic":
            # The model is loaded from its file, because the model in memory may be spread over
            # several devices.
            model = keras.saving.load_model(folder / f"{name}.keras")
        scores[name] = {}
        for test, path in tests.items():
            pictures = places[name] / test if name in places else None
            result = kp.evaluate(model, path, scale=scale, degrade=degrade, pictures=pictures)
            scores[name][test] = {"psnr": result.psnr, "ssim": result.ssim}
    return scores


LABELS = {
    "bicubic": "bicubic",
    "start": "start",
    "one_stage": "{} alone, budget of one stage",
    "two_stages": "{} alone, budget of both stages",
    "student": "{} + PISR",
}


def show(scores, settings, whose, spoiled=""):
    """Print a table of scores, and whose images are scored."""
    tests = list(scores["bicubic"])
    caption = "; ".join(f"{test}: {images}" for test, images in whose.items()) or None
    heading = "PSNR dB / SSIM on luma" + spoiled
    table = Table("x" + str(settings.scale), *tests, title=heading, caption=caption)
    for name in (label for label in LABELS if label in scores):
        row = scores[name]
        table.add_row(
            LABELS[name].format(title(settings)),
            *(f"{row[test]['psnr']:.2f} / {row[test]['ssim']:.4f}" for test in tests),
        )
    Console(highlight=False).print(table)


def say_where(out):
    """Print where the files of the run are."""
    Console(highlight=False).print(
        f"Student: {out}/student.keras\nScores, settings and curves: {out}/results.json, "
        f"{out}/curves.png\nPictures: {out}/pictures/",
        soft_wrap=True,
    )


def say_where_start_is_better(results):
    """Print on which images the student is not better than the network it started from."""
    worse = []
    for scores, spoiled in (("scores", ""), ("scores_degraded", " degraded")):
        for test, start in results.get(scores, {}).get("start", {}).items():
            student = results[scores][final(results[scores])][test]
            if round(student["psnr"], 2) <= round(start["psnr"], 2):
                worse.append(f"{test}{spoiled} {student['psnr']:.2f} dB, start {start['psnr']:.2f}")
    if worse:
        Console(highlight=False).print(
            f"The student is not better than its start: {'; '.join(worse)}.\n"
            'What to do: docs/guides/own_data.md, "Start from a preset".',
            soft_wrap=True,
        )
