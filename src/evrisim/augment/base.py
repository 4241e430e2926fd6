"""The two steps of every augmentation: draw, for each image, then apply the draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Augmentation(Protocol):
    """A random change of images, in two steps so that a draw can be handed in and repeated."""

    def draw(self, rng: np.random.Generator, count: int) -> Any:
        """Draw what will happen to each of `count` images."""

    def apply(self, images: np.ndarray, draw: Any) -> np.ndarray:
        """Apply a draw to `(count, rows, columns, …)` images or masks; the input is left alone."""


@dataclass(frozen=True)
class Composed:
    """Several augmentations, one after the other."""

    parts: Sequence[Augmentation]

    def draw(self, rng: np.random.Generator, count: int) -> list[Any]:
        """Draw for each part in turn."""
        return [part.draw(rng, count) for part in self.parts]

    def apply(self, images: np.ndarray, draw: Sequence[Any]) -> np.ndarray:
        """Apply each part's draw in turn."""
        for part, part_draw in zip(self.parts, draw, strict=True):
            images = part.apply(images, part_draw)
        return images
