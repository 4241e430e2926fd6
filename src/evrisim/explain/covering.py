"""Methods that ask the model alone: what its score loses where a part of the image is covered."""

import numpy as np

from evrisim.explain import running
from evrisim.explain.running import Runner
from evrisim.explain.subject import Subject
from evrisim.images import upsample

CELLS = 8
"""Occlusion: cells along each side of an image; what covers is two by two of them."""

MASKS, GRID, OPEN = 512, 7, 0.5
"""RISE: how many masks, cells along each side, and the share of them that is open."""


def occlusion(subject: Subject) -> Runner:
    """Cover one square after another with the image's mean colour, and see what the score loses.

    A cell's heat is the mean loss of all squares that cover it, where it is a loss.

    Reference:
        Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901, section 4.2.
    """
    scores = running.masked(subject)
    covers = squares(subject.size)
    masks = np.array([~_enlarged(one, subject.size) for one in covers], np.float32)
    weights = covers / covers.sum(axis=0)

    def heat(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        whole = np.ones((1, *image.shape[:2]), np.float32)
        found = scores(image, np.concatenate([whole, masks]), image.mean(axis=(0, 1)))
        lost = found[0] - found[1:]  # (squares, classes)
        return np.maximum(np.einsum("src,sk->krc", weights, lost), 0).astype(np.float32), found[0]

    return running.image_by_image(heat)


def squares(size: tuple[int, int]) -> np.ndarray:
    """Give which cells each square covers, `(squares, rows, columns)` bool."""
    rows, columns = (min(CELLS, side) for side in size)
    found = []
    for top in range(max(rows - 1, 1)):
        for left in range(max(columns - 1, 1)):
            one = np.zeros((rows, columns), bool)
            one[top : top + 2, left : left + 2] = True
            found.append(one)
    return np.array(found)


def _enlarged(cells: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    rows, columns = (
        np.arange(side) * count // side for side, count in zip(size, cells.shape, strict=True)
    )
    return cells[np.ix_(rows, columns)]


def rise(subject: Subject, seed: int = 0) -> Runner:
    """See the image through many random masks, and average those that keep the score high.

    A pixel's heat is the mean score with it in sight less the mean of all, where that is positive:
    the paper's estimate (eq. 6), with the number of times a pixel was in sight counted and not
    expected, which takes out what the drawing of masks adds.

    Reference:
        Petsiuk et al. 2018, https://arxiv.org/abs/1806.07421.
    """
    scores = running.masked(subject)
    masks = drawn(subject.size, seed)
    black = np.zeros(subject.image_shape[-1], np.float32)
    seen = masks.sum(axis=0) + 1e-9

    def heat(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        whole = np.ones((1, *image.shape[:2]), np.float32)
        found = scores(image, np.concatenate([whole, masks]), black)
        above = found[1:] - found[1:].mean(axis=0)  # (masks, classes)
        maps = np.einsum("src,sk->krc", masks, above) / seen
        return np.maximum(maps, 0).astype(np.float32), found[0]

    return running.image_by_image(heat)


def drawn(size: tuple[int, int], seed: int) -> np.ndarray:
    """Draw the masks of RISE: coarse cells, open or not, enlarged smoothly and shifted.

    Returns:
        `(MASKS, height, width)` float32 of 0–1; the same for the same size and seed.
    """
    rng = np.random.default_rng(seed)
    cells = (rng.uniform(size=(MASKS, GRID, GRID)) < OPEN).astype(np.float32)
    step = [-(-side // GRID) for side in size]
    large = upsample(cells, ((GRID + 1) * step[0], (GRID + 1) * step[1]))
    shifts = rng.integers(0, step, size=(MASKS, 2))
    return np.array(
        [
            one[top : top + size[0], left : left + size[1]]
            for one, (top, left) in zip(large, shifts, strict=True)
        ],
        np.float32,
    )
