"""Changes of texture on tensors of float32 whole numbers 0 … 255."""

import math
from typing import Any

import numpy as np
from keras import ops

from evrisim.augment.device.table import column
from evrisim.augment.device.toning import byte
from evrisim.augment.device.words import hashed, unit, word
from evrisim.augment.texture import MOST_BLUR


def sharpness(images: Any, values: Any) -> Any:
    """Move from or towards the picture smoothed by 1 1 1 / 1 5 1 / 1 1 1; the border stays."""
    rows, columns = images.shape[1:3]
    if min(rows, columns) < 3:
        return images
    whole = ops.cast(images, "int32")
    total = 4 * whole[:, 1:-1, 1:-1]
    for down in range(3):
        for across in range(3):
            total = total + whole[:, down : rows - 2 + down, across : columns - 2 + across]
    smooth = ops.cast((2 * total + 13) // 26, "float32")
    factor = column(values, 0)
    inner = byte((images[:, 1:-1, 1:-1] - smooth) * factor + smooth)
    middle = ops.concatenate([images[:, 1:-1, :1], inner, images[:, 1:-1, -1:]], axis=2)
    return ops.concatenate([images[:, :1], middle, images[:, -1:]], axis=1)


def blur(images: Any, values: Any) -> Any:
    """Blur with a Gaussian cut at three deviations, first along columns, then along rows."""
    deviation = values[:, 0]
    widest = math.ceil(3 * MOST_BLUR * min(images.shape[1:3]))
    reach = ops.ceil(np.float32(3) * deviation)
    square = ops.where(deviation > 0.0, deviation * deviation, ops.ones_like(deviation))
    taps = range(-widest, widest + 1)
    weights = [
        ops.where(
            reach >= float(abs(tap)),
            ops.exp(np.float32(-0.5) * np.float32(tap * tap) / square),
            ops.zeros_like(square),
        )
        for tap in taps
    ]
    spread = ops.reshape(sum(weights[1:], weights[0]), (-1, 1, 1, 1))
    between = _along(images, weights, taps, 1) / spread
    return byte(_along(between, weights, taps, 2) / spread)


def _along(images: Any, weights: list[Any], taps: range, axis: int) -> Any:
    size = images.shape[axis]
    found = ops.zeros_like(images)
    for weight, tap in zip(weights, taps, strict=True):
        places = (np.arange(size) + tap) % (2 * size)
        mirrored = np.minimum(places, 2 * size - 1 - places)
        found = found + ops.reshape(weight, (-1, 1, 1, 1)) * ops.take(images, mirrored, axis=axis)
    return found


def noise(images: Any, values: Any) -> Any:
    """Add normal noise, each value's from its place and the image's keys."""
    size = math.prod(images.shape[1:])
    even = _uniforms(np.arange(2 * size), values[:, 1], values[:, 2])
    length = ops.sqrt(np.float32(-2) * ops.log(np.float32(1) - even[:, ::2]))
    normal = length * ops.cos(np.float32(2 * np.pi) * even[:, 1::2])
    shift = column(values, 0, 2) * normal
    return byte(images + ops.reshape(shift, ops.shape(images)))


def erase(images: Any, values: Any) -> Any:
    """Overwrite a box with one level, or with values of their own evenly over 0 … 255."""
    rows, columns, _channels = images.shape[1:]
    places = np.arange(math.prod(images.shape[1:]))
    own = ops.floor(np.float32(256) * _uniforms(places, values[:, 5], values[:, 6]))
    level = column(values, 4)
    new = ops.where(level >= 0.0, level, ops.reshape(own, ops.shape(images)))
    return ops.where(within(values[:, :4], rows, columns), new, images)


def within(boxes: Any, rows: int, columns: int) -> Any:
    """Tell which `(count, rows, columns, 1)` pixels lie in boxes of top, left, bottom, right."""
    down = ops.convert_to_tensor(np.arange(rows, dtype=np.float32)[None, :, None, None])
    across = ops.convert_to_tensor(np.arange(columns, dtype=np.float32)[None, None, :, None])
    top, left, bottom, right = (column(boxes, edge) for edge in range(4))
    return (down >= top) & (down < bottom) & (across >= left) & (across < right)


def _uniforms(places: np.ndarray, key0: Any, key1: Any) -> Any:
    words = hashed(word(places)[None, :], ops.reshape(word(key0), (-1, 1)))
    return unit(hashed(words, ops.reshape(word(key1), (-1, 1))))
