"""Weather: snow, frost on the pane, fog, and bright light.

Images are `(count, rows, columns, channels)` float32 in 0–1; results may leave that range.
"""

from typing import NamedTuple

import numpy as np

from evrisim.corruptions import ice
from evrisim.corruptions.blur import smeared
from evrisim.corruptions.chance import Chance
from evrisim.corruptions.plasma import plasma
from evrisim.corruptions.sampling import scale, zoomed

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue: ITU-R 601."""


class Snow(NamedTuple):
    """How much snow falls.

    Attributes:
        mean, deviation: of the normal numbers that flakes are made of.
        zoom: how much these are enlarged.
        threshold: below it there is no flake.
        fall: radius and deviation of the line each flake is smeared to, in pixels of 32.
        kept: share of the image that is not whitened.
    """

    mean: float
    deviation: float
    zoom: float
    threshold: float
    fall: tuple[float, float]
    kept: float


def snow(images: np.ndarray, strength: Snow, chance: Chance) -> np.ndarray:
    """Whiten an image and let falling flakes cross it, once as drawn and once upside down."""
    flakes = strength.mean + strength.deviation * chance.normal(*images.shape[1:3], 1)
    flakes = zoomed(flakes, strength.zoom * max(1.0, scale(images)))
    flakes = np.where(flakes < strength.threshold, 0, flakes.clip(0, 1))
    flakes = smeared(flakes, strength.fall, -135 + 90 * chance.uniform())
    white = np.maximum(images, 1.5 * _grey(images) + 0.5)
    whitened = strength.kept * images + (1 - strength.kept) * white
    return whitened + flakes + flakes[:, ::-1, ::-1]


def _grey(images: np.ndarray) -> np.ndarray:
    if images.shape[-1] == 1:
        return images
    return sum(images[..., i : i + 1] * LUMINANCE[i] for i in range(3))


def frost(images: np.ndarray, strength: tuple[float, float], chance: Chance) -> np.ndarray:
    """Look through a random piece of an icy pane: so much of the image, so much ice."""
    rows, columns, channels = images.shape[1:]
    whole = ice.sheet(min(rows, columns), max(rows, columns))
    places = chance.uniform(4)
    pieces = np.stack([_piece(whole, rows, columns, place) for place in places])
    seen = pieces if channels == 3 else _grey(pieces)
    return strength[0] * images + strength[1] * seen


def _piece(whole: np.ndarray, rows: int, columns: int, place: np.ndarray) -> np.ndarray:
    """Cut a piece out at a place given by four numbers in [0, 1): row, column and two mirrors."""
    top, left = int(place[0] * (len(whole) - rows)), int(place[1] * (len(whole) - columns))
    down, right = (1 if one < 0.5 else -1 for one in place[2:])
    return whole[top : top + rows, left : left + columns][::down, ::right]


def fog(images: np.ndarray, strength: tuple[float, float], chance: Chance) -> np.ndarray:
    """Lay clouds of this density and decay over an image and bring its brightest value back."""
    density, decay = strength
    rows, columns = images.shape[1:3]
    side = 1 << (max(rows, columns) - 1).bit_length()
    clouds = plasma(chance.uniform(side, side), decay)[:, :rows, :columns, None]
    brightest = images.max(axis=(1, 2, 3), keepdims=True)
    return (images + density * clouds) * brightest / (brightest + density)


def brightness(images: np.ndarray, more: float, chance: Chance) -> np.ndarray:
    """Raise the value of hue, saturation and value; the other two stay.

    The value is the largest of red, green and blue, so all three grow by the same factor.
    """
    value = images.max(axis=-1, keepdims=True)
    raised = np.minimum(value + more, 1)
    factor = np.divide(raised, value, out=np.zeros_like(value), where=value > 0)
    return np.where(value > 0, images * factor, raised)
