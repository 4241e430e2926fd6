"""How the learning rate goes over a training."""

import math
from typing import Any

import keras
from keras import ops

from evrisim.training.recipe import Recipe

FIRST, LAST = 0.2, 0.07
"""Shares of the highest rate at which a triangle begins and ends."""


def learning_rate(recipe: Recipe, steps_per_epoch: int) -> Any:
    """Give the rate over steps: a warm-up, then what the recipe's schedule says.

    Reference:
        Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983 (cosine, no restarts);
        Goyal et al. 2017, https://arxiv.org/abs/1706.02677 (warm-up);
        Jordan 2024, https://arxiv.org/abs/2404.00498 (the triangle).
    """
    total = recipe.epochs * steps_per_epoch
    warmup = min(round(recipe.warmup_epochs * steps_per_epoch), total - 1)
    if recipe.schedule == "triangle":
        return Triangle(recipe.learning_rate, warmup, total)
    last = 1.0 if recipe.schedule == "constant" else 0.0
    return Cosine(recipe.learning_rate, warmup, total, last)


@keras.saving.register_keras_serializable("evrisim")
class Cosine(keras.optimizers.schedules.LearningRateSchedule):
    """Climbs straight from 0 to the highest rate, and falls by half a cosine.

    To the last bit the rates of Keras' `CosineDecay`, but without its branch in the graph: an
    optimizer asks for the rate once for each kernel, and tracing a branch takes 30 ms.

    Args:
        highest: The rate after the warm-up.
        warmup: Steps until then; with 0 it begins there.
        total: Steps of the training.
        last: Share of the highest rate at the end.

    Example:
        >>> rate = Cosine(1.0, 10, 110)
        >>> [round(float(rate(step)), 3) for step in (0, 5, 10, 60, 110)]
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    def __init__(self, highest: float, warmup: int, total: int, last: float = 0.0) -> None:
        super().__init__()
        self.highest, self.warmup, self.total, self.last = highest, warmup, total, last

    def __call__(self, step: Any) -> Any:
        """Give the rate of a step, counted from 0."""
        step = ops.minimum(ops.cast(step, "float32"), self.total)
        climbed = self.highest * (step / max(self.warmup, 1))
        fallen = (step - self.warmup) / (self.total - self.warmup)
        share = (1 - self.last) * (0.5 * (1 + ops.cos(math.pi * fallen))) + self.last
        return ops.where(step < self.warmup, climbed, self.highest * share)

    def get_config(self) -> dict[str, Any]:
        """Give what makes it again."""
        names = ("highest", "warmup", "total", "last")
        return {name: getattr(self, name) for name in names}


@keras.saving.register_keras_serializable("evrisim")
class Triangle(keras.optimizers.schedules.LearningRateSchedule):
    """Climbs straight from a fifth of the highest rate, and falls straight to a fifteenth.

    Args:
        highest: The rate after the warm-up.
        warmup: Steps until then; with 0 it begins there.
        total: Steps of the training.

    Example:
        >>> rate = Triangle(1.0, 10, 110)
        >>> [round(float(rate(step)), 3) for step in (0, 5, 10, 60, 110)]
        [0.2, 0.6, 1.0, 0.535, 0.07]
    """

    def __init__(self, highest: float, warmup: int, total: int) -> None:
        super().__init__()
        self.highest, self.warmup, self.total = highest, warmup, total

    def __call__(self, step: Any) -> Any:
        """Give the rate of a step, counted from 0."""
        step = ops.cast(step, "float32")
        climbed = FIRST + (1 - FIRST) * step / max(self.warmup, 1)
        fallen = 1 - (1 - LAST) * (step - self.warmup) / (self.total - self.warmup)
        share = ops.where(step < self.warmup, climbed, ops.maximum(fallen, LAST))
        return self.highest * share

    def get_config(self) -> dict[str, Any]:
        """Give what makes it again."""
        return {"highest": self.highest, "warmup": self.warmup, "total": self.total}
