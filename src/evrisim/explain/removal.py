"""Scores of heat maps without masks: what the model says as the hot pixels go, or come.

All of them ask the model again about changed images. Each stands beside what a map of random
numbers reaches on the same images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from evrisim._validate import InputError
from evrisim.explain.imputation import imputed
from evrisim.images import upsample
from evrisim.inference import predict_logits
from evrisim.messages import translate as _
from evrisim.metrics import softmax
from evrisim.statistics import paired_interval

STEPS = 16
"""Parts in which the pixels of an image go or come."""

ROAD_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)
"""Shares of the pixels that ROAD removes."""

SUBSETS, SUBSET = 24, 0.2
"""Sensitivity-n: sets of pixels that are removed, and their share of an image."""


@dataclass(frozen=True, eq=False)
class Removal:
    """How well maps foretell what the model does when pixels are changed.

    Attributes:
        name: `deletion`, `insertion`, `road` or `sensitivity-n`.
        score: mean over the images.
        chance: the same of random maps.
        each: `(count,)` float64, the score of each image.
        chance_each: the same of random maps.
        shares: shares of the pixels that were changed, where that is done step by step.
        curve: the class's mean probability at each share.
        chance_curve: the same of random maps.
        higher_is_better: deletion alone wants a low score.
    """

    name: str
    score: float
    chance: float
    each: np.ndarray
    chance_each: np.ndarray
    shares: np.ndarray
    curve: np.ndarray
    chance_curve: np.ndarray
    higher_is_better: bool = True

    @property
    def against_chance(self) -> str:
        """Tell whether it is `better` or `worse` than random maps, or `even`: not to be told.

        By the 95 % interval of the mean difference, image by image.
        """
        sign = 1 if self.higher_is_better else -1
        gains = sign * (self.each - self.chance_each)
        if len(gains) < 2 or np.ptp(gains) == 0:
            return "even"
        found = paired_interval(gains)
        return "better" if found.low > 0 else "worse" if found.high < 0 else "even"


Changed = Callable[[np.ndarray, np.ndarray, float], np.ndarray]


def deletion(
    model: keras.Model, images: np.ndarray, maps: np.ndarray, classes: np.ndarray, *, seed: int = 0
) -> Removal:
    """Take the hottest pixels away first: the class's probability should fall at once.

    Pixels that are gone have the image's mean colour. The score is the area under the curve of the
    probability over the share that is gone; low is good.

    Args:
        model: as in `explain`.
        images: `(count, height, width, channels)` in 0–255.
        maps: `(count, rows, columns)`, at least 0, of any size.
        classes: `(count,)`, the class each map explains.
        seed: of the random maps beside it.

    Raises:
        InputError: If images, maps and classes are not as many.

    Reference:
        Petsiuk et al. 2018, https://arxiv.org/abs/1806.07421, section 3.3.
    """

    def gone(image: np.ndarray, order: np.ndarray, share: float) -> np.ndarray:
        taken = _first(order, share)
        return np.where(taken[..., None], image.mean(axis=(0, 1)), image)

    given = _Given(model, images, maps, classes, seed)
    return _stepwise("deletion", given, gone, higher=False)


def insertion(
    model: keras.Model, images: np.ndarray, maps: np.ndarray, classes: np.ndarray, *, seed: int = 0
) -> Removal:
    """Bring the hottest pixels into a blurred image first: the probability should rise at once.

    The score is the area under the curve; high is good. Arguments, errors and reference as in
    `deletion`.
    """

    def come(image: np.ndarray, order: np.ndarray, share: float) -> np.ndarray:
        return np.where(_first(order, share)[..., None], image, _blurred(image))

    given = _Given(model, images, maps, classes, seed)
    return _stepwise("insertion", given, come, higher=True)


def road(
    model: keras.Model, images: np.ndarray, maps: np.ndarray, classes: np.ndarray, *, seed: int = 0
) -> Removal:
    """Remove pixels so that what is left does not tell where: hottest first, and coldest first.

    What is removed is filled in from its neighbours with a little noise. The score is half of what
    the class's probability is higher by when the coldest go than when the hottest go, over several
    shares: 0 for a map that says nothing. Arguments and errors as in `deletion`.

    Reference:
        Rong et al. 2022, https://arxiv.org/abs/2202.00449.
    """
    orders = _orders(images, maps, classes)

    def half_of_difference(orders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        both = []
        for given in (orders, orders.max() - orders):
            changed = _all_changed(images, given, ROAD_SHARES, lambda *of: imputed(*of, seed=seed))
            both.append(_probabilities(model, changed, classes, len(ROAD_SHARES)))
        hot, cold = both
        return (cold - hot).mean(axis=1) / 2, hot.mean(axis=0)

    each, curve = half_of_difference(orders)
    chance, chance_curve = half_of_difference(_random(orders, seed))
    shares = np.array(ROAD_SHARES)
    return _made("road", each, chance, (shares, curve, chance_curve))


def sensitivity(
    model: keras.Model, images: np.ndarray, maps: np.ndarray, classes: np.ndarray, *, seed: int = 0
) -> Removal:
    """Correlate the heat in random sets of pixels with what the score loses without them.

    A fifth of the pixels each time, in square cells, take the image's mean colour. The score is
    the mean correlation over images, −1 to 1. Arguments and errors as in `deletion`.

    Reference:
        Ancona et al. 2018, https://arxiv.org/abs/1711.06104, section 4.
    """
    _check(images, maps, classes)
    size = images.shape[1:3]
    rng = np.random.default_rng(seed)
    sets = upsample((rng.uniform(size=(SUBSETS, 8, 8)) < SUBSET).astype(np.float32), size) > 0.5
    changed = np.concatenate(
        [
            np.where(sets[..., None], image.mean(axis=(0, 1)), image.astype(np.float32))
            for image in images
        ]
    ).astype(np.float32)
    rows = np.arange(len(images))
    whole = predict_logits(model, images)[rows, classes]
    left = predict_logits(model, changed).reshape(len(images), SUBSETS, -1)[rows, :, classes]
    lost = whole[:, None] - left
    heat = upsample(np.asarray(maps, np.float32), size)
    random = rng.uniform(size=heat.shape)
    each, chance = (
        np.array([_correlation(_sums(one, sets), fall) for one, fall in zip(of, lost, strict=True)])
        for of in (heat, random)
    )
    none = np.zeros(0)
    return _made("sensitivity-n", each, chance, (none, none, none))


def _sums(heat: np.ndarray, sets: np.ndarray) -> np.ndarray:
    return np.where(sets, heat, 0).sum(axis=(1, 2))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


@dataclass(frozen=True, eq=False)
class _Given:
    model: keras.Model
    images: np.ndarray
    maps: np.ndarray
    classes: np.ndarray
    seed: int


def _stepwise(name: str, given: _Given, change: Changed, *, higher: bool) -> Removal:
    shares = np.linspace(0, 1, STEPS + 1)
    orders = _orders(given.images, given.maps, given.classes)

    def curves(orders: np.ndarray) -> np.ndarray:
        changed = _all_changed(given.images, orders, shares, change)
        return _probabilities(given.model, changed, given.classes, len(shares))

    found, chance = curves(orders), curves(_random(orders, given.seed))
    each, blind = (np.trapezoid(one, shares, axis=1) for one in (found, chance))
    curves_of = (shares, found.mean(axis=0), chance.mean(axis=0))
    return _made(name, each, blind, curves_of, higher=higher)


def _made(
    name: str,
    each: np.ndarray,
    chance: np.ndarray,
    curves: tuple[np.ndarray, np.ndarray, np.ndarray],
    *,
    higher: bool = True,
) -> Removal:
    return Removal(name, float(each.mean()), float(chance.mean()), each, chance, *curves, higher)


def _all_changed(
    images: np.ndarray,
    orders: np.ndarray,
    shares: "np.ndarray | tuple[float, ...]",
    change: Changed,
) -> np.ndarray:
    return np.array(
        [
            change(image.astype(np.float32), order, float(share))
            for image, order in zip(images, orders, strict=True)
            for share in shares
        ],
        np.float32,
    )


def _probabilities(
    model: keras.Model, changed: np.ndarray, classes: np.ndarray, steps: int
) -> np.ndarray:
    shares = softmax(predict_logits(model, changed)).reshape(len(classes), steps, -1)
    return np.take_along_axis(shares, np.asarray(classes)[:, None, None], axis=2)[..., 0]


def _orders(images: np.ndarray, maps: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Give each pixel's place in the order of heat, 0 the hottest: `(count, height, width)`."""
    _check(images, maps, classes)
    heat = upsample(np.asarray(maps, np.float32), images.shape[1:3]).reshape(len(images), -1)
    return _ranked(heat).reshape(len(images), *images.shape[1:3])


