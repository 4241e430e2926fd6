"""What a recipe's schedule has planned, before it is run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evrisim._validate import check_whole
from evrisim.data.batches import steps_per_epoch
from evrisim.training.recipe import Recipe
from evrisim.training.schedules import learning_rate

POINTS = 240
"""Places at which a rate is taken."""


@dataclass(frozen=True)
class Planned:
    """The rate over a training, or over a stage of one.

    Attributes:
        name: Of the stage; empty where there is but one.
        steps: How many the training takes.
        epochs: Places at which the rate was taken, from 0; the last is the end.
        rates: The rate at each.
    """

    name: str
    steps: int
    epochs: Sequence[float]
    rates: Sequence[float]


def planned(recipe: Recipe, images: int, name: str = "") -> Planned:
    """Take the rate of a recipe all over the training.

    Args:
        recipe: Whose; early stopping may end it sooner.
        images: How many are trained on: with the batch size they say how many steps an epoch has.
        name: What it is called.
    """
    each = steps_per_epoch(check_whole("images", images, 1), recipe.batch_size)
    total = recipe.epochs * each
    rate = learning_rate(recipe, each)
    warm = min(round(recipe.warmup_epochs * each), total - 1)
    steps = np.unique([*np.linspace(0, total, POINTS).round().astype(int), warm])
    return Planned(
        name,
        total,
        [float(step) / each for step in steps],
        [float(rate(int(step))) for step in steps],
    )
