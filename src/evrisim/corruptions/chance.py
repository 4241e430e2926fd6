"""Random numbers for many images at once, each image with a stream of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

import numpy as np


@dataclass(frozen=True, eq=False)
class Chance:
    """One generator an image; what an image draws does not depend on its neighbours.

    Attributes:
        generators: one an image, used up as numbers are drawn.
    """

    generators: tuple[np.random.Generator, ...]

    @classmethod
    def of(cls, seed: int, name: str, severity: int, numbers: Iterable[int]) -> "Chance":
        """Give the streams of some images: functions of seed, name, severity and image number."""
        key = crc32(name.encode())
        return cls(
            tuple(np.random.default_rng((seed, key, severity, number)) for number in numbers)
        )

    def normal(self, *shape: int) -> np.ndarray:
        """Give standard normal numbers, `(count, *shape)` float32."""
        return np.stack([one.standard_normal(shape, np.float32) for one in self.generators])

    def uniform(self, *shape: int) -> np.ndarray:
        """Give numbers in [0, 1), `(count, *shape)` float32."""
        return np.stack([one.random(shape, np.float32) for one in self.generators])

    def whole(self, low: int, high: int, *shape: int) -> np.ndarray:
        """Give whole numbers in `low … high − 1`, `(count, *shape)`."""
        return np.stack([one.integers(low, high, shape) for one in self.generators])

    def poisson(self, means: np.ndarray) -> np.ndarray:
        """Give counts with these means, `(count, …)`, one row of means an image."""
        pairs = zip(self.generators, means, strict=True)
        return np.stack([one.poisson(mean) for one, mean in pairs])
