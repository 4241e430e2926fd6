"""Augmentations that choose among elementary changes: RandAugment, TrivialAugment, AugMix."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from evrisim._validate import check_range, check_whole
from evrisim.augment import move
from evrisim.augment.base import Size
from evrisim.augment.steps import WIDTH, Code, Step, step

Change = Callable[[ModuleType, Any, Any, Size], Step]
"""From NumPy or keras.ops, `(count,)` amounts 0 … 1, `(count,)` signs and a size to a step."""


@dataclass(frozen=True)
class Reach:
    """How far the elementary changes go at amount 1.

    Attributes:
        shear: Slant, as a tangent.
        shift: Share of the size.
        turn: Degrees.
        enhance: Change of the factor of brightness, colour, contrast and sharpness.
        bits: Bits that posterising keeps.
    """

    shear: float = 0.3
    shift: float = 150 / 331
    turn: float = 30.0
    enhance: float = 0.9
    bits: int = 4


WIDE = Reach(shear=0.99, shift=1.0, turn=135.0, enhance=0.99, bits=2)


def changes(reach: Reach) -> dict[str, Change]:
    """Give the elementary changes by name, as far as `reach` lets them go."""

    def enhance(code: Code, *more: float) -> Change:
        def change(xp: ModuleType, amount: Any, sign: Any, _size: Size) -> Step:
            return step(xp, code, amount, 1.0 + reach.enhance * amount * sign, *more)

        return change

    def plain(code: Code) -> Change:
        return lambda xp, amount, _sign, _size: step(xp, code, amount)

    def posterise(xp: ModuleType, amount: Any, _sign: Any, _size: Size) -> Step:
        return step(xp, Code.POSTERISE, amount, 8.0 - xp.floor((8.0 - reach.bits) * amount + 0.5))

    return {
        "keep": plain(Code.KEEP),
        "shear-x": lambda xp, amount, sign, _size: move.slanted(
            xp, reach.shear * amount * sign, 0.0
        ),
        "shear-y": lambda xp, amount, sign, _size: move.slanted(
            xp, 0.0, reach.shear * amount * sign
        ),
        "shift-x": lambda xp, amount, sign, size: move.moved(
            xp, xp.floor(reach.shift * size[1] * amount + 0.5) * sign, 0.0
        ),
        "shift-y": lambda xp, amount, sign, size: move.moved(
            xp, 0.0, xp.floor(reach.shift * size[0] * amount + 0.5) * sign
        ),
        "turn": lambda xp, amount, sign, _size: move.turned(
            xp, math.radians(reach.turn) * amount * sign
        ),
        "brightness": enhance(Code.TONE),
        "colour": enhance(Code.SATURATION),
        "contrast": enhance(Code.CONTRAST, 1.0),
        "sharpness": enhance(Code.SHARPNESS),
        "posterise": posterise,
        "solarise": lambda xp, amount, _sign, _size: step(
            xp, Code.SOLARISE, amount, 256.0 * (1.0 - amount)
        ),
        "autocontrast": plain(Code.AUTOCONTRAST),
        "equalise": plain(Code.EQUALISE),
    }


GEOMETRY_AND_TONE = (
    "autocontrast",
    "equalise",
    "posterise",
    "turn",
    "solarise",
    "shear-x",
    "shear-y",
    "shift-x",
    "shift-y",
)
"""AugMix' changes: none that is a test corruption too (as brightness, contrast, sharpness are)."""


