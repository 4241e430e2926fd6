"""Changes of tone and colour on tensors of float32 whole numbers 0 … 255."""

from typing import Any

import numpy as np
from keras import ops

from evrisim.augment.device.table import column

_SIX = np.float32(6)


def byte(values: Any) -> Any:
    """Round to the nearest whole number of 0 … 255, halves up."""
    return ops.floor(ops.clip(values, 0.0, 255.0) + np.float32(0.5))


def tone(images: Any, values: Any) -> Any:
    """Multiply by a gain and add a shift."""
    return byte(images * column(values, 0) + column(values, 1))


def contrast(images: Any, values: Any) -> Any:
    """Stretch about each channel's mean, or about the rounded mean of the grey picture."""
    grey = ops.floor(_mean(_grey(images)) + np.float32(0.5))
    middle = ops.where(column(values, 1) == 1.0, grey, _mean(images))
    return byte((images - middle) * column(values, 0) + middle)


def saturation(images: Any, values: Any) -> Any:
    """Move colours from or towards their grey."""
    if images.shape[-1] != 3:
        return images
    grey = _grey(images)
    return byte((images - grey) * column(values, 0) + grey)


def hue(images: Any, values: Any) -> Any:
    """Turn the hue by a part of the colour circle."""
    if images.shape[-1] != 3:
        return images
    red, green, blue = (images[..., channel] for channel in range(3))
    high, low = ops.max(images, axis=-1), ops.min(images, axis=-1)
    spread = high - low
    width = ops.where(spread == 0.0, ops.ones_like(spread), spread)
    sector = ops.where(
        high == red,
        (green - blue) / width,
        ops.where(high == green, (blue - red) / width + 2.0, (red - green) / width + 4.0),
    )
    sector = sector + _SIX * column(values, 0, 3)
    turned = []
    for channel in range(3):
        place = sector + np.float32(5 - 2 * channel)
        place = place - _SIX * ops.floor(place / _SIX)
        share = ops.clip(ops.minimum(place, 4.0 - place), 0.0, 1.0)
        turned.append(byte(high - spread * share))
    return ops.where((spread == 0.0)[..., None], images, ops.stack(turned, axis=-1))


def posterise(images: Any, values: Any) -> Any:
    """Keep the highest bits."""
    units = ops.convert_to_tensor(2.0 ** np.arange(8, -1, -1, dtype=np.float32))
    bits = ops.clip(column(values, 0), 0.0, 8.0)  # other steps of the batch hold other numbers
    unit = ops.take(units, ops.cast(bits, "int32"))
    return ops.floor(images / unit) * unit


def solarise(images: Any, values: Any) -> Any:
    """Turn values from the threshold on into their negative."""
    return ops.where(images >= column(values, 0), 255.0 - images, images)


def invert(images: Any, _values: Any) -> Any:
    """Turn all values into their negative."""
    return 255.0 - images


def autocontrast(images: Any, _values: Any) -> Any:
    """Stretch each channel from its lowest and highest value to 0 and 255."""
    low = ops.min(images, axis=(1, 2), keepdims=True)
    high = ops.max(images, axis=(1, 2), keepdims=True)
    flat = high <= low
    gain = np.float32(255) / ops.where(flat, ops.ones_like(high), high - low)
    return ops.where(flat, images, byte((images - low) * gain))


def equalise(images: Any, _values: Any) -> Any:
    """Spread each channel's tones so that each is as frequent."""
    rows, columns, channels = images.shape[1:]
    planes = ops.reshape(ops.transpose(images, (0, 3, 1, 2)), (-1, rows * columns))
    levels = ops.cast(planes, "int32")
    # Sorted values tell how many lie below each level, without a table of counts.
    order = ops.sort(levels, axis=1)
    every = ops.convert_to_tensor(np.arange(256, dtype=np.int32)[None, :, None])
    below = ops.sum(ops.cast(order[:, None, :] < every, "int32"), axis=2)
    last = order[:, -1:]
    of_last = ops.sum(ops.cast(order == last, "int32"), axis=1, keepdims=True)
    share = (rows * columns - of_last) // 255
    whole = ops.maximum(share, 1)
    table = ops.minimum((share // 2 + below) // whole, 255)
    found = ops.take_along_axis(table, levels, axis=1)
    found = ops.where(share == 0, levels, found)
    found = ops.reshape(found, (-1, channels, rows, columns))
    return ops.cast(ops.transpose(found, (0, 2, 3, 1)), "float32")


def _mean(images: Any) -> Any:
    """Give each channel's mean from a sum of whole numbers, which no order of adding changes."""
    total = ops.sum(ops.cast(images, "int32"), axis=(1, 2), keepdims=True)
    count = np.float32(images.shape[1] * images.shape[2])
    return ops.cast(total, "float32") / count


def _grey(images: Any) -> Any:
    if images.shape[-1] != 3:
        return images
    red, green, blue = (ops.cast(images[..., channel], "int32") for channel in range(3))
    grey = (19595 * red + 38470 * green + 7471 * blue + 32768) // 65536
    return ops.cast(grey, "float32")[..., None]
