"""Nets of several kinds and depths, watched at their start and after some steps of training."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice, product
from typing import Any

import keras
import numpy as np

from evrisim import models
from evrisim._validate import InputError, check_choice, check_range, check_whole
from evrisim.data.batches import Place, training_batches
from evrisim.data.dataset import Split
from evrisim.depth.flow import Batch, Flow, Watched
from evrisim.messages import translate as _
from evrisim.models.staged import blocks_of
from evrisim.training.precision import seeded

NETS = ("plain", "resnet", "preact_resnet")
"""Nets of any depth; the first has no shortcuts."""

DEPTHS = (8, 20, 56, 110)
PROBES = 4
"""Batches whose gradients are compared."""

_PROBED = 2
"""Sets the probes' stream of randomness apart from others that start from the same seed."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """What is to be watched.

    Attributes:
        nets: Of `NETS`.
        depths: Layers with weights: 2 more than a multiple of 6.
        width: Feature maps of the first stage.
        norm: `batch`, `layer`, `group` or `none`; nets of version 2 have `batch` only.
        steps: Of training; 0 for a look at the start alone.
        batch_size: Images a step, and a probe.
        learning_rate: Of SGD with momentum 0.9, after a warm-up over the first third of the steps.
        seeds: How many, from 0 on; a seed decides weights and batches.
    """

    nets: tuple[str, ...] = ("plain", "resnet")
    depths: tuple[int, ...] = DEPTHS
    width: int = 8
    norm: str = "batch"
    steps: int = 60
    batch_size: int = 64
    learning_rate: float = 0.1
    seeds: int = 1

    def options(self, net: str, depth: int) -> dict[str, Any]:
        """Give the options of a net."""
        asked: dict[str, Any] = {"depth": depth, "width": self.width}
        return (
            asked
            if net == "preact_resnet" and self.norm == "batch"
            else {**asked, "norm": self.norm}
        )

    def check(self) -> None:
        """Pass if all nets can be built and trained as asked.

        Raises:
            InputError: If not.
        """
        if not (self.nets and self.depths):
            raise InputError(_("At least one net and one depth are needed."))
        for net in self.nets:
            check_choice("net", net, NETS)
            for depth in self.depths:
                models.check(net, self.options(net, depth))
                blocks_of(depth, "basic")
        check_whole("steps", self.steps, 0)
        check_whole("batch_size", self.batch_size, 2)
        check_whole("seeds", self.seeds, 1)
        check_range("learning_rate", self.learning_rate, 1e-6, 10)


@dataclass(frozen=True, eq=False)
class Case:
    """What was seen of one net.

    Attributes:
        net: Of `NETS`.
        depth: Layers with weights.
        seed: Of weights and batches.
        start: Before the first step.
        end: After the last; None if there was none, or the loss was no longer finite.
        losses: Of each step's batch before the step, `(steps,)` float64.
        norms: Of each step's whole gradient, `(steps,)` float64.
    """

    net: str
    depth: int
    seed: int
    start: Flow
    end: Flow | None
    losses: np.ndarray
    norms: np.ndarray

    @property
    def name(self) -> str:
        """Such as `plain-56`."""
        return f"{self.net}-{self.depth}"

    @property
    def unrest(self) -> float:
        """How much the gradient's norm varies from step to step after the warm-up.

        The standard deviation relative to the mean; NaN with fewer than two such steps.
        """
        settled = self.norms[len(self.norms) // 3 :]
        if len(settled) < 2 or not np.isfinite(settled).all():
            return float("nan")
        return float(settled.std(ddof=1) / settled.mean())


def survey(
    split: Split, num_classes: int, plan: Plan, *, progress: Progress = lambda done, total: None
) -> tuple[Case, ...]:
    """Watch every net of a plan at every depth with every seed, on the same batches each seed.

    Args:
        split: Images to train on, as they are.
        num_classes: Number of logits.
        plan: What is to be watched.
        progress: Called as `progress(done, total)`, in steps of training.

    Raises:
        InputError: If the plan cannot be carried out, or there are too few images.
    """
    plan.check()
    probes = [_probes(split, plan, seed) for seed in range(plan.seeds)]
    total = (plan.steps + 1) * len(plan.nets) * len(plan.depths) * plan.seeds
    cases: list[Case] = []

    def counted(done: int) -> None:
        progress((plan.steps + 1) * len(cases) + done, total)

    for net, depth in product(plan.nets, plan.depths):
        shape, options = split.images.shape[1:], plan.options(net, depth)
        watched = None
        for seed in range(plan.seeds):
            counted(0)
            with seeded(seed):
                model = models.build(net, shape, num_classes, options)
            if watched is None:
                watched = Watched(model, learning_rate=plan.learning_rate)
            else:
                watched.begin_anew(model)
            start = watched.flow(probes[seed])
            batches = _batches(split, plan.batch_size, seed)
            losses, norms = _train(watched, batches, plan, counted)
            whole = len(losses) == plan.steps > 0
            end = watched.flow(probes[seed]) if whole else None
            cases.append(Case(net, depth, seed, start, end, losses, norms))
        del watched, model
        keras.utils.clear_session(free_memory=True)
    counted(0)
    return tuple(cases)


def _probes(split: Split, plan: Plan, seed: int) -> list[Batch]:
    """Take the batches for gradients from an order that no step of training follows."""
    needed = PROBES * plan.batch_size
    if len(split) < needed:
        raise InputError(
            _("At least {needed} training images are needed; there are {count}.").format(
                needed=needed, count=len(split)
            )
        )
    order = np.random.default_rng([seed, _PROBED]).permutation(len(split))[:needed]
    return [
        (split.images[index].astype(np.float32), split.labels[index].astype(np.int64))
        for index in order.reshape(PROBES, plan.batch_size)
    ]


def _train(
    watched: Watched, batches: Iterator[Batch], plan: Plan, progress: Callable[[int], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Train until the steps are done or the loss is no longer finite."""
    warm = max(plan.steps // 3, 1)
    losses: list[float] = []
    norms: list[float] = []
    for step, (images, labels) in enumerate(islice(batches, plan.steps)):
        watched.set_rate(plan.learning_rate * min((step + 1) / warm, 1.0))
        loss = watched.step(images.astype(np.float32), labels)
        if not np.isfinite(loss):
            break
        losses.append(loss)
        norms.append(watched.gradient_norm())
        progress(step + 1)
    return np.array(losses), np.array(norms)


def _batches(split: Split, batch_size: int, seed: int) -> Iterator[Batch]:
    for epoch in count():
        yield from training_batches(split, batch_size, Place(seed, epoch))
