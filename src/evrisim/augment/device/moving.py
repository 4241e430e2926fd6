"""Moves on tensors: every image of a batch resampled at once."""

from typing import Any

import numpy as np
from keras import ops

from evrisim.augment.device.table import column
from evrisim.augment.host.moving import BITS

_PARTS = 1 << BITS


def move(images: Any, values: Any, fill: str) -> Any:
    """Resample float32 `(count, rows, columns, channels)` images with weights of four pixels."""
    rows, columns = images.shape[1:3]
    middle_x, middle_y = np.float32(0.5 * (columns - 1)), np.float32(0.5 * (rows - 1))
    x = ops.convert_to_tensor((np.arange(columns, dtype=np.float32) - middle_x)[None, None, :])
    y = ops.convert_to_tensor((np.arange(rows, dtype=np.float32) - middle_y)[None, :, None])
    a, b, tx, c, d, ty = (column(values, number, 3) for number in range(6))
    left, right_share = _parts(a * x + ((b * y + tx) + middle_x))
    top, lower_share = _parts(c * x + ((d * y + ty) + middle_y))
    both = right_share * lower_share
    upper_right, lower_left = right_share * _PARTS - both, lower_share * _PARTS - both
    weights = (_PARTS * _PARTS - both - upper_right - lower_left, upper_right, lower_left, both)
    total = _half_of(_PARTS * _PARTS)
    for weight, down, across in zip(weights, (0, 0, 1, 1), (0, 1, 0, 1), strict=True):
        pixels = _gathered(images, top + down, left + across, fill, column(values, 6))
        total = total + weight[..., None] * ops.cast(pixels, "int32")
    return ops.cast(total // (_PARTS * _PARTS), "float32")


def _half_of(number: int) -> Any:
    return ops.convert_to_tensor(np.int32(number // 2))


def _parts(places: Any) -> tuple[Any, Any]:
    """Give the whole pixel and the parts beyond it, int32, of float32 places."""
    scaled = ops.floor(places * np.float32(_PARTS) + np.float32(0.5))
    whole = ops.floor(scaled / np.float32(_PARTS))
    beyond = scaled - whole * np.float32(_PARTS)
    return ops.cast(whole, "int32"), ops.cast(beyond, "int32")


def _gathered(images: Any, top: Any, left: Any, fill: str, level: Any) -> Any:
    """Give the pixels at `(count, rows, columns)` places, and what `fill` says beyond the image."""
    rows, columns, channels = images.shape[1:]
    row, column = _inside(top, rows, fill), _inside(left, columns, fill)
    count = ops.shape(images)[0]
    start = ops.arange(count, dtype="int32")[:, None, None] * (rows * columns)
    flat = ops.reshape(images, (-1, channels))
    pixels = ops.take(flat, start + row * columns + column, axis=0)
    if fill != "constant":
        return pixels
    there = (top >= 0) & (top < rows) & (left >= 0) & (left < columns)
    return ops.where(there[..., None], pixels, level)


def _inside(places: Any, size: int, fill: str) -> Any:
    if fill == "reflect":
        places = places % (2 * size)
        return ops.minimum(places, 2 * size - 1 - places)
    if fill == "wrap":
        return places % size
    return ops.clip(places, 0, size - 1)
