"""How two colours share the frame: plain, gradients, stripes, checks, a smooth texture.

A pattern gives the share of the second colour at every point, from 0 to 1.
"""

from collections.abc import Callable
from dataclasses import fields

import numpy as np

from evrisim.data.shapes.scene import FRAME, LATTICE, Pattern


def share(pattern: Pattern, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Give `(scenes, *x.shape)` float32 from 0 to 1: how much of the second colour is where.

    `x` and `y` are `(height, width)` in units of the frame.
    """
    result = np.zeros((len(pattern.kind), *x.shape), np.float32)
    for kind, paint in enumerate(KINDS):
        chosen = np.flatnonzero(pattern.kind == kind)
        if len(chosen):
            some = Pattern(*(getattr(pattern, f.name)[chosen] for f in fields(Pattern)))
            result[chosen] = paint(some, x, y)
    return result


def _turned(pattern: Pattern, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = x - pattern.x[:, None, None], y - pattern.y[:, None, None]
    cosine, sine = pattern.cosine[:, None, None], pattern.sine[:, None, None]
    return x * cosine + y * sine, y * cosine - x * sine


def _wave(position: np.ndarray, sharpness: np.ndarray) -> np.ndarray:
    """A wave of period 1 from 0 to 1: a triangle, cut off the more the sharper it is."""
    half = np.float32(0.5)
    triangle = np.abs(position - np.floor(position) - half) * 2 - half
    return np.clip(triangle * sharpness + half, 0, 1)


def _plain(pattern: Pattern, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.zeros((len(pattern.kind), *x.shape), np.float32)


def _linear(pattern: Pattern, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    along, _across = _turned(pattern, x, y)
    return np.clip(along / FRAME + np.float32(0.5), 0, 1)


def _radial(pattern: Pattern, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    along, across = _turned(pattern, x, y)
    return np.clip(np.sqrt(along * along + across * across) / FRAME, 0, 1)


def _stripes(pattern: Pattern, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    along, _across = _turned(pattern, x, y)
    return _wave(along / pattern.period[:, None, None], pattern.sharpness[:, None, None])


def _checks(pattern: Pattern, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    period, sharpness = pattern.period[:, None, None], pattern.sharpness[:, None, None]
    a, b = (_wave(position / period, sharpness) for position in _turned(pattern, x, y))
    return a + b - 2 * a * b


def _texture(pattern: Pattern, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Value noise of two octaves: smooth between the heights of a lattice (Perlin 1985's idea)."""
    along, across = (p / pattern.period[:, None, None] for p in _turned(pattern, x, y))
    coarse = _between(pattern.lattice, along, across)
    fine = _between(pattern.lattice, 2 * along + np.float32(3.5), 2 * across + np.float32(3.5))
    mixed = coarse * np.float32(0.65) + fine * np.float32(0.35) - np.float32(0.5)
    return np.clip(mixed * np.float32(2.2) + np.float32(0.5), 0, 1)


def _between(lattice: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Interpolate each scene's lattice, repeated for ever, at its own points."""
    left, top = np.floor(x), np.floor(y)
    x, y = x - left, y - top
    x, y = x * x * (3 - 2 * x), y * y * (3 - 2 * y)
    columns = [(left.astype(np.int64) + k) % LATTICE for k in (0, 1)]
    base = np.arange(len(lattice))[:, None, None] * LATTICE**2
    rows = [(top.astype(np.int64) + k) % LATTICE * LATTICE + base for k in (0, 1)]
    heights = lattice.reshape(-1)
    upper, lower = (
        heights[row + columns[0]] * (1 - x) + heights[row + columns[1]] * x for row in rows
    )
    return upper * (1 - y) + lower * y


KINDS: tuple[Callable[[Pattern, np.ndarray, np.ndarray], np.ndarray], ...] = (
    _plain,
    _linear,
    _radial,
    _stripes,
    _checks,
    _texture,
)
