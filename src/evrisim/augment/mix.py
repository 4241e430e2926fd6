"""Augmentations that join two images of a batch and share their labels: MixUp and CutMix."""

from dataclasses import dataclass, replace
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from evrisim._validate import InputError, check_choice, check_range
from evrisim.augment.base import Augmentation, Size
from evrisim.augment.steps import Code, Step, step
from evrisim.augment.texture import square
from evrisim.messages import translate as _

KNOTS = 4096
"""Pieces of the straight-line table from which Beta numbers are read."""


@dataclass(frozen=True)
class _Mixing:
    """What MixUp and CutMix have in common.

    Attributes:
        alpha: λ ~ Beta(alpha, alpha).
        per: `batch`: one λ (and box) for all its images, as published; `image`: each its own.
        probability: Share of the batches (or images) that are mixed.
    """

    alpha: float = 1.0
    per: str = "batch"
    probability: float = 1.0
    needs = 5

    def __post_init__(self) -> None:
        check_range("alpha", self.alpha, 0.05, 100)
        check_choice("per", self.per, ("batch", "image"))
        check_range("probability", self.probability, 0, 1)

    def scaled(self, severity: float) -> Any:
        """Mix fewer."""
        return replace(self, probability=self.probability * severity)

    def _shared(self, chance: Any) -> Any:
        """Give the uniforms after the first: each image's own, or the first image's for all."""
        return chance if self.per == "image" else chance[:1] + 0.0 * chance


@dataclass(frozen=True)
class MixUp(_Mixing):
    """Blend each image with another of its batch: λ of its own, 1 − λ of the other.

    Reference:
        Zhang et al. 2018, https://arxiv.org/abs/1710.09412; α = 1 on CIFAR-10, 0.2 on ImageNet.
    """

    alpha: float = 0.2

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw partners and shares."""
        drawn = self._shared(chance)
        share = beta(xp, drawn[:, 1], self.alpha)
        where = drawn[:, 2] < self.probability
        return [step(xp, Code.MIXUP, share, _partners(xp, chance[:, 0]), share, where=where)]


@dataclass(frozen=True)
class CutMix(_Mixing):
    """Paste a box of another image of the batch: 1 − λ of the area, its middle anywhere.

    The label's shares are the pixels' shares exactly, after the box was cut at the border.

    Reference:
        Yun et al. 2019, https://arxiv.org/abs/1905.04899; α = 1.
    """

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw partners and boxes."""
        drawn = self._shared(chance)
        side = xp.sqrt(1.0 - beta(xp, drawn[:, 1], self.alpha))
        lengths = tuple(xp.floor(side * float(total)) for total in size)
        box = square(xp, drawn[:, 3], drawn[:, 4], lengths, size)
        where = drawn[:, 2] < self.probability
        return [step(xp, Code.CUTMIX, side, _partners(xp, chance[:, 0]), *box, where=where)]


@dataclass(frozen=True)
class Either:
    """One of several mixings, drawn for each batch or image.

    Attributes:
        parts: What there is to choose from.
        weights: How often each is chosen, in any unit; evenly by default.
        per: `batch` or `image`: what chooses.
    """

    parts: tuple[Augmentation, ...] = (MixUp(), CutMix())
    weights: tuple[float, ...] = ()
    per: str = "batch"

    def __post_init__(self) -> None:
        check_choice("per", self.per, ("batch", "image"))
        if not self.parts:
            raise InputError(_("`parts` must name one method at least."))
        if self.weights and len(self.weights) != len(self.parts):
            raise InputError(
                _("`weights` must hold one number for each of {count} parts.").format(
                    count=len(self.parts)
                )
            )
        for weight in self.weights:
            check_range("weights", weight, 0, 1e6)
        if self.weights and not any(self.weights):
            raise InputError(_("One of `weights` at least must be above 0."))

    @property
    def needs(self) -> int:
        """One to choose, and what the neediest part needs."""
        return 1 + max(part.needs for part in self.parts)

    def scaled(self, severity: float) -> "Either":
        """Scale each part."""
        return replace(self, parts=tuple(part.scaled(severity) for part in self.parts))

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw which, and what it draws."""
        weights = np.asarray(self.weights or [1.0] * len(self.parts))
        bounds = np.cumsum(weights)
        bounds = bounds / bounds[-1]  # the last is 1 exactly: one part is always chosen
        chooser = chance[:, 0] if self.per == "image" else chance[:1, 0] + 0.0 * chance[:, 0]
        steps, below = [], 0.0
        for part, bound in zip(self.parts, bounds, strict=True):
            chosen = xp.logical_and(chooser >= below, chooser < float(bound))
            for one in part.draw(chance[:, 1 : 1 + part.needs], size, xp):
                codes = xp.where(chosen, one.codes, 0.0 * one.codes)
                steps.append(replace(one, codes=codes))
            below = float(bound)
        return steps


def beta(xp: ModuleType, chance: Any, alpha: float) -> Any:
    """Turn uniforms into Beta(alpha, alpha) numbers by a table of its quantiles."""
    table = _quantiles(alpha)
    place = chance * float(KNOTS)
    left = xp.floor(place)
    low, high = (xp.take(xp.array(table), _whole(xp, left + more)) for more in (0.0, 1.0))
    return low + (place - left) * (high - low)


def label_shares(one: Step, size: Size) -> tuple[np.ndarray, np.ndarray]:
    """Tell what a mixing step does to labels: `(count,)` partners, and `(count,)` own shares.

    An image that is not mixed has itself as a partner and all of the share.
    """
    codes, values = np.asarray(one.codes), np.asarray(one.values)
    itself = np.arange(len(codes))
    blended = codes == float(Code.MIXUP)
    mixed = blended | (codes == float(Code.CUTMIX))
    partner = np.where(mixed, values[:, 0].astype(np.int64), itself)
    top, left, bottom, right = values[:, 1:5].astype(np.int64).T
    box = (bottom - top) * (right - left)
    pasted = (box / (size[0] * size[1])).astype(np.float32)
    own = np.where(blended, values[:, 1], 1 - pasted)
    return partner, np.where(mixed, own, np.float32(1))


@lru_cache(maxsize=16)
def _quantiles(alpha: float) -> np.ndarray:
    from scipy import stats

    return stats.beta.ppf(np.linspace(0, 1, KNOTS + 1), alpha, alpha).astype(np.float32)


def _partners(xp: ModuleType, chance: Any) -> Any:
    """Give `(count,)` places in the batch: a random permutation."""
    if xp is np:  # equal numbers keep their order, as on other engines
        return np.argsort(chance, kind="stable").astype(np.float32)
    return xp.cast(xp.argsort(chance), "float32")


def _whole(xp: ModuleType, numbers: Any) -> Any:
    return numbers.astype(np.int32) if xp is np else xp.cast(numbers, "int32")
