"""Noise: of electronics, of few photons, of broken pixels.

Images are `(count, rows, columns, channels)` float32 in 0–1; results may leave that range.
"""

import numpy as np

from evrisim.corruptions.chance import Chance


def gaussian_noise(images: np.ndarray, deviation: float, chance: Chance) -> np.ndarray:
    """Add normal noise of this standard deviation to every value."""
    return images + deviation * chance.normal(*images.shape[1:])


def shot_noise(images: np.ndarray, photons: float, chance: Chance) -> np.ndarray:
    """Count photons, of which full white has so many on average."""
    return (chance.poisson(images * photons) / photons).astype(np.float32)


def impulse_noise(images: np.ndarray, share: float, chance: Chance) -> np.ndarray:
    """Set a share of all values to nothing or full, as many to each on average."""
    drawn = chance.uniform(*images.shape[1:])
    broken = np.where(drawn < share / 2, np.float32(0), images)
    return np.where(drawn >= 1 - share / 2, np.float32(1), broken)
