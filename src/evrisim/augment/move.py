"""Augmentations that move pixels: flip and padded crop, a whole batch at a time."""

from dataclasses import dataclass

import numpy as np

from evrisim._validate import check_range, check_whole


@dataclass(frozen=True)
class Flip:
    """Mirror each image left to right with probability `probability` (0 to 1)."""

    probability: float = 0.5

    def __post_init__(self) -> None:
        check_range("probability", self.probability, 0, 1)

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw `(count,)` bool: true where the image is mirrored."""
        return rng.random(count) < self.probability

    def apply(self, images: np.ndarray, draw: np.ndarray) -> np.ndarray:
        """Mirror the drawn ones of `(count, rows, columns, …)` images."""
        flipped = images.copy()
        flipped[draw] = images[draw, :, ::-1]
        return flipped


@dataclass(frozen=True)
class PaddedCrop:
    """Move each image by up to `padding` pixels each way, filling in with its own reflection.

    Each image has its own offset. The same as padding all sides by reflection and cropping
    back to the size at a random place.
    """

    padding: int = 4

    def __post_init__(self) -> None:
        check_whole("padding", self.padding, 0)

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw `(count, 2)` integers in 0 … 2·padding: first row and column of each crop."""
        return rng.integers(0, 2 * self.padding + 1, size=(count, 2))

    def apply(self, images: np.ndarray, draw: np.ndarray) -> np.ndarray:
        """Crop the reflected `(count, rows, columns, …)` images at their own offsets."""
        rows = _reflected(images.shape[1], draw[:, 0] - self.padding)
        columns = _reflected(images.shape[2], draw[:, 1] - self.padding)
        return images[np.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]]


def _reflected(size: int, first: np.ndarray) -> np.ndarray:
    """Give `(count, size)` indices from `first` on, reflected at the borders."""
    index = np.arange(size)[None, :] + first[:, None]
    period = max(2 * (size - 1), 1)
    index = np.abs(index) % period
    return np.minimum(index, period - index) if size > 1 else np.zeros_like(index)
