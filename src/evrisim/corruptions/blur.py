"""Blur: out of focus, behind rough glass, in motion, and zoomed while the shutter is open.

Images are `(count, rows, columns, channels)` float32 in 0–1. Lengths are published for images of
32 pixels and grow with the shorter side.
"""

import math

import numpy as np
from scipy import ndimage

from evrisim.corruptions.chance import Chance
from evrisim.corruptions.sampling import scale, zoomed


def defocus_blur(images: np.ndarray, strength: tuple[float, float], chance: Chance) -> np.ndarray:
    """Spread every pixel over a disk of this radius, whose edge is this soft."""
    size = scale(images)
    kernel = disk(strength[0] * size, strength[1] * size, reach=max(1, round(size)))
    return ndimage.correlate(images, kernel[None, ..., None], mode="mirror")


def disk(radius: float, softness: float, reach: int = 1) -> np.ndarray:
    """Give a disk that sums to 1, blurred by a Gaussian that ends `reach` pixels out."""
    half = math.ceil(radius) + reach
    away = np.arange(-half, half + 1) ** 2
    hard = (away[:, None] + away <= radius**2).astype(float)
    taps = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * softness**2))
    taps /= taps.sum()
    soft = ndimage.correlate1d(hard / hard.sum(), taps, axis=0, mode="constant")
    return ndimage.correlate1d(soft, taps, axis=1, mode="constant")


def glass_blur(images: np.ndarray, strength: tuple[float, int], chance: Chance) -> np.ndarray:
    """Blur, let each pixel take the value of one close by so many times, and blur again.

    The published code means to exchange two pixels, but both end as the one further up or left,
    as here.
    """
    size = scale(images)
    deviation, times = strength[0] * size, strength[1]
    reach = max(1, round(size))
    images = _smooth(images, deviation)
    for _time in range(times):
        images = _jittered(images, reach, chance)
    return _smooth(images, deviation)


def _smooth(images: np.ndarray, deviation: float) -> np.ndarray:
    return ndimage.gaussian_filter(images, (0, deviation, deviation, 0), mode="nearest")


def _jittered(images: np.ndarray, reach: int, chance: Chance) -> np.ndarray:
    """Give each pixel, but those of the margin, the value of one up to `reach` away."""
    rows, columns = images.shape[1:3]
    steps = chance.whole(-reach, reach, rows, columns, 2)
    steps[:, : reach + 1] = steps[:, :, : reach + 1] = 0
    steps[:, rows - reach + 1 :] = steps[:, :, columns - reach + 1 :] = 0
    image, row, column = np.ogrid[: len(images), :rows, :columns]
    return images[image, row + steps[..., 0], column + steps[..., 1]]


def motion_blur(images: np.ndarray, strength: tuple[float, float], chance: Chance) -> np.ndarray:
    """Smear along a line up to 45 degrees from level, fading as a Gaussian of this deviation."""
    angles = 90 * chance.uniform() - 45
    return smeared(images, strength, angles)


def smeared(images: np.ndarray, strength: tuple[float, float], angles: np.ndarray) -> np.ndarray:
    """Smear each image along its own line; `strength` is radius and deviation for 32 pixels.

    A pixel becomes the mean of those on the line that begins at it; the edge goes on outwards.
    """
    radius, deviation = (scale(images) * length for length in strength)
    reach = 2 * math.ceil(radius)
    wide = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    rows, columns = images.shape[1:3]
    out = np.zeros_like(images)
    for image, around, angle in zip(out, wide, angles, strict=True):
        for down, right, weight in line(radius, deviation, angle):
            top, left = reach + down, reach + right
            image += weight * around[top : top + rows, left : left + columns]
    return out


def line(radius: float, deviation: float, angle: float) -> list[tuple[int, int, float]]:
    """Give the pixels of a line from the origin outwards, fading as half a Gaussian.

    Args:
        radius: the line is one pixel longer than twice this.
        deviation: of the Gaussian, in pixels.
        angle: in degrees; 0 is to the right, 90 is down.

    Returns:
        Steps down and right, and weights that sum to 1.
    """
    steps = np.arange(2 * math.ceil(radius) + 1)
    weights = np.exp(-(steps**2) / (2 * deviation**2))
    turn = math.radians(angle)
    # Halves are rounded down, whichever way the line goes.
    down, right = (np.ceil(steps * side(turn) - 0.5).astype(int) for side in (math.sin, math.cos))
    shares = weights / weights.sum()
    return list(zip(down.tolist(), right.tolist(), shares.tolist(), strict=True))


def zoom_blur(images: np.ndarray, largest: float, chance: Chance) -> np.ndarray:
    """Average an image, twice as it is, with itself enlarged in steps of 1 % up to `largest`."""
    factors = np.arange(1.01, largest + 0.005, 0.01)
    total = 2 * images
    for factor in factors:
        total += zoomed(images, float(factor))
    return total / np.float32(len(factors) + 2)
