"""A batch prepared by hand, with the very functions that prepare it in a training."""

import numpy as np

from evrisim.data.batches import Place, draw_batch
from evrisim.data.dataset import DataSet, Split
from evrisim.training.recipe import Recipe


def draw(dataset: DataSet, recipe: Recipe, index: np.ndarray, *, augmented: bool) -> None:
    """Gather training images at `index`, and augment them as the recipe says if `augmented`."""
    place = Place(recipe.seed, classes=dataset.num_classes)
    draw_batch(dataset.train, index, recipe.policy if augmented else None, place)


def enough(split: Split, count: int) -> Split:
    """Give a split of at least `count` images: itself, or its images over and over."""
    if len(split) >= count:
        return split
    index = np.arange(count) % len(split)
    return Split(split.images[index], split.labels[index])
