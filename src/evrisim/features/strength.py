"""How strongly each feature map of a layer fires."""

from dataclasses import dataclass

import numpy as np

from evrisim._validate import check_choice

MEASURES = ("mean", "max")
"""How strength is measured: see `strength`."""


@dataclass(frozen=True, eq=False)
class Strength:
    """How strongly the maps of a layer fire, over all images and positions seen.

    Attributes:
        by: the measure, one of `MEASURES`.
        values: `(maps,)` float64, at least 0.
        dead: `(maps,)` bool: exactly zero everywhere, in every image seen.
    """

    by: str
    values: np.ndarray
    dead: np.ndarray

    @property
    def order(self) -> np.ndarray:
        """`(maps,)` int64: numbers of the maps, the strongest first; equal ones by number."""
        return np.lexsort((self.dead, -self.values))

    @property
    def relative(self) -> np.ndarray:
        """`(maps,)` float64 in 0–1: each map's value over that of the layer's strongest map."""
        top = self.values.max(initial=0.0)
        return self.values / top if top > 0 else np.zeros_like(self.values)


@dataclass(frozen=True, eq=False)
class Tally:
    """What is kept of the images seen so far; `(maps,)` each but `positions`."""

    positive: np.ndarray
    highest: np.ndarray
    dead: np.ndarray
    positions: int

    @classmethod
    def nothing(cls, maps: int) -> "Tally":
        """Give the tally of no image."""
        return cls(np.zeros(maps), np.full(maps, -np.inf), np.ones(maps, bool), 0)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.positive + other.positive,
            np.maximum(self.highest, other.highest),
            self.dead & other.dead,
            self.positions + other.positions,
        )

    def strength(self, by: str) -> Strength:
        """Give the strength by one of `MEASURES`."""
        values = self.positive / self.positions if by == "mean" else np.maximum(self.highest, 0)
        return Strength(by, np.asarray(values, np.float64), self.dead)


def strength(maps: np.ndarray, by: str = "mean") -> Strength:
    """Measure how strongly each map fires.

    Measures:
        `mean`: the mean of the positive part over all images and positions, that is, what a ReLU
            lets through on average. The default.
        `max`: the largest value anywhere (0 for a map that is positive nowhere).

    Args:
        maps: `(count, rows, columns, maps)` numbers, as `feature_maps` gives them.
        by: one of `MEASURES`.

    Raises:
        InputError: For another measure.

    Example:
        >>> maps = np.array([[[[1.0, -1.0, 0.0], [3.0, 3.0, 0.0]]]])  # 1×2 positions, 3 maps
        >>> found = strength(maps)
        >>> found.values.tolist(), found.order.tolist(), found.dead.tolist()
        ([2.0, 1.5, 0.0], [0, 1, 2], [False, False, True])
    """
    check_choice("by", by, MEASURES)
    return tally(maps).strength(by)


def tally(maps: np.ndarray) -> Tally:
    """Sum up `(count, rows, columns, maps)` so that batches can be added."""
    return Tally(
        np.maximum(maps, 0).sum(axis=(0, 1, 2), dtype=np.float64),
        maps.max(axis=(0, 1, 2)),
        np.logical_not(maps.any(axis=(0, 1, 2))),
        int(np.prod(maps.shape[:3])),
    )