def _check(images: np.ndarray, maps: np.ndarray, classes: np.ndarray) -> None:
    if np.ndim(maps) != 3 or not len(images) == len(maps) == len(classes):
        raise InputError(
            _(
                "Images, maps (count, rows, columns) and classes must be as many; received "
                "{images}, {maps} and {classes}."
            ).format(images=len(images), maps=np.shape(maps), classes=len(classes))
        )


def _ranked(heat: np.ndarray) -> np.ndarray:
    """Rank pixels by heat; those of one heat in an order of their own, not row by row."""
    tie = np.random.default_rng(0).permutation(heat.shape[1])
    ranks = np.empty(heat.shape, np.int64)
    for row, one in enumerate(heat):
        ranks[row, np.lexsort((tie, -one))] = np.arange(heat.shape[1])
    return ranks


def _random(orders: np.ndarray, seed: int) -> np.ndarray:
    """Give orders by coarse random maps: as smooth as heat maps are, but blind."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(size=(len(orders), 7, 7)).astype(np.float32)
    heat = upsample(coarse, (orders.shape[1], orders.shape[2])).reshape(len(orders), -1)
    return _ranked(heat).reshape(orders.shape)


def _first(order: np.ndarray, share: float) -> np.ndarray:
    return order < round(share * order.size)


def _blurred(image: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    wide = max(image.shape[0], image.shape[1]) / 10
    return gaussian_filter(image, sigma=(wide, wide, 0))
