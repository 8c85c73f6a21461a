"""The run of the three HORKD recipes: train a teacher, train students by several methods, score.

Read `run_resolved` first. `settings.py` defines the settings, `methods.py` the methods that are
compared, `data.py` the images for training and scores, and `networks.py` the networks. `scores.py`
and `pictures.py` make the results, `runs/training_stages.py` trains a stage, and
`runs/run_folder.py` writes the files.
"""

import dataclasses

import keras

import keras_pisr as kp
from horkd.data import load, lr_size, pairs_for_this_backend
from horkd.forecast import print_forecast
from horkd.methods import ROWS, weights_of
from horkd.networks import Networks
from horkd.pictures import draw
from horkd.scores import outputs_of, score, show, summary
from runs.devices import Placement
from runs.run_folder import RunFolder, check_resumable, read_object
from runs.training_stages import Stages


def run(settings):
    """`run_resolved` for scripts, with settings as the user gives them."""
    return run_resolved(settings.resolved())


def run_resolved(settings):
    """Train the teacher and every method with every seed, print the table; returns the results."""
    if settings.resume:
        check_resumable(settings.out)
    training, scored = load(settings)
    small = lr_size(training.images, settings.lr_factor)
    settings = settings.with_batch_size(training.labels)
    # Images, batches or pretrained networks that do not fit are reported now: before there is a
    # folder, and not after the teacher's training.
    batches(settings, training, small)
    networks = Networks(settings, len(training.class_names), training.images.shape[-1])
    networks.teacher(), networks.assistant()
    folder = RunFolder(settings.out, settings, resume=settings.resume)

    stages = stages_in("teacher", 0, settings, training, small)
    if not settings.resume:
        shape, steps = training.images.shape[1:], stages.steps_per_epoch
        print_forecast(settings, networks, shape, small, steps, stages.console)
    teacher = stages.train(
        "teacher",
        lambda: alone(networks.teacher(), student_sees="hr"),
        settings.teacher_epochs,
    )
    for seed in settings.seeds:
        stages = stages_in(f"seed_{seed}", seed, settings, training, small)
        run_seed(stages, teacher, networks, scored, small)

    runs = finished(settings.out)
    if not runs:
        return None
    on_hr = {"teacher": score(settings.task, outputs_of(teacher, scored), scored.labels)}
    results = {
        "settings": folder.settings,
        "environment": folder.environment,
        "images": {"training": len(training), "scored": len(scored)},
        "classes": {"training": len(training.class_names), "scored": len(scored.class_names)},
        "networks": {
            "teacher": cost(teacher, training.images.shape[1:]),
            "student": cost(networks.student(), (*small, training.images.shape[-1])),
        },
        "rows": {**summary({0: on_hr}), **summary(runs)},
        "runs": runs,
    }
    folder.write_json("results.json", results)
    title = f"{settings.task}, {settings.score_on} images, percent, {len(runs)} seed(s)"
    show(settings.task, title, results["rows"])
    draw(settings, scored, small)
    print(f"Results, models and pictures: {settings.out}/")
    return results


def stages_in(name, seed, settings, training, small):
    """The stages of one seed, in a separate folder."""
    settings = dataclasses.replace(settings, seed=seed, out=settings.out / name)

    def feed(epoch):
        return batches(settings, training, small, epoch)

    return Stages(
        RunFolder(settings.out, settings, resume=True),
        settings,
        Placement(),
        steps_per_epoch=len(feed(0)),
        feed=feed,
        validation_data=None,
        compiling=lambda: {
            "loss": crossentropy(len(training.class_names), settings.label_smoothing),
            "metrics": [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        },
    )


def batches(settings, training, small, epoch=0):
    """The training data of one seed, from an epoch on."""
    return pairs_for_this_backend(
        training,
        lr_size=small,
        batch_size=settings.batch_size,
        per_class=settings.per_class,
        flip=settings.flip,
        shift=settings.shift,
        seed=settings.seed,
        first_epoch=epoch,
    )


def crossentropy(classes, smoothing):
    """The loss of the task, from labels and logits."""

    def loss(label, logits):
        target = keras.ops.one_hot(label, classes)
        return keras.losses.categorical_crossentropy(
            target, logits, from_logits=True, label_smoothing=smoothing
        )

    return loss


def alone(model, **kwargs):
    """A network that is trained on the task alone."""
    return model, kp.distillers.HybridOrderDistiller(
        student=model, distillation_loss_weights={}, **kwargs
    )


def run_seed(stages, teacher, networks, scored, small):
    """Run every method with one seed; each score is written when it is known."""
    settings = stages.settings
    path = stages.folder / "scores.json"
    scores = read_object(path) if path.exists() else {}
    for name in settings.methods:
        if name in scores:
            stages.console.print(f"{name}: done before")
            continue
        models = train_method(stages, name, teacher, networks)
        for row, model in models.items():
            size = None if row.startswith("assistant") else small
            outputs = outputs_of(model, scored, lr_size=size)
            scores[row] = score(settings.task, outputs, scored.labels)
        # Another command may have written its methods of this seed in the meantime.
        scores = (read_object(path) if path.exists() else {}) | scores
        stages.folder.write_json("scores.json", scores)
    histories = {
        name: {log: values for log, values in record["history"].items() if log != "seconds"}
        for name, record in stages.records.items()
    }
    if histories:
        kp.plot_history(histories, stages.folder / "curves.png")


def train_method(stages, name, teacher, networks):
    """Train the networks of a method; returns row to model, the assistant before the student."""
    settings, method = stages.settings, ROWS[name]
    options = {
        "distillation_loss_weights": weights_of(method, settings),
        "distillation_losses": {"logits": kp.losses.LogitLoss(settings.temperature)},
    }
    joint = settings.schedule == "joint" and method.assistant and method.terms
    models = {}

    def first_step():
        assistant = networks.assistant()
        return assistant, kp.distillers.HybridOrderDistiller(
            teacher=teacher, student=assistant, student_sees="hr", **options
        )

    def last_step():
        student = networks.student()
        guides = {"teacher": teacher}
        if method.assistant:
            guides["assistant"] = models.get(f"assistant_{name}") or networks.assistant()
            guides["source"] = settings.source
        if joint:
            guides["schedule"] = "joint"
        return student, kp.distillers.HybridOrderDistiller(student=student, **guides, **options)

    if method.assistant and not joint:
        stage = f"assistant_{name}"
        models[stage] = stages.train(stage, first_step, settings.epochs)
    epochs = settings.epochs * (2 if joint else method.epochs)
    models[name] = stages.train(name, last_step, epochs)
    return models


def finished(out):
    """A dict from seed to row to scores, for every seed in the folder."""
    files = sorted(out.glob("seed_*/scores.json"), key=lambda path: path.parent.name)
    return {path.parent.name.removeprefix("seed_"): read_object(path) for path in files}


def cost(model, image):
    """Parameters of a network, and its arithmetic for one image."""
    return {
        "parameters": model.count_params(),
        "macs": kp.models.multiply_accumulates(model, image),
        "image": list(image),
    }
