"""Removed pixels filled in from their neighbours, so that a hole has no edge to be seen."""

from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

NOISE = 0.01
"""Standard deviation of what is added, as a part of the image's range."""

WEIGHTS = {
    (0, 1): 1 / 6,
    (0, -1): 1 / 6,
    (1, 0): 1 / 6,
    (-1, 0): 1 / 6,
    (1, 1): 1 / 12,
    (1, -1): 1 / 12,
    (-1, 1): 1 / 12,
    (-1, -1): 1 / 12,
}
"""Of a pixel's neighbours; those beyond the edge are left out and the others share their part."""


def imputed(image: np.ndarray, order: np.ndarray, share: float, *, seed: int = 0) -> np.ndarray:
    """Fill a share of an image's pixels in, each as a weighted mean of its neighbours.

    Neighbours that are removed too are unknowns of one system of linear equations.

    Args:
        image: `(height, width, channels)` float.
        order: `(height, width)`, the place of each pixel; the first are removed.
        share: of the pixels.
        seed: of the noise.

    Returns:
        The image, float32; pixels that were not removed as they were.

    Reference:
        Rong et al. 2022, https://arxiv.org/abs/2202.00449, section 4.3.
    """
    removed = (order < round(share * order.size)).ravel()
    if not removed.any():
        return image.astype(np.float32)
    flat = image.reshape(-1, image.shape[2]).astype(np.float64)
    neighbours = _neighbours(image.shape[0], image.shape[1])[removed]
    unknown = sparse.identity(int(removed.sum()), format="csc") - neighbours[:, removed]
    known = neighbours[:, ~removed] @ flat[~removed]
    if removed.all():  # nothing is known of it any more
        filled = np.broadcast_to(flat.mean(axis=0), flat.shape)
    else:
        filled = spsolve(unknown.tocsc(), known).reshape(-1, image.shape[2])
    noise = np.random.default_rng(seed).normal(0, NOISE * max(np.ptp(flat), 1e-6), filled.shape)
    result = flat.copy()
    result[removed] = filled + noise
    return result.reshape(image.shape).astype(np.float32)


@lru_cache(maxsize=4)
def _neighbours(rows: int, columns: int) -> sparse.csr_matrix:
    """Give the weights of every pixel's neighbours, `(pixels, pixels)`, each row's sum 1."""
    index = np.arange(rows * columns).reshape(rows, columns)
    row, column = np.indices((rows, columns))
    of, at, weights = [], [], []
    for (down, right), weight in WEIGHTS.items():
        there = (
            (row + down >= 0)
            & (row + down < rows)
            & (column + right >= 0)
            & (column + right < columns)
        )
        of.append(index[there])
        at.append(index[(row + down)[there], (column + right)[there]])
        weights.append(np.full(there.sum(), weight))
    places = (np.concatenate(of), np.concatenate(at))
    matrix = sparse.csr_matrix((np.concatenate(weights), places), shape=(index.size, index.size))
    return sparse.diags(1 / np.asarray(matrix.sum(axis=1)).ravel()) @ matrix
