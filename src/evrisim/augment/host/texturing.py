"""Changes of texture: sharpness, blur, noise, erased parts."""

from typing import Any

import numpy as np

from evrisim.augment.host.compiling import compiled
from evrisim.augment.host.moving import REFLECT, _inside
from evrisim.augment.host.toning import _byte

f32 = np.float32


@compiled
def sharpness(images: Any, chosen: Any, values: Any) -> None:
    """Move from or towards the picture smoothed by 1 1 1 / 1 5 1 / 1 1 1; the border stays."""
    for number in chosen:
        image, before, factor = images[number], images[number].copy(), values[number, 0]
        for row in range(1, image.shape[0] - 1):
            for column in range(1, image.shape[1] - 1):
                for channel in range(image.shape[2]):
                    total = 4 * np.int64(before[row, column, channel])
                    for down in range(-1, 2):
                        for across in range(-1, 2):
                            total += before[row + down, column + across, channel]
                    smooth = f32((2 * total + 13) // 26)  # halves up
                    value = f32(before[row, column, channel])
                    image[row, column, channel] = _byte((value - smooth) * factor + smooth)


@compiled
def blur(images: Any, chosen: Any, values: Any) -> None:
    """Blur with a Gaussian cut at three deviations, first along columns, then along rows.

    Both go over whole rows tap by tap, so that the innermost loop is one over neighbours in memory.
    """
    _count, rows, columns, channels = images.shape
    for number in chosen:
        weights = _bell(values[number, 0])
        radius = len(weights) // 2 - 1
        image = images[number].reshape(rows, columns * channels)
        between = np.empty((rows, (columns + 2 * radius) * channels), f32)
        _blur_down(image, between[:, radius * channels :], weights)
        _mirror_sides(between, radius, columns, channels)
        _blur_across(between, image, weights, channels)


@compiled
def _blur_down(image: Any, out: Any, weights: Any) -> None:
    rows, length = image.shape
    radius = len(weights) // 2 - 1
    total = np.empty(length, f32)
    for row in range(rows):
        total[:] = 0
        for tap in range(-radius, radius + 1):
            source, weight = image[_inside(row + tap, rows, REFLECT)], weights[tap + radius]
            for place in range(length):
                total[place] += weight * f32(source[place])
        for place in range(length):
            out[row, place] = total[place] / weights[-1]


@compiled
def _blur_across(between: Any, image: Any, weights: Any, channels: int) -> None:
    rows, length = image.shape
    total = np.empty(length, f32)
    for row in range(rows):
        total[:] = 0
        for tap in range(len(weights) - 1):
            shifted, weight = between[row, tap * channels :], weights[tap]
            for place in range(length):
                total[place] += weight * shifted[place]
        for place in range(length):
            image[row, place] = _byte(total[place] / weights[-1])


@compiled
def _bell(deviation: Any) -> Any:
    """Give the weights of a Gaussian from −radius to radius, and after them their sum."""
    radius = int(np.ceil(f32(3) * deviation))
    weights = np.empty(2 * radius + 2, f32)
    weights[-1] = 0
    for tap in range(-radius, radius + 1):
        weight = np.exp(f32(-0.5) * f32(tap * tap) / (deviation * deviation))
        weights[tap + radius] = weight
        weights[-1] += weight
    return weights


@compiled
def _mirror_sides(rows: Any, radius: int, columns: int, channels: int) -> None:
    """Fill `radius` pixels on both sides of rows with their reflection."""
    for row in rows:
        for place in range(-radius, columns + radius):
            if not 0 <= place < columns:
                source = _inside(place, columns, REFLECT)
                for channel in range(channels):
                    there = (source + radius) * channels + channel
                    row[(place + radius) * channels + channel] = row[there]


@compiled
def _hash(word: Any, key: Any) -> Any:
    """Mix the bits of a 32-bit word under a key."""
    word = np.uint32(word ^ key)
    for _round in range(2):
        word ^= word >> np.uint32(16)
        word = np.uint32(word * np.uint32(0x7FEB352D))
        word ^= word >> np.uint32(15)
        word = np.uint32(word * np.uint32(0x846CA68B))
        word ^= word >> np.uint32(16)
        word = np.uint32(word + key)
    return word


@compiled
def _uniform(place: int, key0: Any, key1: Any) -> Any:
    """Give the number in [0, 1) of a place under two keys of 24 bits."""
    word = _hash(np.uint32(place), np.uint32(key0))
    word = _hash(word, np.uint32(key1))
    return f32(word >> np.uint32(8)) * f32(2.0**-24)


@compiled
def noise(images: Any, chosen: Any, values: Any) -> None:
    """Add normal noise (Box and Muller 1958), each value's from its place and the image's keys."""
    size = images[0].size
    even = np.empty(2 * size, f32)
    for number in chosen:
        deviation, pixels = values[number, 0], images[number].ravel()
        key0, key1 = np.uint32(values[number, 1]), np.uint32(values[number, 2])
        for place in range(2 * size):
            even[place] = _uniform(place, key0, key1)
        for place in range(size):
            length = np.sqrt(f32(-2) * np.log(f32(1) - even[2 * place]))
            normal = length * np.cos(f32(2 * np.pi) * even[2 * place + 1])
            pixels[place] = _byte(f32(pixels[place]) + deviation * normal)


@compiled
def erase(images: Any, chosen: Any, values: Any) -> None:
    """Overwrite a box with one level, or with values of their own evenly over 0 … 255."""
    _count, _rows, columns, channels = images.shape
    for number in chosen:
        box, level = values[number, :4], values[number, 4]
        key0, key1 = values[number, 5], values[number, 6]
        for row in range(int(box[0]), int(box[2])):
            for column in range(int(box[1]), int(box[3])):
                for channel in range(channels):
                    if level >= 0:
                        images[number, row, column, channel] = np.uint8(level)
                        continue
                    place = (row * columns + column) * channels + channel
                    value = f32(256) * _uniform(place, key0, key1)
                    images[number, row, column, channel] = np.uint8(value)
