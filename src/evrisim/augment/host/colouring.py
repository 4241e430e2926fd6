"""Changes that join the channels of a pixel: saturation and hue."""

from typing import Any

import numpy as np

from evrisim.augment.host.compiling import compiled
from evrisim.augment.host.toning import _byte, grey

f32 = np.float32


@compiled
def saturation(images: Any, chosen: Any, values: Any) -> None:
    """Move colours from or towards their grey; images of one channel stay."""
    if images.shape[3] != 3:
        return
    for number in chosen:
        image, factor = images[number], values[number, 0]
        for row in range(image.shape[0]):
            for column in range(image.shape[1]):
                level = f32(grey(image, row, column))
                for channel in range(3):
                    value = f32(image[row, column, channel])
                    image[row, column, channel] = _byte((value - level) * factor + level)


@compiled
def hue(images: Any, chosen: Any, values: Any) -> None:
    """Turn the hue by a part of the colour circle; images of one channel stay.

    In a turn of the hue the largest and smallest value of a pixel stay; a sixth of the circle
    moves the third from one to the other.
    """
    if images.shape[3] != 3:
        return
    six = f32(6)
    for number in chosen:
        image, shift = images[number], six * values[number, 0]
        for row in range(image.shape[0]):
            for column in range(image.shape[1]):
                _turn(image[row, column], shift)


@compiled
def _turn(pixel: Any, shift: Any) -> None:
    """Turn the hue of a pixel by sixths of the circle."""
    red, green, blue = f32(pixel[0]), f32(pixel[1]), f32(pixel[2])
    high, low = max(red, green, blue), min(red, green, blue)
    spread, six = high - low, f32(6)
    if spread == 0:
        return
    if high == red:
        sector = (green - blue) / spread
    elif high == green:
        sector = (blue - red) / spread + f32(2)
    else:
        sector = (red - green) / spread + f32(4)
    sector = sector + shift
    for channel in range(3):
        # 5, 3, 1: where on the circle each channel begins to fall.
        place = sector + f32(5 - 2 * channel)
        place = place - six * np.floor(place / six)
        share = min(max(min(place, f32(4) - place), f32(0)), f32(1))
        pixel[channel] = _byte(high - spread * share)
