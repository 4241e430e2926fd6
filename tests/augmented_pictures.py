"""Pictures for the tests of augmentations, and single steps carried out on them."""

import numpy as np
from scipy import ndimage

from evrisim.augment.host import apply
from evrisim.augment.steps import Code, Step

SIZES = [(1, 1), (5, 8), (13, 7), (32, 32)]


def noise(count, size, channels=3, seed=0):
    """Every value its own, over the whole range."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, *size, channels), dtype=np.uint8)


def soft(count, size=(32, 32), channels=3, seed=0):
    """Soft-edged colours, as photographs have more or less, from black to white."""
    found = ndimage.gaussian_filter(
        noise(count, size, channels, seed).astype(float), (0, 3, 3, 0), mode="wrap"
    )
    low, high = (f(found, axis=(1, 2, 3), keepdims=True) for f in (np.min, np.max))
    return np.floor((found - low) / np.maximum(high - low, 1) * 255 + 0.5).astype(np.uint8)


def few(count, size, channels=3, seed=0):
    """Few different values, black and white among them."""
    return (noise(count, size, channels, seed) // 64 * 85).astype(np.uint8)


def same_step(code, count, *values, fill="reflect"):
    """One step that does the same to each image."""
    row = np.zeros(8, np.float32)
    row[: len(values)] = values
    codes = np.full(count, float(code), np.float32)
    return Step(codes, np.tile(row, (count, 1)), frozenset({Code(code)}), fill)


def stepped(code, images, *values, fill="reflect", masks=False):
    """The images after one step."""
    return apply([same_step(code, len(images), *values, fill=fill)], images, masks=masks)
