"""Trains the parts of a run, each once, and scores its networks while they are trained."""

import concurrent.futures
import contextlib
import dataclasses
import json
import time
from unittest import mock

import jax
import keras
import numpy as np
from feed import Feed
from images import part_in_parallel
from parts import parts_of
from replicas import Replicas

import horkd.data
import keras_pisr as kp
from horkd.networks import Networks
from horkd.run import alone, crossentropy
from horkd.scores import SCORES, score
from keras_pisr.atomic import atomic_path
from runs.run_folder import environment, plain

# Steps per call of a program, about; and how often the networks of a part are scored.
STEPS_PER_CALL = 50
POINTS = 16
SAFETY = 0.9


class Training:
    """Everything of one task that several parts need.

    Args:
        what: What is run; see `parts_of`.
        settings: The recipe's, resolved; of "tune" with `score_on="validation"`.
        out: Results file of the task; several runs share it.
        runs: Folder for trained weights.
        way: See `convolutions`.
        start: `time.perf_counter()` from which times are told.
        deadline: The same after which no part is started.
        sharing: How many times longer a step takes than when the epochs are chosen.
    """

    def __init__(self, what, settings, out, runs, *, way, start, deadline, sharing=1.0):
        self.what, self.settings, self.out, self.runs = what, settings, out, runs
        self.way, self.start, self.deadline, self.sharing = way, start, deadline, sharing
        # Distances of embeddings need all of float32; the convolutions say what they need.
        jax.config.update("jax_default_matmul_precision", "highest")
        with mock.patch.object(horkd.data, "labelled_part", part_in_parallel):
            self.training, self.scored = horkd.data.load(settings)
        settings.check_batches(self.training.labels)
        self.networks = self.networks_of(settings.lr_factor)
        self.guides = {"taught": self.networks.teacher(), "students": self.networks.assistant()}
        self.guides["assistants"] = self.guides["taught"]
        self.found = json.loads(out.read_text()) if out.exists() else {}
        first = {"settings": None, "parts": {}, "rows": {}}
        self.results = self.found.setdefault(what, first)
        now = plain(dataclasses.asdict(settings)) | {
            "out": None,
            "data": settings.data and settings.data.name,
        }
        if self.results["settings"] not in (None, now):
            raise ValueError(f"{out} holds `{what}` with other settings; give another --out.")
        self.results["settings"] = now
        self.results["environment"] = environment()
        self.results["card"] = jax.devices()[0].device_kind
        self.results["convolutions"] = way
        self.results["images"] = {"training": len(self.training), "scored": len(self.scored)}
        self.feeds, self.programs, self.of_parts = {}, {}, {}
        self.scoring = concurrent.futures.ThreadPoolExecutor(4)

    def networks_of(self, lr_factor):
        """`Networks` for LR images of this size."""
        settings = dataclasses.replace(self.settings, lr_factor=lr_factor)
        return Networks(settings, len(self.training.class_names), self.training.images.shape[-1])

    # === Programs ===

    def builder(self, kind, lr_factor):
        """Function that makes the compiled distiller of a kind, as the recipe makes it."""
        networks, settings = self.networks_of(lr_factor), self.settings
        guide = self.guides.get(kind)
        terms = ["logits", "distance", "angle"]
        if kind != "taught":
            terms.append("individual")
        options = {
            "distillation_loss_weights": dict.fromkeys(terms, 1.0),
            "distillation_losses": {"logits": kp.losses.LogitLoss(settings.temperature)},
        }

        def build():
            if kind == "teacher":
                distiller = alone(networks.teacher(), student_sees="hr")[1]
            elif kind == "alone":
                distiller = alone(networks.student())[1]
            elif kind == "assistants":
                distiller = kp.distillers.HybridOrderDistiller(
                    student=networks.assistant(), teacher=guide, student_sees="hr", **options
                )
            elif kind == "taught":
                distiller = kp.distillers.HybridOrderDistiller(
                    student=networks.student(), teacher=guide, **options
                )
            else:
                # Every student starts from its own assistant's weights, later.
                distiller = kp.distillers.HybridOrderDistiller(
                    student=networks.student(),
                    assistant=guide,
                    start_from_assistant=False,
                    **options,
                )
            loss = crossentropy(len(self.training.class_names), settings.label_smoothing)
            distiller.compile(optimizer=keras.optimizers.Adam(1.0), loss=loss)
            return distiller

        return build

    def feed(self, seeds, lr_factor):
        """The feed of these seeds and LR images."""
        if (seeds, lr_factor) not in self.feeds:
            height, width = horkd.data.lr_size(self.training.images, lr_factor)
            made = Feed(self.training, self.settings, (height, width), seeds)
            self.feeds[seeds, lr_factor] = made
        return self.feeds[seeds, lr_factor]

    def program(self, part):
        """The program of a part; parts of one kind and number of rows share it."""
        factor = part.lr_factor or self.settings.lr_factor
        key = part.kind, len(part.rows), factor
        if key not in self.programs:
            seeds = (0,) if part.kind == "teacher" else tuple(self.settings.seeds)
            feed = self.feed(seeds, factor)
            each = max(1, round(STEPS_PER_CALL / feed.steps_per_epoch))
            scored = self.scored.images
            if part.kind not in ("teacher", "assistants"):
                scored = kp.data.resize(scored, horkd.data.lr_size(scored, factor))
            self.programs[key] = Replicas(
                self.builder(part.kind, factor),
                feed,
                len(part.rows),
                own_guide=part.kind == "students",
                scored=scored,
                output="logits" if self.settings.task == "classification" else "embedding",
                steps=each * feed.steps_per_epoch,
                way=self.way,
            )
        return self.programs[key]

    # === A run ===

    def run(self, parts):
        """Train the parts that are missing; returns whether none is left."""
        missing = [part for part in parts if part.name not in self.results["parts"]]
        programs = self.of_parts = {part.name: self.program(part) for part in missing}
        with concurrent.futures.ThreadPoolExecutor(max(1, len(programs))) as pool:
            compiling = {name: pool.submit(self.compile, name) for name in programs}
            for part in missing:
                if part.kind != "teacher":
                    # The length of a run depends on what all programs take.
                    for job in compiling.values():
                        job.result()
                    self.choose_epochs(missing)
                compiling[part.name].result()
                if time.perf_counter() > self.deadline:
                    self.say(f"{part.name} and what follows is left for another call")
                    return False
                self.train(part)
        return True

    def compile(self, name):
        """Compile the program of a part, in a thread."""
        self.of_parts[name].compile()
        self.say(f"{name}: compiled")

    def choose_epochs(self, missing):
        """Fix the epochs of a step of the method: those asked for, or fewer if time is short."""
        if "epochs" in self.results:
            return
        seconds = 0.0
        for part in missing:
            if part.kind == "teacher":
                continue
            program = self.program(part)
            start = time.perf_counter()
            self.one_call(program, part)
            took = time.perf_counter() - start
            self.say(f"{part.name}: {1000 * took / program.steps:.2f} ms per step")
            took *= self.sharing / program.steps
            seconds += part.length * took * program.feed.steps_per_epoch
            each = program.steps // program.feed.steps_per_epoch
        left = SAFETY * (self.deadline - time.perf_counter())
        epochs = int(min(self.settings.epochs, max(0, left) / seconds))
        self.results["epochs"] = max(1, epochs // each) * each
        self.say(f"{self.results['epochs']} epochs, about {seconds * self.results['epochs']:.0f} s")

    def one_call(self, program, part):
        """Train for one call of the program, for its time."""
        guide = self.guide_of(part, program, blank=True)
        each = program.steps // program.feed.steps_per_epoch
        state = program.train(
            program.initial(),
            guide,
            self.settings,
            each,
            list(part.rows.values()),
            points=(),
            score=None,
        )
        jax.block_until_ready(state)

    def guide_of(self, part, program, *, blank=False):
        """Weights of the guide of a part: those of the teacher or of each row's assistant."""
        if part.kind in ("teacher", "alone"):
            return []
        if part.kind == "students":
            if blank:
                lead = len(program.feed.seeds), len(part.rows)
                weights = self.guides["students"].get_weights()
                return [np.broadcast_to(w, (*lead, *w.shape)) for w in weights]
            name = "tuned assistants" if self.what == "tuned" else "assistants"
            # The plain student of `sizes` has no guide; its weights of terms are 0.
            rows = ["start" if row == "plain" else row for row in part.rows]
            return self.load_weights(name, rows)
        if blank:
            return self.guides[part.kind].get_weights()
        return [w[0, 0] for w in self.load_weights("teacher", ["teacher"])]

    def train(self, part):
        """Train a part, and write its scores."""
        program, start = self.program(part), time.perf_counter()
        guide = jax.device_put(self.guide_of(part, program))
        state = program.initial()
        if part.kind == "students":
            state = program.started_from(state, self.starts(part, program, state, guide))
        each = program.steps // program.feed.steps_per_epoch
        if part.kind == "teacher":
            epochs = max(1, self.settings.teacher_epochs // each) * each
        else:
            epochs = self.results["epochs"] * part.length
        calls = epochs // each
        points = {each * round(calls * (i + 1) / POINTS) for i in range(POINTS)} - {0}
        jobs = []

        def scored(epoch, outputs, losses):
            jobs.append(self.scoring.submit(self.score, part, program, epoch, outputs, losses))

        state = program.train(
            state,
            guide,
            self.settings,
            epochs,
            list(part.rows.values()),
            points=points,
            score=scored,
        )
        rows = [job.result() for job in jobs]
        if part.kind in ("teacher", "assistants"):
            self.save_weights(part, program.weights(state), program)
        seconds = round(time.perf_counter() - start, 1)
        steps = epochs * program.feed.steps_per_epoch
        for row in part.rows:
            name = f"assistant_{row}" if part.kind == "assistants" else row
            if part.lr_factor:
                name = f"{name}, LR smaller by {part.lr_factor}"
            self.results["rows"][name] = [point[row] for point in rows]
        self.results["parts"][part.name] = {"epochs": epochs, "steps": steps, "seconds": seconds}
        with atomic_path(self.out) as temporary:
            temporary.write_text(json.dumps(self.merged(), indent=1) + "\n", encoding="utf-8")
        main = SCORES[self.settings.task][0]
        for row in part.rows:
            last = [seed[main] for seed in rows[-1][row]["scores"].values()]
            self.say(f"{part.name}, {row}: {main} {100 * np.mean(last):.1f} after {steps} steps")
        self.say(f"{part.name}: {seconds} s, {1000 * seconds / steps:.2f} ms per step")

    def starts(self, part, program, state, guide):
        """What students start from: each from its assistant, a plain one from its own start."""
        starts = [np.array(weights) for weights in guide]
        for place, row in enumerate(part.rows):
            if row == "plain":
                for start, fresh in zip(starts, program.weights(state), strict=True):
                    start[:, place] = fresh[:, place]
        return starts

    def merged(self):
        """The results file with this run's results."""
        found = json.loads(self.out.read_text()) if self.out.exists() else {}
        return found | {"task": self.settings.task, self.what: self.results}

    def score(self, part, program, epoch, outputs, losses):
        """One point of every row's curve."""
        outputs, losses = np.asarray(outputs)[:, :, : program.scored_count], np.asarray(losses)
        kind, task = program.output, self.settings.task
        return {
            row: {
                "epoch": epoch,
                "steps": epoch * program.feed.steps_per_epoch,
                "loss": {
                    str(seed): round(float(losses[i, place]), 5)
                    for i, seed in enumerate(program.feed.seeds)
                },
                "scores": {
                    str(seed): {
                        name: round(value, 6)
                        for name, value in score(
                            task, {kind: outputs[i, place]}, self.scored.labels
                        ).items()
                    }
                    for i, seed in enumerate(program.feed.seeds)
                },
            }
            for place, row in enumerate(part.rows)
        }

    # === Trained weights ===

    def folder(self, name):
        """Where the weights of a part lie: those of "curves" serve "tuned" and "sizes" too."""
        own = self.what in ("tune", "pretrain") or name.startswith("tuned")
        what = self.what if own else "curves"
        return self.runs / f"{what}_{self.settings.task}"

    def save_weights(self, part, weights, program):
        """Write the weights of all networks of a part, and those of the first seed for Keras."""
        arrays = {f"{i:04d}": np.asarray(value) for i, value in enumerate(weights)}
        with atomic_path(self.folder(part.name) / f"{part.name}.npz") as temporary:
            np.savez(temporary, rows=np.array(list(part.rows)), **arrays)
        for place, row in enumerate(part.rows):
            if row in ("teacher", "horkd_123"):
                model = program.distiller.student
                model.set_weights([value[0, place] for value in arrays.values()])
                name = "teacher" if row == "teacher" else f"assistant_{row}"
                with atomic_path(self.folder(part.name) / f"{name}.keras") as temporary:
                    model.save(temporary)

    def load_weights(self, name, rows):
        """Weights `(seeds, rows, ...)` of a trained part."""
        path = self.folder(name) / f"{name}.npz"
        if not path.exists():
            raise ValueError(f"{path} is missing: run `curves` with the same --runs first.")
        with contextlib.closing(np.load(path)) as file:
            names = file["rows"].tolist()
            places = [names.index(row) for row in rows]
            return [file[key][:, places] for key in sorted(file.files) if key != "rows"]

    def say(self, text):
        """Print a line with the time."""
        seconds = time.perf_counter() - self.start
        print(f"{self.settings.task} {self.what} {seconds:6.1f} s: {text}", flush=True)

    def best(self):
        """Of "tune": from method to the row that is best over the last points of its curve."""
        main = SCORES[self.settings.task][0]
        rows = self.found.get("tune", {}).get("rows", {})
        if not any(name.startswith("rkd: ") for name in rows):
            raise ValueError(f"{self.out} holds no finished `tune`: run that first.")

        def value(name):
            last = rows[name][-3:]
            return np.mean([seed[main] for point in last for seed in point["scores"].values()])

        return {
            method: max((name for name in rows if name.startswith(f"{method}: ")), key=value)
            for method in ("horkd_123", "rkd")
        }

    def parts(self):
        """The parts of this run."""
        chosen = self.best() if self.what == "tuned" else None
        return parts_of(self.what, self.settings, chosen)