@dataclass(frozen=True)
class RandAugment:
    """Do `count` elementary changes to each image, each of 14 equally likely, all as strong.

    Attributes:
        count: Changes an image.
        magnitude: How far they go, 0 to 1.

    Reference:
        Cubuk et al. 2020, https://arxiv.org/abs/1909.13719. There the scale ends at 10; that of
        torchvision at 30, with 9 as its default, 0.3 here.
    """

    count: int = 2
    magnitude: float = 0.3
    reach = Reach()

    def __post_init__(self) -> None:
        check_whole("count", self.count, 1)
        check_range("magnitude", self.magnitude, 0, 1)

    @property
    def needs(self) -> int:
        """Which change and which way, for each."""
        return 2 * self.count

    def scaled(self, severity: float) -> "RandAugment":
        """Go less far; at severity 0 choose nothing, since equalising has no strength."""
        return replace(self, magnitude=self.magnitude * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own changes."""
        if not self.magnitude:
            return []
        table, steps = changes(self.reach), []
        for number in range(self.count):
            which, way = chance[:, 2 * number], chance[:, 2 * number + 1]
            amount = self.magnitude + 0.0 * which
            steps.append(_chosen(xp, table, which, amount, _sign(xp, way), size))
        return steps


@dataclass(frozen=True)
class TrivialAugment:
    """Do one elementary change to each image, of any strength up to a wide reach.

    Attributes:
        magnitude: Share of the reach that may be drawn.

    Reference:
        Müller and Hutter 2021, https://arxiv.org/abs/2103.10158 (the wide space). Its 32 pixels
        of shift are the whole side of a CIFAR image; here the whole side at any size.
    """

    magnitude: float = 1.0
    needs = 3

    def __post_init__(self) -> None:
        check_range("magnitude", self.magnitude, 0, 1)

    def scaled(self, severity: float) -> "TrivialAugment":
        """Go less far; at severity 0 choose nothing."""
        return TrivialAugment(self.magnitude * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own change and its strength."""
        if not self.magnitude:
            return []
        amount = self.magnitude * xp.floor(31.0 * chance[:, 1]) / 30.0
        sign = _sign(xp, chance[:, 2])
        return [_chosen(xp, changes(WIDE), chance[:, 0], amount, sign, size)]


@dataclass(frozen=True)
class AugMix:
    """Average chains of elementary changes with random weights and blend them with the image.

    Attributes:
        magnitude: How far the changes go at most, 0 to 1.
        width: Chains an image.
        depth: Changes of the longest chain; each has 1 to `depth`.

    Reference:
        Hendrycks et al. 2020, https://arxiv.org/abs/1912.02781: width 3, depth 1–3, weights from
        Dirichlet(1), the share of the chains from Beta(1, 1). The consistency loss that belongs
        to the method there is not part of this.
    """

    magnitude: float = 0.3
    width: int = 3
    depth: int = 3
    reach = Reach(shift=1 / 3)

    def __post_init__(self) -> None:
        check_range("magnitude", self.magnitude, 0, 1)
        check_whole("width", self.width, 1)
        check_whole("depth", self.depth, 1)

    @property
    def needs(self) -> int:
        """The share, and for each chain its weight, its length and its changes."""
        return 1 + self.width * (2 + 3 * self.depth)

    def scaled(self, severity: float) -> "AugMix":
        """Go less far; at severity 0 choose nothing."""
        return replace(self, magnitude=self.magnitude * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own chains, weights and share."""
        if not self.magnitude:
            return []
        table = {name: changes(self.reach)[name] for name in GEOMETRY_AND_TONE}
        chains = [
            chance[:, 1 + number * (2 + 3 * self.depth) :][:, : 2 + 3 * self.depth]
            for number in range(self.width)
        ]
        waits = [-xp.log(1.0 - chain[:, 0]) + 1e-9 for chain in chains]
        total = sum(waits[1:], waits[0])
        steps = []
        for chain, wait in zip(chains, waits, strict=True):
            steps.append(step(xp, Code.BEGIN, wait))
            steps += self._chain(chain, table, size, xp)
            steps.append(step(xp, Code.ADD, wait, wait / total))
        return [*steps, step(xp, Code.BLEND, total, chance[:, 0])]

    def _chain(
        self, chance: Any, table: dict[str, Change], size: Size, xp: ModuleType
    ) -> list[Step]:
        length = 1.0 + xp.floor(self.depth * chance[:, 1])
        steps = []
        for number in range(self.depth):
            which, strength, way = (chance[:, 2 + 3 * number + more] for more in range(3))
            sign = _sign(xp, way)
            chosen = _chosen(xp, table, which, self.magnitude * strength, sign, size)
            codes = xp.where(length > float(number), chosen.codes, 0.0 * chosen.codes)
            steps.append(replace(chosen, codes=codes))
        return steps


def _sign(xp: ModuleType, chance: Any) -> Any:
    return xp.where(chance < 0.5, 0.0 * chance - 1.0, 0.0 * chance + 1.0)


def _chosen(
    xp: ModuleType, table: dict[str, Change], which: Any, amount: Any, sign: Any, size: Size
) -> Step:
    """Give one step that is, for each image, one of the table's changes, each equally likely."""
    place = xp.floor(which * len(table))
    made = [change(xp, amount, sign, size) for change in table.values()]
    codes, values = made[0].codes, made[0].values
    for number, one in enumerate(made[1:], start=1):
        here = place == float(number)
        codes = xp.where(here, one.codes, codes)
        values = xp.where(here[:, None], one.values, values)
    return Step(codes, values, _together(made))


def _together(made: Sequence[Step]) -> frozenset[Code]:
    assert all(one.values.shape[-1] == WIDTH for one in made)
    return frozenset().union(*(one.may for one in made))
