"""Which learning rate suits: a short training in which it climbs until the loss breaks away."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

import keras
import numpy as np

from evrisim._validate import InputError, check_whole
from evrisim.data.dataset import DataSet, check_dataset
from evrisim.messages import translate as _
from evrisim.training import loop
from evrisim.training.recipe import Recipe
from evrisim.training.workbench import ModelChoice, compiled

LOW, HIGH, STEPS = 1e-6, 100.0, 150

SMOOTHING = 0.9
"""Momentum of the running average by which a sweep is stopped."""

WIDTH = 0.03
"""Of the bell that the finished course is smoothed with, as a share of the steps."""

BEYOND = 3.0
"""How far above the first losses the average has broken away, in their standard deviations."""

LEAST = 10
"""Steps before which nothing is read from the course: averages are young."""


@dataclass(frozen=True)
class Sweep:
    """How the loss went while the rate climbed.

    Attributes:
        rates: Of each step.
        losses: Of each step's batch.
        stopped: Whether the loss broke away before the highest rate.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    stopped: bool

    @cached_property
    def smoothed(self) -> tuple[float, ...]:
        """The course of the losses without their noise, neither early nor late."""
        return smooth(self.losses, WIDTH * len(self.losses))

    @property
    def lowest(self) -> float:
        """The rate at which the smoothed loss was lowest: beyond it steps do harm."""
        return self.rates[self._lowest]

    @property
    def steepest(self) -> float:
        """The rate at which the smoothed loss fell fastest, on the way to its lowest."""
        slopes = np.diff(self.smoothed[: self._lowest + 1])
        first = min(LEAST, len(slopes) - 1)
        return self.rates[first + int(np.argmin(slopes[first:]))]

    @property
    def suggestion(self) -> float | None:
        """Half way, on the axis of powers, from steepest to lowest.

        None where the loss did not break away, or had not fallen before it did.
        """
        young = self.losses[:LEAST]
        fallen = self.smoothed[self._lowest] < np.mean(young) - np.std(young)
        return math.sqrt(self.steepest * self.lowest) if self.stopped and fallen else None

    @property
    def _lowest(self) -> int:
        first = min(LEAST + 1, len(self.losses) - 1)
        return first + int(np.argmin(self.smoothed[first:]))


def smooth(losses: Sequence[float], width: float) -> tuple[float, ...]:
    """Average each loss with those around it, by the weights of a bell `width` steps wide.

    Example:
        >>> smooth([2.0, 2.0, 2.0], 1.0)
        (2.0, 2.0, 2.0)
    """
    places = np.arange(len(losses))
    weights = np.exp(-0.5 * ((places[:, None] - places) / max(width, 1e-9)) ** 2)
    return tuple(float(one) for one in weights @ np.asarray(losses) / weights.sum(axis=1))


def sweep(
    dataset: DataSet,
    model: ModelChoice | keras.Model,
    recipe: Recipe,
    *,
    low: float = LOW,
    high: float = HIGH,
    steps: int = STEPS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Sweep:
    """Train a few steps while the rate climbs by a constant factor from step to step.

    It ends early where the loss is no number, or its average is back above what it was before
    anything was learned. Validation and test images are not looked at.

    Args:
        dataset: What to train on.
        model: A choice by name, or a model; its weights are as before afterwards.
        recipe: How to train; its own rate and schedule are not used.
        low: First rate.
        high: Last rate.
        steps: How many, at least 20.
        progress: Called as `progress(done, total)`, in steps.

    Raises:
        InputError: If the data, the model or the range cannot be used.

    Reference:
        Smith 2017, https://arxiv.org/abs/1506.01186 (the range test), with rates that climb by a
        factor.
    """
    check_dataset(dataset)
    check_whole("steps", steps, 2 * LEAST)
    if not (0 < low < high < math.inf):
        raise InputError(
            _(
                "`low` and `high` must be rates above 0, the first lower; received {low}, {high}."
            ).format(low=low, high=high)
        )
    climb = keras.optimizers.schedules.ExponentialDecay(low, steps - 1, high / low)
    before = model.get_weights() if isinstance(model, keras.Model) else None
    built = compiled(dataset, model, recipe, rate=climb)
    try:
        losses, stopped = _losses(built, dataset, recipe, steps, progress)
    finally:
        if before is not None:
            built.set_weights(before)
    progress(steps, steps)
    rates = tuple(low * (high / low) ** (step / (steps - 1)) for step in range(len(losses)))
    return Sweep(rates, losses, stopped)


def _losses(
    model: keras.Model,
    dataset: DataSet,
    recipe: Recipe,
    steps: int,
    progress: Callable[[int, int], None],
) -> tuple[tuple[float, ...], bool]:
    losses: list[float] = []
    average = 0.0
    for step, (images, labels) in enumerate(_endless(dataset, recipe)):
        if step == steps:
            return tuple(losses), False
        progress(step, steps)
        loss = float(model.train_on_batch(images, labels, return_dict=True)["loss"])
        if not math.isfinite(loss):
            return tuple(losses), True
        losses.append(loss)
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        if step >= LEAST and average / (1 - SMOOTHING ** (step + 1)) > _beyond(losses):
            return tuple(losses), True
    raise AssertionError("unreachable: the batches never end")


def _endless(dataset: DataSet, recipe: Recipe) -> Iterator[tuple[Any, Any]]:
    for epoch in count():
        yield from loop.batches(dataset, recipe, epoch)


def _beyond(losses: Sequence[float]) -> float:
    """Give the loss above which it has broken away: what chance alone does not reach."""
    young = losses[:LEAST]
    return float(np.mean(young) + BEYOND * np.std(young))
