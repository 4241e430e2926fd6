"""A draw made from tensors, so that it can be traced into a training step or a layer."""

from types import ModuleType
from typing import Any

import keras

from evrisim.augment.base import Augmentation, Size
from evrisim.augment.device.words import uniforms
from evrisim.augment.steps import Step, composed

_OPS: ModuleType = keras.ops


def draw(
    augmentation: Augmentation, places: Any, size: Size, *, seed: Any, epoch: Any
) -> tuple[Step, ...]:
    """Draw what `augment.draw` draws, with `seed`, `epoch` and `(count,)` places as tensors."""
    chance = uniforms(seed, epoch, places, augmentation.needs)
    return composed(_OPS, augmentation.draw(chance, size, _OPS))
