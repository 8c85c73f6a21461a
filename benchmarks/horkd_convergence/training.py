"""Trains the parts of a run, each once, and scores its networks while they are trained."""

import concurrent.futures
import dataclasses
import time
from unittest import mock

import jax
import numpy as np
from compiled_distiller import builder
from feed import Feed
from images import part_in_parallel
from parts import parts_of
from replicas import Replicas
from results_file import ResultsFile, points_of
from trained_weights import TrainedWeights

import horkd.data
import keras_pisr as kp
from horkd.networks import Networks
from horkd.scores import SCORES

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
        self.what, self.way = what, way
        self.start, self.deadline, self.sharing = start, deadline, sharing
        # Distances of embeddings need all of float32; the convolutions say what they need.
        jax.config.update("jax_default_matmul_precision", "highest")
        with mock.patch.object(horkd.data, "labelled_part", part_in_parallel):
            self.training, self.scored = horkd.data.load(settings)
        settings = self.settings = settings.with_batch_size(self.training.labels)
        self.networks = self.networks_of(settings.lr_factor)
        self.guides = {"taught": self.networks.teacher(), "students": self.networks.assistant()}
        self.guides["assistants"] = self.guides["taught"]
        images = {"training": len(self.training), "scored": len(self.scored)}
        self.file = ResultsFile(out, what, settings, way=way, images=images)
        self.results = self.file.run
        self.weights = TrainedWeights(runs, what, settings.task)
        self.feeds, self.programs, self.of_parts = {}, {}, {}
        self.scoring = concurrent.futures.ThreadPoolExecutor(4)

    def networks_of(self, lr_factor):
        """`Networks` for LR images of this size."""
        settings = dataclasses.replace(self.settings, lr_factor=lr_factor)
        return Networks(settings, len(self.training.class_names), self.training.images.shape[-1])

    # === Programs ===

    def builder(self, kind, lr_factor):
        """Function that makes the compiled distiller of a kind; see `compiled_distiller`."""
        classes = len(self.training.class_names)
        networks = self.networks_of(lr_factor)
        return builder(kind, networks, self.settings, classes, self.guides.get(kind))

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
            return self.weights.load(name, rows)
        if blank:
            return self.guides[part.kind].get_weights()
        return [w[0, 0] for w in self.weights.load("teacher", ["teacher"])]

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
            self.weights.save(part, program.weights(state), program.distiller.student)
        seconds = round(time.perf_counter() - start, 1)
        steps = epochs * program.feed.steps_per_epoch
        self.file.add(part, rows, epochs=epochs, steps=steps, seconds=seconds)
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

    def score(self, part, program, epoch, outputs, losses):
        """One point of every row's curve."""
        return points_of(
            part.rows,
            program.feed.seeds,
            np.asarray(outputs)[:, :, : program.scored_count],
            np.asarray(losses),
            kind=program.output,
            task=self.settings.task,
            labels=self.scored.labels,
            epoch=epoch,
            steps=epoch * program.feed.steps_per_epoch,
        )

    def say(self, text):
        """Print a line with the time."""
        seconds = time.perf_counter() - self.start
        print(f"{self.settings.task} {self.what} {seconds:6.1f} s: {text}", flush=True)

    def parts(self):
        """The parts of this run."""
        chosen = self.file.best() if self.what == "tuned" else None
        return parts_of(self.what, self.settings, chosen)
