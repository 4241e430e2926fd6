"""Augmentations that change colours, pixel by pixel."""

from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from evrisim._validate import check_range, check_whole
from evrisim.augment.base import Size, spread
from evrisim.augment.steps import Code, Step, step


@dataclass(frozen=True)
class _UpTo:
    """One number, drawn evenly up to `factor` either way."""

    factor: float = 0.2
    needs = 1

    def __post_init__(self) -> None:
        check_range("factor", self.factor, 0, 1)

    def scaled(self, severity: float) -> Any:
        """Change less."""
        return replace(self, factor=self.factor * severity)


@dataclass(frozen=True)
class Brightness(_UpTo):
    """Add to all values of an image up to `factor` of 255, as Keras' RandomBrightness."""

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own shift."""
        return [step(xp, Code.TONE, chance[:, 0], 1.0, spread(chance[:, 0], 255 * self.factor))]


@dataclass(frozen=True)
class Contrast(_UpTo):
    """Stretch each channel about its mean by `1 − factor … 1 + factor`, as in Keras."""

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own factor."""
        return [step(xp, Code.CONTRAST, chance[:, 0], spread(chance[:, 0], self.factor, 1.0))]


@dataclass(frozen=True)
class Saturation(_UpTo):
    """Move colours from or to their grey by `1 − factor … 1 + factor`, as Pillow's Color."""

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own factor."""
        return [step(xp, Code.SATURATION, chance[:, 0], spread(chance[:, 0], self.factor, 1.0))]


@dataclass(frozen=True)
class Hue(_UpTo):
    """Turn the hue by up to `factor` of half the colour circle, as Keras' RandomHue."""

    factor: float = 0.1

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own turn."""
        return [step(xp, Code.HUE, chance[:, 0], spread(chance[:, 0], 0.5 * self.factor))]


@dataclass(frozen=True)
class Sharpness(_UpTo):
    """Sharpen or soften by `1 − factor … 1 + factor`, as Pillow's Sharpness: 0 smooths."""

    factor: float = 0.5

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own factor."""
        return [step(xp, Code.SHARPNESS, chance[:, 0], spread(chance[:, 0], self.factor, 1.0))]


@dataclass(frozen=True)
class _Sometimes:
    """What is done to an image or not."""

    probability: float = 0.2
    needs = 1
    code = Code.KEEP

    def __post_init__(self) -> None:
        check_range("probability", self.probability, 0, 1)

    def scaled(self, severity: float) -> Any:
        """Change fewer images."""
        return replace(self, probability=self.probability * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw which images are changed."""
        return [step(xp, self.code, chance[:, 0], where=chance[:, 0] < self.probability)]


@dataclass(frozen=True)
class Grey(_Sometimes):
    """Take the colours out of some images."""

    code = Code.SATURATION  # by the factor 0


@dataclass(frozen=True)
class Invert(_Sometimes):
    """Turn some images into their negative."""

    code = Code.INVERT


@dataclass(frozen=True)
class Equalise(_Sometimes):
    """Spread the tones of some images so that each is as frequent, channel by channel."""

    code = Code.EQUALISE


@dataclass(frozen=True)
class AutoContrast(_Sometimes):
    """Stretch each channel of some images to the whole range."""

    code = Code.AUTOCONTRAST


@dataclass(frozen=True)
class Posterise:
    """Keep only the highest bits of each value: between `bits` and 8 of them."""

    bits: int = 4
    needs = 1

    def __post_init__(self) -> None:
        check_range("bits", check_whole("bits", self.bits, 1), 1, 8)

    def scaled(self, severity: float) -> "Posterise":
        """Keep more bits."""
        return Posterise(round(8 - (8 - self.bits) * severity))

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own number of bits."""
        bits = self.bits + xp.floor(chance[:, 0] * (9 - self.bits))
        return [step(xp, Code.POSTERISE, chance[:, 0], bits)]


@dataclass(frozen=True)
class Solarise:
    """Turn values from a threshold on into their negative: at least `1 − factor` of the range."""

    factor: float = 0.5
    needs = 1

    def __post_init__(self) -> None:
        check_range("factor", self.factor, 0, 1)

    def scaled(self, severity: float) -> "Solarise":
        """Raise the threshold."""
        return Solarise(self.factor * severity)

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own threshold."""
        return [step(xp, Code.SOLARISE, chance[:, 0], 256 * (1 - self.factor * chance[:, 0]))]
