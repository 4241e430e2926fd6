"""Augmentations that change how an image is made: blur, noise, compression, erased parts."""

import math
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from evrisim._validate import check_choice, check_range, check_whole
from evrisim.augment.base import Size, spread
from evrisim.augment.steps import Code, Step, step

WORDS = 2.0**24
"""A uniform number has 24 bits; times this it is a whole number, a key of an image's noise."""

MOST_BLUR = 1 / 24
"""Largest deviation of a blur as a share of the shorter side: its reach is then an eighth of it."""


@dataclass(frozen=True)
class Blur:
    """Blur with a Gaussian whose deviation is up to `factor` of the shorter side."""

    factor: float = 0.03
    needs = 1

    def __post_init__(self) -> None:
        check_range("factor", self.factor, 0, MOST_BLUR)

    def scaled(self, severity: float) -> "Blur":
        """Blur less."""
        return Blur(self.factor * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own deviation."""
        deviation = chance[:, 0] * (self.factor * min(size))
        return [step(xp, Code.BLUR, deviation, deviation, where=deviation > 0.0)]


@dataclass(frozen=True)
class Noise:
    """Add normal noise to every value, with a deviation of up to `factor` of the range 0–255."""

    factor: float = 0.05
    needs = 3

    def __post_init__(self) -> None:
        check_range("factor", self.factor, 0, 1)

    def scaled(self, severity: float) -> "Noise":
        """Add less."""
        return Noise(self.factor * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own deviation, and two keys from which its noise follows."""
        deviation = 255 * self.factor * chance[:, 0]
        keys = (WORDS * chance[:, 1], WORDS * chance[:, 2])
        return [step(xp, Code.NOISE, deviation, deviation, *keys, where=deviation > 0.0)]


@dataclass(frozen=True)
class Jpeg:
    """Compress as JPEG does, at a quality between `quality` and 100, for a share of the images."""

    quality: int = 30
    probability: float = 1.0
    needs = 2

    def __post_init__(self) -> None:
        check_range("quality", check_whole("quality", self.quality, 1), 1, 100)
        check_range("probability", self.probability, 0, 1)

    def scaled(self, severity: float) -> "Jpeg":
        """Compress less and, since quality 100 loses something too, fewer."""
        return Jpeg(round(100 - (100 - self.quality) * severity), self.probability * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own quality."""
        quality = self.quality + xp.floor(chance[:, 0] * (101 - self.quality))
        return [step(xp, Code.JPEG, quality, quality, where=chance[:, 1] < self.probability)]


@dataclass(frozen=True)
class Erase:
    """Overwrite a random rectangle of some images (random erasing).

    Attributes:
        probability: Share of the images.
        area: Largest share of the image's area that is erased; the smallest is a sixteenth of it.
        ratio: Largest ratio of the sides, either way.
        fill: `noise` (every value its own, evenly over 0–255), `grey` or `black`.

    Reference:
        Zhong et al. 2017, https://arxiv.org/abs/1708.04896. There rectangles that do not fit are
        drawn again; here their sides are cut to the image.
    """

    probability: float = 0.5
    area: float = 0.33
    ratio: float = 3.3
    fill: str = "noise"
    needs = 7

    def __post_init__(self) -> None:
        check_range("probability", self.probability, 0, 1)
        check_range("area", self.area, 0, 1)
        check_range("ratio", self.ratio, 1, 10)
        check_choice("fill", self.fill, LEVELS)

    def scaled(self, severity: float) -> "Erase":
        """Erase smaller parts of fewer images."""
        return replace(self, probability=self.probability * severity, area=self.area * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own rectangle."""
        area = self.area * (1 + 15 * chance[:, 0]) / 16
        stretch = xp.exp(spread(chance[:, 1], 0.5 * math.log(self.ratio)))
        edges = []
        for axis, share in enumerate((xp.sqrt(area) * stretch, xp.sqrt(area) / stretch)):
            length = xp.floor(xp.clip(share, 0.0, 1.0) * float(size[axis]) + 0.5)
            first = xp.floor(chance[:, 2 + axis] * (size[axis] - length + 1.0))
            edges.append((first, first + length))
        (top, bottom), (left, right) = edges
        keys = (WORDS * chance[:, 4], WORDS * chance[:, 5])
        where = chance[:, 6] < self.probability
        box = (top, left, bottom, right)
        return [step(xp, Code.ERASE, area, *box, LEVELS[self.fill], *keys, where=where)]


@dataclass(frozen=True)
class Cutout:
    """Overwrite a square with grey, its middle anywhere, so that it may reach over the border.

    Attributes:
        length: Side of the square as a share of the shorter side.

    Reference:
        DeVries and Taylor 2017, https://arxiv.org/abs/1708.04552: 16 pixels of 32 on CIFAR-10.
    """

    length: float = 0.5
    needs = 2

    def __post_init__(self) -> None:
        check_range("length", self.length, 0, 1)

    def scaled(self, severity: float) -> "Cutout":
        """Overwrite a smaller square."""
        return Cutout(self.length * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own middle."""
        box = square(xp, chance[:, 0], chance[:, 1], round(self.length * min(size)), size)
        return [step(xp, Code.ERASE, chance[:, 0], *box, LEVELS["grey"])]


LEVELS = {"noise": -1.0, "black": 0.0, "grey": 128.0}
"""What erased parts are filled with."""


def square(xp: ModuleType, down: Any, across: Any, length: Any, size: Size) -> list[Any]:
    """Give top, left, bottom, right of boxes with their middle anywhere, cut at the border.

    Args:
        xp: `numpy` or `keras.ops`.
        down: `(count,)` uniforms: where the middle is among the rows.
        across: And among the columns.
        length: Side in pixels, one for all or a pair of `(count,)` arrays for rows and columns.
        size: Rows and columns of the image.
    """
    sides = length if isinstance(length, tuple) else (length, length)
    edges = []
    for place, side, total in zip((down, across), sides, size, strict=True):
        first = xp.floor(place * float(total)) - xp.floor(0.0 * place + side / 2)
        low, high = (xp.clip(edge, 0.0, float(total)) for edge in (first, first + side))
        edges.append((low, high))
    (top, bottom), (left, right) = edges
    return [top, left, bottom, right]
