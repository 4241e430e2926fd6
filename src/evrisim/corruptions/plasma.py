"""Clouds: random surfaces that are rough at every size."""

import numpy as np


def plasma(drawn: np.ndarray, decay: float) -> np.ndarray:
    """Make clouds by midpoint displacement: each cell is the mean of four around it, displaced.

    First the cells in the middle of squares are set, then those in the middle of diamonds, on an
    ever finer grid; the surface goes on round its ends.

    Args:
        drawn: `(count, side, side)` in [0, 1), the displacement of each cell; `side` is a power of
            two.
        decay: the displacement falls by its square from grid to grid.

    Returns:
        `(count, side, side)` float32 that reaches from 0 to 1.

    Reference:
        Fournier, Fussell and Carpenter 1982, "Computer rendering of stochastic models",
        https://doi.org/10.1145/358523.358553
    """
    surface = 2 * np.asarray(drawn, np.float64) - 1
    surface[:, 0, 0] = 0
    step, height = surface.shape[1], 1.0
    while step > 1:
        half = step // 2
        corners = surface[:, ::step, ::step]
        middles = surface[:, half::step, half::step]
        middles *= height
        middles += _both(_both(corners, -1, 1), -1, 2) / 4
        for cells, beside, across in (
            (surface[:, ::step, half::step], _both(corners, -1, 2), _both(middles, 1, 1)),
            (surface[:, half::step, ::step], _both(corners, -1, 1), _both(middles, 1, 2)),
        ):
            cells *= height
            cells += (beside + across) / 4
        step, height = half, height / decay**2
    low, high = (edge(axis=(1, 2), keepdims=True) for edge in (surface.min, surface.max))
    return ((surface - low) / (high - low)).astype(np.float32)


def _both(cells: np.ndarray, step: int, axis: int) -> np.ndarray:
    """Add to each cell its neighbour: the next one for −1, the one before for 1."""
    return cells + np.roll(cells, step, axis)
