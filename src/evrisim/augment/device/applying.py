"""A draw carried out on tensors: all kinds of step that can be, each for the images it is for."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from evrisim.augment.device import moving, texturing, toning
from evrisim.augment.device.table import column
from evrisim.augment.jpeg import compressed
from evrisim.augment.steps import MIXING, Code, Step

Change = Callable[[Any, Any], Any]
"""From float32 images and `(count, 8)` values to what all of them would become."""


def _compress(images: Any, values: Any) -> Any:
    return compressed(keras.ops, images, ops.maximum(values[:, 0], 1.0))


def _mixup(images: Any, values: Any) -> Any:
    own = column(values, 1)
    return toning.byte(own * images + (np.float32(1) - own) * _partners(images, values))


def _cutmix(images: Any, values: Any) -> Any:
    inside = texturing.within(values[:, 1:5], *images.shape[1:3])
    return ops.where(inside, _partners(images, values), images)


def _partners(images: Any, values: Any) -> Any:
    return ops.take(images, ops.cast(values[:, 0], "int32"), axis=0)


CHANGES: dict[Code, Change] = {
    Code.TONE: toning.tone,
    Code.CONTRAST: toning.contrast,
    Code.SATURATION: toning.saturation,
    Code.HUE: toning.hue,
    Code.SHARPNESS: texturing.sharpness,
    Code.POSTERISE: toning.posterise,
    Code.SOLARISE: toning.solarise,
    Code.EQUALISE: toning.equalise,
    Code.AUTOCONTRAST: toning.autocontrast,
    Code.INVERT: toning.invert,
    Code.BLUR: texturing.blur,
    Code.NOISE: texturing.noise,
    Code.JPEG: _compress,
    Code.ERASE: texturing.erase,
    Code.MIXUP: _mixup,
    Code.CUTMIX: _cutmix,
}


def apply(steps: Sequence[Step], images: Any) -> Any:
    """Carry out a draw on `(count, rows, columns, channels)` images in 0–255.

    Every kind of step that may be among a step's codes is done to the whole batch, and each image
    takes its own: the price of a graph without branches.

    Args:
        steps: What `draw` gave, here or on the host.
        images: uint8, or float32 that holds whole numbers.

    Returns:
        float32 whole numbers in 0–255, of the same shape.
    """
    images = ops.cast(images, "float32")
    origin, total = None, None  # of the chains of AugMix
    for one in steps:
        codes = ops.convert_to_tensor(one.codes, "float32")
        values = ops.convert_to_tensor(one.values, "float32")
        before = images
        for code in sorted(one.may - {Code.KEEP}):
            here = ops.reshape(codes == float(code), (-1, 1, 1, 1))
            share = column(values, 0)
            if code == Code.BEGIN:
                # The first chain starts from what is there, the others from the same.
                origin = before if origin is None else origin
                total = ops.zeros_like(images) if total is None else total
                changed = origin
            elif code == Code.ADD:
                total = ops.where(here, total + share * images, total)
                continue
            elif code == Code.BLEND:
                changed = toning.byte((np.float32(1) - share) * origin + share * total)
                origin, total = None, None
            elif code == Code.MOVE:
                changed = moving.move(before, values, one.fill)
            else:
                changed = CHANGES[code](before, values)
            images = ops.where(here, changed, images)
    return images


def mixed_labels(steps: Sequence[Step], labels: Any, classes: int, size: tuple[int, int]) -> Any:
    """Give float32 `(count, classes)` shares of labels that went through `steps`, as on the host.

    Args:
        steps: What was drawn for the batch.
        labels: `(count,)` whole numbers, or `(count, classes)` shares already.
        classes: How many there are.
        size: Rows and columns of the images.
    """
    shares = (
        ops.cast(labels, "float32")
        if len(labels.shape) == 2
        else ops.one_hot(ops.cast(labels, "int32"), classes, dtype="float32")
    )
    for one in steps:
        if not one.may & MIXING:
            continue
        codes = ops.convert_to_tensor(one.codes, "float32")
        values = ops.convert_to_tensor(one.values, "float32")
        _partner, top, left, bottom, right = (values[:, column] for column in range(5))
        pasted = (bottom - top) * (right - left) / np.float32(size[0] * size[1])
        own = ops.where(codes == float(Code.MIXUP), values[:, 1], np.float32(1) - pasted)
        mixed = (codes == float(Code.MIXUP)) | (codes == float(Code.CUTMIX))
        own = ops.where(mixed, own, ops.ones_like(own))[:, None]
        shares = own * shares + (np.float32(1) - own) * _partners(shares, values)
    return shares
