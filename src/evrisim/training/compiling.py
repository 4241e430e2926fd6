"""A model compiled by a recipe, with all the variables that its steps will ever have."""

from typing import Any

import keras
import numpy as np

from evrisim import augment
from evrisim.data.batches import steps_per_epoch
from evrisim.data.dataset import DataSet
from evrisim.training.optimizers import optimizer
from evrisim.training.recipe import Recipe
from evrisim.training.schedules import learning_rate

APART = {
    "seed",
    "augmentation",
    "severity",
    "image_sizes",
    "lookahead",
    "early_stopping",
    "test_views",
}
"""Settings of a recipe that no compiled step knows of."""


def depends_on(recipe: Recipe) -> dict[str, Any]:
    """Give what a model compiled by a recipe depends on, but for the values of its variables.

    Trainings that have it in common, and their model and shapes of data, can share a traced step.
    """
    return {**recipe.model_dump(exclude=APART), "mixes": _mixes(recipe)}


def compile_model(
    model: keras.Model, dataset: DataSet, recipe: Recipe, loss: Any, rate: Any = None
) -> None:
    """Compile a model as the recipe says, measuring accuracy beside the loss.

    Args:
        model: Built; it is changed in place.
        dataset: What it is to be trained on.
        recipe: How.
        loss: A Keras loss.
        rate: A Keras schedule in place of the recipe's.
    """
    steps = steps_per_epoch(len(dataset.train), recipe.batch_size)
    rate = rate or learning_rate(recipe, steps)
    model.compile(optimizer=optimizer(recipe, model, rate), loss=loss, metrics=["accuracy"])
    _make_metrics(model, recipe, dataset.num_classes)


def _make_metrics(model: keras.Model, recipe: Recipe, classes: int) -> None:
    """Have the metrics make their variables now.

    Made in the first step they would cost a second trace: TensorFlow traces a function again if
    it made variables.
    """
    labels = np.zeros((1, classes), np.float32) if _mixes(recipe) else np.zeros(1, np.int64)
    model.compute_metrics(None, labels, np.zeros((1, classes), np.float32))
    model.reset_metrics()


def _mixes(recipe: Recipe) -> bool:
    """Tell whether labels are shares of classes, since images are mixed."""
    return recipe.policy is not None and augment.mixes(recipe.policy)
