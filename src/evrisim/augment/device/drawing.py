"""A draw made from tensors, so that it can be traced into a training step or a layer."""

from types import ModuleType
from typing import Any

import keras

from evrisim._validate import InputError
from evrisim.augment.base import Augmentation, Size, by_image
from evrisim.augment.device.words import uniforms
from evrisim.augment.steps import Step, composed
from evrisim.messages import translate as _

_OPS: ModuleType = keras.ops


def draw(
    augmentation: Augmentation, places: Any, size: Size, *, seed: Any, epoch: Any
) -> tuple[Step, ...]:
    """Draw what `augment.draw` draws, with `seed`, `epoch` and `(count,)` places as tensors.

    Raises:
        InputError: If something alternates by image: a layer does not know which image comes.
    """
    if by_image(augmentation):
        raise InputError(
            _(
                "A flip that alternates must know which image comes, and a layer does not: set "
                "`alternating` to false, or give the policy to a recipe's `augmentation`."
            )
        )
    chance = uniforms(seed, epoch, places, augmentation.needs)
    return composed(_OPS, augmentation.draw(chance, size, _OPS))
