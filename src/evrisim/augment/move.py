"""Augmentations that move pixels: each an affine map; maps that follow each other become one."""

import math
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from evrisim._validate import check_choice, check_range
from evrisim.augment.base import Size, spread
from evrisim.augment.steps import FILLS, Code, Step, step


@dataclass(frozen=True)
class Flip:
    """Mirror each image, or not.

    Attributes:
        mode: `horizontal` (left to right), `vertical` or `both` (each with its own draw).
        probability: How many are mirrored, 0 to 1.
        alternating: Whether an image that is mirrored in one epoch is not in the next, so that two
            epochs show both views of all; with a `probability` of one half.

    Reference:
        Jordan 2024, https://arxiv.org/abs/2404.00498, section 3.6, for `alternating`.
    """

    mode: str = "horizontal"
    probability: float = 0.5
    alternating: bool = False
    needs = 2

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, ("horizontal", "vertical", "both"))
        check_range("probability", self.probability, 0, 1)

    def scaled(self, severity: float) -> "Flip":
        """Mirror fewer."""
        return replace(self, probability=self.probability * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw which are mirrored."""
        signs = xp.where(chance < self.probability, -1.0, 1.0) * (chance * 0.0 + 1.0)
        across = signs[:, 0] if self.mode != "vertical" else 1.0
        down = signs[:, 1] if self.mode != "horizontal" else 1.0
        return [step(xp, Code.MOVE, chance[:, 0], across, 0.0, 0.0, 0.0, down, 0.0)]


@dataclass(frozen=True)
class PaddedCrop:
    """Pad all sides and crop back at a random place: a move by whole pixels.

    `padding` is a share of each side, rounded to pixels.

    Reference:
        He et al. 2016, https://arxiv.org/abs/1512.03385, section 4.2: 4 pixels of 32.
    """

    padding: float = 0.125
    fill: str = "reflect"
    needs = 2

    def __post_init__(self) -> None:
        check_range("padding", self.padding, 0, 1)
        check_choice("fill", self.fill, FILLS)

    def scaled(self, severity: float) -> "PaddedCrop":
        """Pad less."""
        return replace(self, padding=self.padding * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own place."""
        down, across = (
            xp.floor(chance[:, axis] * (2 * pixels + 1)) - pixels
            for axis, pixels in enumerate(round(self.padding * length) for length in size)
        )
        return [step(xp, Code.MOVE, chance[:, 0], 1.0, 0.0, across, 0.0, 1.0, down, fill=self.fill)]


@dataclass(frozen=True)
class Rotation:
    """Turn each image about its middle by up to `factor` of a full turn, either way.

    As in Keras' RandomRotation, 0.1 means up to ±36° and not ±10°.
    """

    factor: float = 0.1
    fill: str = "reflect"
    needs = 1

    def __post_init__(self) -> None:
        check_range("factor", self.factor, 0, 1)
        check_choice("fill", self.fill, FILLS)

    def scaled(self, severity: float) -> "Rotation":
        """Turn less."""
        return replace(self, factor=self.factor * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own angle."""
        return [turned(xp, spread(chance[:, 0], 2 * math.pi * self.factor), self.fill)]


@dataclass(frozen=True)
class Zoom:
    """Zoom each image about its middle: by a height `1 − factor … 1 + factor` times as large.

    As in Keras' RandomZoom a larger view makes things smaller. Without `width_factor` the
    proportions are kept.
    """

    height_factor: float = 0.15
    width_factor: float | None = None
    fill: str = "reflect"
    needs = 2

    def __post_init__(self) -> None:
        check_range("height_factor", self.height_factor, 0, 0.99)
        if self.width_factor is not None:
            check_range("width_factor", self.width_factor, 0, 0.99)
        check_choice("fill", self.fill, FILLS)

    def scaled(self, severity: float) -> "Zoom":
        """Zoom less."""
        width = None if self.width_factor is None else self.width_factor * severity
        return replace(self, height_factor=self.height_factor * severity, width_factor=width)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own zoom."""
        down = spread(chance[:, 0], self.height_factor, 1.0)
        across = down if self.width_factor is None else spread(chance[:, 1], self.width_factor, 1.0)
        return [step(xp, Code.MOVE, chance[:, 0], across, 0.0, 0.0, 0.0, down, 0.0, fill=self.fill)]


@dataclass(frozen=True)
class Translation:
    """Move each image by up to a share of its height and of its width, in parts of a pixel too."""

    height_factor: float = 0.1
    width_factor: float = 0.1
    fill: str = "reflect"
    needs = 2

    def __post_init__(self) -> None:
        check_range("height_factor", self.height_factor, 0, 1)
        check_range("width_factor", self.width_factor, 0, 1)
        check_choice("fill", self.fill, FILLS)

    def scaled(self, severity: float) -> "Translation":
        """Move less."""
        return replace(
            self,
            height_factor=self.height_factor * severity,
            width_factor=self.width_factor * severity,
        )

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own way; positive is down and to the right."""
        down = spread(chance[:, 0], self.height_factor * size[0])
        across = spread(chance[:, 1], self.width_factor * size[1])
        return [moved(xp, across, down, self.fill)]


@dataclass(frozen=True)
class Shear:
    """Slant each image: a row moves by up to `x_factor` of its distance from the middle."""

    x_factor: float = 0.1
    y_factor: float = 0.0
    fill: str = "reflect"
    needs = 2

    def __post_init__(self) -> None:
        check_range("x_factor", self.x_factor, 0, 1)
        check_range("y_factor", self.y_factor, 0, 1)
        check_choice("fill", self.fill, FILLS)

    def scaled(self, severity: float) -> "Shear":
        """Slant less."""
        return replace(self, x_factor=self.x_factor * severity, y_factor=self.y_factor * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own slant."""
        across, down = (
            spread(chance[:, column], factor)
            for column, factor in enumerate((self.x_factor, self.y_factor))
        )
        return [slanted(xp, across, down, self.fill)]


@dataclass(frozen=True)
class Crop:
    """Cut out a window at a random place and enlarge it to the image's size.

    As Keras' RandomCrop and then Resizing, but each image has its own place, and at the window's
    border the pixels beside it are blended in, where Resizing repeats the outermost.

    Attributes:
        height, width: Of the window: shares of the image up to 1, pixels above.
        strength: 1 for that window; less for one nearer to the whole image.
    """

    height: float = 0.875
    width: float = 0.875
    strength: float = 1.0
    needs = 2

    def __post_init__(self) -> None:
        check_range("height", self.height, 0.01, 1e5)
        check_range("width", self.width, 0.01, 1e5)
        check_range("strength", self.strength, 0, 1)

    def scaled(self, severity: float) -> "Crop":
        """Cut off less."""
        return replace(self, strength=self.strength * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own place, in whole pixels."""
        columns = []
        for axis, (length, wanted) in enumerate(zip(size, (self.height, self.width), strict=True)):
            kept = round(length - self.strength * (length - min(_pixels(wanted, length), length)))
            first = xp.floor(chance[:, axis] * (length - kept + 1))
            columns.append((kept / length, first - (length - kept) / 2))
        (down, top), (across, left) = columns
        return [step(xp, Code.MOVE, chance[:, 0], across, 0.0, left, 0.0, down, top)]


@dataclass(frozen=True)
class ResizedCrop:
    """Cut out a window of random area and proportions and enlarge it to the image's size.

    Attributes:
        area: Smallest share of the image's area.
        ratio: Largest ratio of the sides, either way.

    Reference:
        Szegedy et al. 2015, https://arxiv.org/abs/1409.4842, section 6. There windows that do
        not fit are drawn again; here they are made to fit.
    """

    area: float = 0.35
    ratio: float = 4 / 3
    needs = 4

    def __post_init__(self) -> None:
        check_range("area", self.area, 0.01, 1)
        check_range("ratio", self.ratio, 1, 10)

    def scaled(self, severity: float) -> "ResizedCrop":
        """Cut off less, and keep the proportions more."""
        return ResizedCrop(1 - (1 - self.area) * severity, self.ratio**severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own window."""
        area = self.area + (1.0 - self.area) * chance[:, 0]
        stretch = xp.exp(spread(chance[:, 1], 0.5 * math.log(self.ratio)))
        columns = []
        for axis, share in enumerate((xp.sqrt(area) / stretch, xp.sqrt(area) * stretch)):
            kept = xp.minimum(share, 1.0 + 0.0 * share)
            room = (1.0 - kept) * float(size[axis])
            columns.append((kept, (chance[:, 2 + axis] - 0.5) * room))
        (down, top), (across, left) = columns
        return [step(xp, Code.MOVE, chance[:, 0], across, 0.0, left, 0.0, down, top)]


def turned(xp: ModuleType, angle: Any, fill: str = "reflect") -> Step:
    """Give a turn by `(count,)` angles in radians, anticlockwise."""
    cosine, sine = xp.cos(angle), xp.sin(angle)
    return step(xp, Code.MOVE, angle, cosine, -sine, 0.0, sine, cosine, 0.0, fill=fill)


def moved(xp: ModuleType, across: Any, down: Any, fill: str = "reflect") -> Step:
    """Give a move by pixels to the right and down."""
    like = 0.0 * (across + down)
    return step(xp, Code.MOVE, like, 1.0, 0.0, -across, 0.0, 1.0, -down, fill=fill)


def slanted(xp: ModuleType, across: Any, down: Any, fill: str = "reflect") -> Step:
    """Give a slant: columns by rows times `across`, rows by columns times `down`."""
    like = 0.0 * (across + down)
    return step(xp, Code.MOVE, like, 1.0, across, 0.0, down, 1.0, 0.0, fill=fill)


def _pixels(wanted: float, length: int) -> float:
    return wanted * length if wanted <= 1 else wanted
