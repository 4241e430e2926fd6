"""Scores of heat maps against known object masks."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import maximum_filter

from evrisim._validate import InputError, check_whole
from evrisim.images import upsample
from evrisim.messages import translate as _

CHUNK = 512  # images enlarged at a time
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """How well maps agree with masks, beside what a blind map would reach.

    Attributes:
        score: mean over the images, 0–1.
        chance: what an even map reaches: the mean share of the image that the mask covers.
        each: `(count,)` float64, the score of each image.
        used: `(images given,)` bool, false where the mask is empty and nothing can be hit.
    """

    score: float
    chance: float
    each: np.ndarray
    used: np.ndarray


def pointing_game(maps: np.ndarray, masks: np.ndarray, *, tolerance: int = 0) -> Faithfulness:
    """Give the share of images whose hottest pixel lies on the object.

    Maps are brought to the size of the masks first. Where several pixels share the maximum
    (an empty map: all of them), the image counts by the share of these that lie on the mask.

    Args:
        maps: `(count, rows, columns)` numbers, at least 0, of any size.
        masks: `(count, height, width)` bool.
        tolerance: pixels of the masks that the hottest may lie beside the object, in each
            direction; chance is that of masks so much wider.

    Raises:
        InputError: If maps and masks do not belong together, or every mask is empty.

    Example:
        >>> maps = np.array([[[0.0, 1], [0, 0]], [[0, 0], [0, 0]]])
        >>> masks = np.array([[[0, 1], [0, 0]], [[0, 1], [0, 0]]], bool)
        >>> pointing_game(maps, masks).each.tolist()
        [1.0, 0.25]

    Reference:
        Zhang et al. 2018, "Top-down neural attention by excitation backprop", section 4.1,
        with a tolerance of 15 pixels there.
    """
    check_whole("tolerance", tolerance, 0)
    masks = np.asarray(masks, dtype=bool)
    if tolerance and masks.ndim == 3:
        side = 2 * tolerance + 1
        masks = maximum_filter(masks, size=(1, side, side), mode="constant")
    return _faithfulness(maps, masks, _hits)


def half_a_cell(maps: np.ndarray, masks: np.ndarray) -> int:
    """Give half a cell of the maps in pixels of the masks: how well a map can tell a place at all.

    Example:
        >>> half_a_cell(np.zeros((1, 8, 8)), np.zeros((1, 32, 32)))
        2
    """
    sides = zip(masks.shape[1:], maps.shape[1:], strict=True)
    return max(round(wide / cells / 2) for wide, cells in sides)


def energy_inside(maps: np.ndarray, masks: np.ndarray) -> Faithfulness:
    """Give the share of each map's heat that lies on the object; an empty map counts as even.

    Arguments and errors as in `pointing_game`.

    Example:
        >>> maps = np.array([[[1.0, 3], [0, 0]]])
        >>> energy_inside(maps, np.array([[[0, 1], [0, 0]]], bool)).score
        0.75

    Reference:
        Wang et al. 2020, "Score-CAM: score-weighted visual explanations", section 4.4.
    """
    return _faithfulness(maps, masks, _shares)


def overlap(maps: np.ndarray, masks: np.ndarray) -> Faithfulness:
    """Give how far the hottest pixels, as many as the object has, and the object coincide.

    Their common pixels over all that are of either (intersection over union). No threshold has to
    be chosen. Arguments and errors as in `pointing_game`.

    Example:
        >>> maps = np.array([[[0.9, 0.8], [0.1, 0.0]]])
        >>> overlap(maps, np.array([[[0, 1], [1, 0]]], bool)).score
        0.3333333333333333

    Reference:
        Zhou et al. 2016, https://arxiv.org/abs/1512.04150, section 3.2, with a threshold there.
    """
    found = _faithfulness(maps, masks, _overlaps)
    covered = np.asarray(masks, dtype=bool)[found.used].mean(axis=(1, 2))
    return replace(found, chance=float((covered / (2 - covered)).mean()))


def against_masks(maps: np.ndarray, masks: np.ndarray) -> dict[str, Faithfulness]:
    """Give every score of maps against masks, by name.

    The pointing game comes twice: to the pixel, and as `pointing-near` with half a cell of the map
    as tolerance. Arguments and errors as in `pointing_game`.
    """
    near = half_a_cell(maps, masks)
    return {
        "pointing-game": pointing_game(maps, masks),
        "pointing-near": pointing_game(maps, masks, tolerance=near),
        "energy-inside": energy_inside(maps, masks),
        "overlap": overlap(maps, masks),
    }


def by_correctness(found: Faithfulness, right: np.ndarray) -> tuple[float | None, float | None]:
    """Give the mean score of images that were named rightly, and of the others.

    Args:
        found: A score.
        right: `(images given,)` bool.

    Returns:
        Both, None where there is no such image.
    """
    known = np.asarray(right, dtype=bool)[found.used]
    parts = (found.each[known], found.each[~known])
    good, bad = (float(part.mean()) if len(part) else None for part in parts)
    return good, bad


def _faithfulness(
    maps: np.ndarray, masks: np.ndarray, score: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Faithfulness:
    maps, masks = np.asarray(maps), np.asarray(masks, dtype=bool)
    _check_pairs(maps, masks)
    used = np.asarray(masks.any(axis=(1, 2)))
    if not used.any():
        raise InputError(_("Every mask is empty, so there is no object a map could hit."))
    size, index, parts = (masks.shape[1], masks.shape[2]), np.flatnonzero(used), []
    for start in range(0, len(index), CHUNK):
        some = index[start : start + CHUNK]
        parts.append(score(upsample(maps[some], size).astype(np.float64), masks[some]))
    each = np.concatenate(parts)
    return Faithfulness(float(each.mean()), float(masks[used].mean()), each, used)


def _check_pairs(maps: np.ndarray, masks: np.ndarray) -> None:
    if maps.ndim != 3 or masks.ndim != 3 or len(maps) != len(masks):
        raise InputError(
            _(
                "Maps (count, rows, columns) and masks (count, height, width) must be as many; "
                "received shapes {maps} and {masks}."
            ).format(maps=maps.shape, masks=masks.shape)
        )


def _hits(heat: np.ndarray, masks: np.ndarray) -> np.ndarray:
    # Enlarging rounds: equal heat may differ in the last digits.
    hottest = heat >= heat.max(axis=(1, 2), keepdims=True) * (1 - ROUNDING)
    return (hottest & masks).sum(axis=(1, 2)) / hottest.sum(axis=(1, 2))


def hottest(heat: np.ndarray, count: int) -> np.ndarray:
    """Give where the so many hottest pixels of a map are, bool; of equal ones the first."""
    mask = np.zeros(heat.size, bool)
    mask[np.argsort(-heat.ravel(), kind="stable")[:count]] = True
    return mask.reshape(heat.shape)


def _overlaps(heat: np.ndarray, masks: np.ndarray) -> np.ndarray:
    found = []
    for one, mask in zip(heat, masks, strict=True):
        both = (hottest(one, int(mask.sum())) & mask).sum()
        found.append(both / (2 * mask.sum() - both))
    return np.array(found)


def _shares(heat: np.ndarray, masks: np.ndarray) -> np.ndarray:
    empty = heat.sum(axis=(1, 2), keepdims=True) == 0
    heat = np.where(empty, 1.0, heat)
    return np.where(masks, heat, 0).sum(axis=(1, 2)) / heat.sum(axis=(1, 2))
