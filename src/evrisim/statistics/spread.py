"""What is measured in rounds: the median, and how far the rounds lie apart."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """The median over the rounds of a measurement, with the lowest and highest round."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, rounds: Iterable[float]) -> "Spread":
        """Take one number a round; at least one.

        Example:
            >>> Spread.of([3.0, 1.0, 2.0])
            Spread(median=2.0, low=1.0, high=3.0)
        """
        values = np.fromiter(rounds, float)
        return cls(float(np.median(values)), float(values.min()), float(values.max()))
