"""Changes of tone: a table of 256 values for each channel of each image."""

from typing import Any

import numpy as np

from evrisim.augment.host.compiling import compiled

f32, u64 = np.float32, np.uint64  # unsigned places spare a look whether they count from the end


@compiled
def _byte(value: Any) -> Any:
    """Round to the nearest whole number of 0 … 255, halves up."""
    return np.uint8(min(max(value, f32(0)), f32(255)) + f32(0.5))


@compiled
def _look_up(image: Any, channel: int, table: Any) -> None:
    values, count = image.ravel(), image.shape[2]
    for place in range(channel, values.size, count):
        values[u64(place)] = table[values[u64(place)]]


@compiled
def _look_up_all(image: Any, table: Any) -> None:
    values = image.ravel()
    for place in range(values.size):
        values[u64(place)] = table[values[u64(place)]]


@compiled
def grey(image: Any, row: int, column: int) -> Any:
    """Give the grey of a pixel as Pillow's L: ITU-R 601 weights in 16 bits."""
    red, green, blue = image[row, column, 0], image[row, column, 1], image[row, column, 2]
    return (19595 * np.int64(red) + 38470 * np.int64(green) + 7471 * np.int64(blue) + 32768) >> 16


@compiled
def tone(images: Any, chosen: Any, values: Any) -> None:
    """Multiply by a gain and add a shift."""
    table = np.empty(256, np.uint8)
    for number in chosen:
        for value in range(256):
            table[value] = _byte(f32(value) * values[number, 0] + values[number, 1])
        _look_up_all(images[number], table)


@compiled
def posterise(images: Any, chosen: Any, values: Any) -> None:
    """Keep the highest bits."""
    table = np.empty(256, np.uint8)
    for number in chosen:
        lost = 8 - int(values[number, 0])
        for value in range(256):
            table[value] = (value >> lost) << lost
        _look_up_all(images[number], table)


@compiled
def solarise(images: Any, chosen: Any, values: Any) -> None:
    """Turn values from the threshold on into their negative."""
    table = np.empty(256, np.uint8)
    for number in chosen:
        for value in range(256):
            table[value] = 255 - value if f32(value) >= values[number, 0] else value
        _look_up_all(images[number], table)


@compiled
def invert(images: Any, chosen: Any, _values: Any) -> None:
    """Turn all values into their negative."""
    for number in chosen:
        levels = images[number].ravel()
        for place in range(levels.size):
            levels[u64(place)] = np.uint8(255) - levels[u64(place)]


@compiled
def contrast(images: Any, chosen: Any, values: Any) -> None:
    """Stretch about each channel's mean, or about the rounded mean of the grey picture."""
    table = np.empty(256, np.uint8)
    for number in chosen:
        image, of_grey = images[number], values[number, 1] == 1
        middle = _mean_of_grey(image) if of_grey else f32(0)
        for channel in range(images.shape[3]):
            if not of_grey:
                middle = _mean(image, channel)
            for value in range(256):
                table[value] = _byte((f32(value) - middle) * values[number, 0] + middle)
            _look_up(image, channel, table)


@compiled
def _mean(image: Any, channel: int) -> Any:
    values, total = image.ravel(), 0
    for place in range(channel, values.size, image.shape[2]):
        total += values[u64(place)]
    return f32(total) / f32(image.shape[0] * image.shape[1])


@compiled
def _mean_of_grey(image: Any) -> Any:
    if image.shape[2] != 3:
        return np.floor(_mean(image, 0) + f32(0.5))
    total = 0
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            total += grey(image, row, column)
    return np.floor(f32(total) / f32(image.shape[0] * image.shape[1]) + f32(0.5))


@compiled
def _histogram(image: Any, channel: int) -> Any:
    counts = np.zeros(256, np.int64)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            counts[image[row, column, channel]] += 1
    return counts


@compiled
def equalise(images: Any, chosen: Any, _values: Any) -> None:
    """Spread each channel's tones so that each is as frequent, as Pillow does."""
    table = np.empty(256, np.uint8)
    for number in chosen:
        for channel in range(images.shape[3]):
            counts = _histogram(images[number], channel)
            last = 255
            while counts[last] == 0:
                last -= 1
            share = (counts.sum() - counts[last]) // 255
            if share == 0:
                continue
            below = share // 2
            for value in range(256):
                table[value] = min(below // share, 255)
                below += counts[value]
            _look_up(images[number], channel, table)


@compiled
def autocontrast(images: Any, chosen: Any, _values: Any) -> None:
    """Stretch each channel from its lowest and highest value to 0 and 255."""
    table = np.empty(256, np.uint8)
    for number in chosen:
        for channel in range(images.shape[3]):
            low, high = images[number, :, :, channel].min(), images[number, :, :, channel].max()
            if high <= low:
                continue
            gain = f32(255) / f32(high - low)
            for value in range(256):
                table[value] = _byte((f32(value) - f32(low)) * gain)
            _look_up(images[number], channel, table)
