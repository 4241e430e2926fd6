"""A batch prepared by hand, with the very functions that prepare it in a training."""

import numpy as np

from evrisim.data.batches import draw_batch
from evrisim.data.dataset import Split
from evrisim.training import loop
from evrisim.training.recipe import Recipe


def draw(split: Split, recipe: Recipe, index: np.ndarray, *, augmented: bool) -> None:
    """Gather the images at `index`, and augment them as the recipe says if `augmented`."""
    chosen = loop.augmentation(split, recipe) if augmented else None
    draw_batch(split, index, chosen, [recipe.seed, len(index)])


def enough(split: Split, count: int) -> Split:
    """Give a split of at least `count` images: itself, or its images over and over."""
    if len(split) >= count:
        return split
    index = np.arange(count) % len(split)
    return Split(split.images[index], split.labels[index])
