"""What every augmentation is: a number of uniforms an image, and how they become steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol, Self

import numpy as np

from evrisim.augment.chance import uniforms
from evrisim.augment.steps import Step, composed

Size = tuple[int, int]
"""Rows and columns of an image."""

_EVERY_EPOCH = 2**32 - 1
"""Stands for the epoch in draws that are the same in all of them."""


class Augmentation(Protocol):
    """A random change of images, drawn for each image and applied in a second step."""

    @property
    def needs(self) -> int:
        """Uniform numbers that an image's draw takes."""

    def scaled(self, severity: float) -> Self:
        """Give the same with every strength times `severity`; at 0 nothing changes."""

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Turn `(count, needs)` uniforms in [0, 1) into steps for images of a size.

        `xp` is `numpy` or `keras.ops`, whichever made the uniforms.
        """


@dataclass(frozen=True)
class Chain:
    """Augmentations one after the other; moves that follow each other resample once."""

    parts: Sequence[Augmentation] = ()

    @property
    def needs(self) -> int:
        """As many uniforms as its parts need together."""
        return sum(part.needs for part in self.parts)

    def scaled(self, severity: float) -> "Chain":
        """Scale each part; at severity 0 there is none left."""
        return Chain(tuple(part.scaled(severity) for part in self.parts) if severity else ())

    @property
    def by_image(self) -> list[int]:
        """Columns of the uniforms that follow from the image and alternate with the epoch."""
        columns: list[int] = []
        start = 0
        for part in self.parts:
            if getattr(part, "alternating", False):
                columns += range(start, start + part.needs)
            start += part.needs
        return columns

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Give the steps of each part in turn."""
        steps, start = [], 0
        for part in self.parts:
            steps += part.draw(chance[:, start : start + part.needs], size, xp)
            start += part.needs
        return steps


def draw(
    augmentation: Augmentation,
    places: Any,
    size: Size,
    *,
    seed: int,
    epoch: int,
    images: Any = None,
) -> tuple[Step, ...]:
    """Draw for the images at `places` of an epoch: the same whatever was drawn before.

    Args:
        augmentation: What to draw.
        places: `(count,)` whole numbers, where each image comes in the epoch's order.
        size: Rows and columns of the images.
        seed: Decides, with `epoch` and place, every draw.
        epoch: Number of the epoch, from 0.
        images: `(count,)` whole numbers, which images they are in every epoch; without them an
            image is known by its place. What alternates follows from it.

    Returns:
        Steps for `apply`, moves already joined.
    """
    chance = uniforms(seed, epoch, places, augmentation.needs)
    columns = by_image(augmentation)
    if columns:
        own = uniforms(seed, _EVERY_EPOCH, places if images is None else images, augmentation.needs)
        # Half a turn further in every epoch: what falls into one half now is in the other next.
        chance[:, columns] = (own[:, columns] + np.float32(0.5 * (epoch % 2))) % 1
    return composed(np, augmentation.draw(chance, size, np))


def by_image(augmentation: Augmentation) -> list[int]:
    """Give the columns of an augmentation's uniforms that follow from the image, as in `Chain`."""
    return list(getattr(augmentation, "by_image", ()))


def spread(chance: Any, width: float, middle: float = 0.0) -> Any:
    """Give numbers spread evenly over `middle − width … middle + width`."""
    return middle + (2.0 * chance - 1.0) * width
