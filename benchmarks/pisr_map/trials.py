"""What one trial of the map is: a network trained alone, a teacher, or a student by PISR.

A trial names the trials that it starts from and learns from, so that one trained network serves
every cell of the map that needs it.
"""

import dataclasses
import hashlib
import json

DEGRADED = "blur:0.2-2+noise:0-10+jpeg:30-95"


@dataclasses.dataclass(frozen=True)
class Trial:
    """One network to train.

    Attributes:
        role: "alone" is a student without a teacher, "teacher" stage 1 of PISR, "taught" stage 2.
        student: A name of `NETWORKS` in networks.py: the network, or that of the decoder.
        images: Number of images to train on; 0 takes all.
        degrade: Degradation of the LR images; "" is bicubic.
        steps: Optimizer steps.
        seed: Seed of weights and patches.
        rate: Learning rate of SOAP at the start.
        start: Trial whose student, or decoder, the network starts from.
        imitation: Weight of the imitation loss of a teacher.
        teacher: Trial that guides a taught student: a "teacher", which sees the HR image, or a
            network "alone", which sees the LR image.
        guide: What is distilled: "feature" by the Laplace likelihood, "output" by mean absolute
            error, or "nothing".
        layers: Names of the layers of a guide by feature.
        weight: Weight of the guide's loss terms; with `share`, 0.
        share: Sets the weight so that the guide's gradient begins with this share of the length
            of the reconstruction's.
        fade: Whether the weight falls linearly to zero.
    """

    role: str
    student: str = "plain_small"
    images: int = 0
    degrade: str = ""
    steps: int = 4000
    seed: int = 0
    rate: float = 5e-3
    start: "Trial | None" = None
    imitation: float = 0.0
    teacher: "Trial | None" = None
    guide: str = "nothing"
    layers: tuple[str, ...] = ()
    weight: float = 0.0
    share: float = 0.0
    fade: bool = False

    @property
    def key(self):
        """Name of the trial's folder, which changes with whatever it says."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return f"{self.role}_{self.student}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"


@dataclasses.dataclass(frozen=True)
class Cell:
    """One place of the map: PISR and the students alone that it is compared with.

    Attributes:
        factor: What differs from the centre; also the panel of the figure.
        level: To what.
        taught: Trial of the student by PISR.
        same_steps: The student alone for as many steps as the student by PISR.
        same_total: The student alone for those steps and its teacher's.
    """

    factor: str
    level: str
    taught: Trial
    same_steps: Trial
    same_total: Trial


def steps_of(trial):
    """Steps of a trial and of all that it starts from or learns from, each counted once."""
    seen = {}

    def visit(trial):
        if trial is not None and trial.key not in seen:
            seen[trial.key] = trial.steps
            visit(trial.start)
            visit(trial.teacher)

    visit(trial)
    return sum(seen.values())


def method(name, seed, *, steps=4000, teacher_steps=None, student="plain_small", **data):
    """A student taught by one of the methods of `METHODS`.

    Args:
        name: The method.
        seed: Seed of all its trials.
        steps: Steps of the student.
        teacher_steps: Steps of the teacher; as many if not given.
        student: Name of the network.
        **data: `images` and `degrade` of every trial.
    """
    common = {"student": student, "seed": seed, **data}
    teacher_steps = teacher_steps or steps
    changes = dict(METHODS[name])
    imitation = changes.pop("imitation", 0.1)
    source = changes.pop("source", "teacher")
    features = "expanding" if "fsrcnn" in student else "features"
    if changes.get("guide") == "feature":
        changes["layers"] = changes.get("layers") or (features,)
    if source == "larger":
        # It sees the LR image, as the student does: plain output distillation.
        teacher = Trial("alone", steps=teacher_steps, **{**common, "student": "plain_medium"})
        start = None
    elif source == "cheap":
        # A student alone for most of the budget; its copy learns to read the code in the rest.
        start = Trial("alone", steps=teacher_steps - teacher_steps // 8, **common)
        rest, rate = teacher_steps // 8, 3e-3
        teacher = Trial(
            "teacher", steps=rest, rate=rate, start=start, imitation=imitation, **common
        )
    elif source == "itself":
        teacher, start = None, Trial("alone", steps=teacher_steps, **common)
    else:
        start = teacher = Trial("teacher", steps=teacher_steps, imitation=imitation, **common)
    return Trial("taught", steps=steps, start=start, teacher=teacher, **common, **changes)


FEATURE = {"guide": "feature"}
METHODS = {
    "the reference's": {**FEATURE, "imitation": 1e-4, "weight": 1e-6},
    "imitation 0.1": {**FEATURE, "weight": 1e-6},
    "imitation 1": {**FEATURE, "imitation": 1.0, "weight": 1e-6},
    "only the decoder's start": {},
    "a tenth of the gradient": {**FEATURE, "share": 0.1},
    "a tenth, faded": {**FEATURE, "share": 0.1, "fade": True},
    "half, faded": {**FEATURE, "share": 0.5, "fade": True},
    "a tenth, three layers, faded": {
        **{**FEATURE, "share": 0.1, "fade": True},
        "layers": ("body_2", "body_4", "features"),
    },
    "the teacher's output, faded": {"guide": "output", "weight": 1.0, "fade": True},
    "a cheap teacher": {**FEATURE, "source": "cheap", "share": 0.1, "fade": True},
    "control: output of a larger network": {"source": "larger", "guide": "output", "weight": 1.0},
    "control: start from itself": {"source": "itself"},
}


def cell(factor, level, name, seed, **options):
    """The cell of a method."""
    taught = method(name, seed, **options)
    alone = dataclasses.replace(
        taught, **{"role": "alone", "start": None, "teacher": None, "guide": "nothing"}
    )
    alone = dataclasses.replace(alone, layers=(), weight=0.0, share=0.0, fade=False)
    total = dataclasses.replace(alone, steps=steps_of(taught))
    return Cell(factor, level, taught, alone, total)


def methods_map(seed):
    """Every method at the centre of the map."""
    return [cell("method", name, name, seed) for name in METHODS]


def factors_map(seed, name):
    """One factor at a time from the centre, then two corners, by one method."""
    whole = {"images": 0}
    rows = [
        *(("training images", str(n), {"images": n}) for n in (8, 32, 128)),
        ("training images", "all", whole),
        ("student", "5.7K", {"student": "plain_tiny"}),
        ("student", "13K", whole),
        ("student", "40K", {"student": "plain_medium"}),
        ("student", "FSRCNN", {"student": "fsrcnn"}),
        *(("steps per stage", f"{n:,}", {"steps": n}) for n in (1000, 4000, 16000)),
        ("degradation", "bicubic", whole),
        ("degradation", "blur + noise + JPEG", {"degrade": DEGRADED}),
        *(("steps of the teacher", f"{n:,}", {"teacher_steps": n}) for n in (1000, 4000, 16000)),
        ("corners", "8 images, 1,000 steps", {"images": 8, "steps": 1000}),
        ("corners", "degraded, 1,000 steps", {"degrade": DEGRADED, "steps": 1000}),
    ]
    return [cell(factor, level, name, seed, **options) for factor, level, options in rows]
