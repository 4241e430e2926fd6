"""Colours of signed numbers: blue below zero, white at zero, orange above, equally far each way."""

from functools import cache

import numpy as np
from matplotlib.colors import ListedColormap

# Hues in Oklab that people with any colour vision deficiency tell apart, as (a, b) at the ends.
_BLUE = (-0.045, -0.105)
_ORANGE = (0.105, 0.085)
_DARKEST, _WHITE = 0.42, 0.985
_STEPS = 128  # from white to either end


@cache
def table() -> np.ndarray:
    """Give the colours from −1 through 0 to +1: `(257, 3)` uint8, the middle one near white.

    Lightness falls by the same step from the middle to either end, so equal differences look
    equal and a number looks as far from zero as its opposite.

    Reference:
        The space is Oklab, Ottosson 2020, https://bottosson.github.io/posts/oklab/.
    """
    share = np.linspace(0, 1, _STEPS + 1)
    arms = [_arm(share, hue) for hue in (_BLUE, _ORANGE)]
    return np.concatenate([arms[0][:0:-1], arms[1]])


def colour_map() -> ListedColormap:
    """Give the colours as a map of Matplotlib."""
    return ListedColormap(table() / 255, name="evrisim_signed")


def colour(values: np.ndarray, limit: float) -> np.ndarray:
    """Show numbers as colours, those of `limit` and beyond as the darkest.

    Args:
        values: Any shape.
        limit: Above 0.

    Returns:
        The shape of `values` with a last axis of 3, uint8.

    Example:
        >>> int(colour(np.zeros(1), 5).min()) > 240
        True
    """
    place = np.clip(np.asarray(values, float) / limit, -1, 1)
    return table()[np.rint((place + 1) * _STEPS).astype(int)]


def limit_of(values: np.ndarray, share: float = 0.99) -> float:
    """Choose where the colours end: at the size that a `share` of the values does not pass.

    A few outliers would leave the rest of a map pale.
    """
    sizes = np.abs(values)
    limit = float(np.quantile(sizes, share))
    return limit or float(sizes.max()) or 1.0


def _arm(share: np.ndarray, hue: tuple[float, float]) -> np.ndarray:
    """Go from white to the darkest shade of a hue, evenly in lightness."""
    lightness = _WHITE + (_DARKEST - _WHITE) * share
    # Chroma rises fast and then holds: pale colours show their sign early.
    strength = np.minimum(1, 1.6 * share) ** 0.9
    a, b = hue[0] * strength, hue[1] * strength
    roots = np.stack(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ]
    )
    to_rgb = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(to_rgb @ roots**3, 0, 1).T
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * encoded).astype(np.uint8)
