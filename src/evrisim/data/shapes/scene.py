"""What is in each picture: all that chance decides, drawn here once and painted elsewhere.

Nothing here knows the labels, so nothing but the form itself can tell them. Lengths are in
units of which the frame has 32 a side, with (0, 0) in its middle: a scene is the same at every
image size. Angles come from a table and everything else from plain arithmetic, which IEEE 754
rounds the same way on every machine.
"""

import math
from dataclasses import dataclass

import numpy as np

FRAME = 32
DRAWS = 512
"""Random numbers set aside for one scene; not all are used, so that later versions have room."""
PIECES = 6
REACH = 1.95
"""No form, stretched and sheared, reaches further from its centroid than this many radii."""
LATTICE = 8

_ANGLES = 1024
# A cosine that differs in the last bit of float64 from one machine to the next is the same float32.
_COSINES = np.array([math.cos(2 * math.pi * k / _ANGLES) for k in range(_ANGLES)], np.float32)

_CANDIDATES = 8
_LEAST_CONTRAST = 0.38


class Draws:
    """Uniform numbers handed out column by column: one row a scene.

    Args:
        raw: `(scenes, DRAWS)` uint64, every bit random.
    """

    def __init__(self, raw: np.ndarray) -> None:
        self._uniform = (raw >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
        self._next = 0

    def uniform(self, low: float = 0, high: float = 1, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Give `(scenes, *shape)` float32 numbers between `low` and `high`."""
        start, self._next = self._next, self._next + math.prod(shape)
        columns = self._uniform[:, start : self._next].reshape(-1, *shape)
        return np.float32(low) + columns * np.float32(high - low)

    def chance(self, probability: float, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Give booleans that are true with `probability`."""
        return self.uniform(shape=shape) < np.float32(probability)

    def choice(self, weights: tuple[int, ...], shape: tuple[int, ...] = ()) -> np.ndarray:
        """Give whole numbers from 0, each as likely as its weight out of their sum."""
        ends = np.float32(np.cumsum(weights))
        return np.searchsorted(ends, self.uniform(0, sum(weights), shape), side="right")

    def direction(self, shape: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
        """Give the cosines and sines of angles from the whole turn."""
        angle = self.uniform(0, _ANGLES, shape).astype(np.int64)
        return _COSINES[angle], _COSINES[(angle - _ANGLES // 4) % _ANGLES]


@dataclass(frozen=True)
class Pose:
    """Where the object is and how it is turned, stretched and sheared; each `(scenes,)`."""

    x: np.ndarray
    y: np.ndarray
    radius: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray
    stretch: np.ndarray
    shear: np.ndarray


@dataclass(frozen=True)
class Pattern:
    """How two colours are spread over the frame; each `(scenes,)` but the lattice.

    Attributes:
        kind: index into `patterns.KINDS`.
        cosine, sine: the direction of the pattern.
        x, y: where it starts.
        period: the length of a stripe, a check or a patch of texture.
        sharpness: from a soft wave (1) to edges (6).
        lattice: `(scenes, LATTICE, LATTICE)` random heights of the texture.
    """

    kind: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray
    x: np.ndarray
    y: np.ndarray
    period: np.ndarray
    sharpness: np.ndarray
    lattice: np.ndarray


@dataclass(frozen=True)
class Clutter:
    """Small lines, dots and arcs behind the object; each `(scenes, PIECES)`."""

    present: np.ndarray
    kind: np.ndarray
    x: np.ndarray
    y: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray
    length: np.ndarray
    width: np.ndarray
    colour: np.ndarray  # (scenes, PIECES, 3)


@dataclass(frozen=True)
class Occluder:
    """A bar or a patch in front of the object, placed relative to its middle; each `(scenes,)`."""

    present: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray
    across: np.ndarray
    along: np.ndarray
    half_width: np.ndarray
    half_length: np.ndarray
    colour: np.ndarray  # (scenes, 3)


@dataclass(frozen=True)
class Finish:
    """Light and camera; each `(scenes,)`."""

    cosine: np.ndarray
    sine: np.ndarray
    slope: np.ndarray
    contrast: np.ndarray
    brightness: np.ndarray
    blur: np.ndarray
    noise: np.ndarray


@dataclass(frozen=True)
class Scene:
    """All that is in a batch of pictures but the form of the object.

    Attributes:
        pose, clutter, occluder, finish: see there.
        background, foreground: the patterns of the two.
        palette: `(scenes, 4, 3)` colours from 0 to 1: two of the background, two of the object.
        outline: `(scenes,)` width of the line along the object's edge, 0 for none.
        outline_colour: `(scenes, 3)`.
    """

    pose: Pose
    background: Pattern
    foreground: Pattern
    palette: np.ndarray
    outline: np.ndarray
    outline_colour: np.ndarray
    clutter: Clutter
    occluder: Occluder
    finish: Finish


def draw_scene(raw: np.ndarray) -> Scene:
    """Turn `(scenes, DRAWS)` random uint64 into as many scenes; a row decides its scene alone."""
    draws = Draws(raw)
    pose = _draw_pose(draws)
    palette = _draw_palette(draws)
    outlined, outline = draws.chance(0.3), draws.uniform(0.8, 1.4)
    towards = draws.chance(0.5).astype(np.float32)[:, None]
    return Scene(
        pose=pose,
        background=_draw_pattern(draws, (3, 3, 3, 4, 3, 4)),
        foreground=_draw_pattern(draws, (8, 4, 2, 2, 1, 3)),
        palette=palette,
        outline=np.where(outlined, outline, 0).astype(np.float32),
        outline_colour=palette[:, 2] + (towards - palette[:, 2]) * np.float32(0.6),
        clutter=_draw_clutter(draws, palette),
        occluder=_draw_occluder(draws, pose.radius),
        finish=_draw_finish(draws),
    )


def _draw_pose(draws: Draws) -> Pose:
    radius = draws.uniform(5.8, 8)
    room = FRAME / 2 - np.float32(REACH) * radius
    cosine, sine = draws.direction()
    return Pose(
        x=draws.uniform(-1, 1) * room,
        y=draws.uniform(-1, 1) * room,
        radius=radius,
        cosine=cosine,
        sine=sine,
        stretch=draws.uniform(0.92, 1.08),
        shear=draws.uniform(-0.1, 0.1),
    )


def _draw_pattern(draws: Draws, weights: tuple[int, ...]) -> Pattern:
    cosine, sine = draws.direction()
    return Pattern(
        kind=draws.choice(weights),
        cosine=cosine,
        sine=sine,
        x=draws.uniform(-14, 14),
        y=draws.uniform(-14, 14),
        period=draws.uniform(5, 14),
        sharpness=draws.uniform(1, 6),
        lattice=draws.uniform(shape=(LATTICE, LATTICE)),
    )


def _draw_palette(draws: Draws) -> np.ndarray:
    """Draw sets of four colours until the object stands out from its background."""
    shape = (_CANDIDATES, 2, 3)
    first, towards = draws.uniform(shape=shape), draws.uniform(shape=shape)
    spread = draws.uniform(0.15, 1, (_CANDIDATES, 2))[..., None] * np.array(
        [[0.6], [0.35]], np.float32
    )
    second = first + spread * (towards - first)
    palettes = np.stack([first, second], axis=3)  # (scenes, candidates, which, first/second, 3)
    contrasts = [
        contrast(palettes[:, :, 0, i], palettes[:, :, 1, j]) for i in (0, 1) for j in (0, 1)
    ]
    least = np.minimum.reduce(contrasts)
    # The first set that will do; the best one where none does.
    chosen = np.argmax(np.minimum(least, np.float32(_LEAST_CONTRAST)), axis=1)
    return palettes[np.arange(len(chosen)), chosen].reshape(-1, 4, 3)


def contrast(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Say how far two colours `(…, 3)` are apart, in lightness or in hue, whichever is more."""
    red, green, blue = (a[..., k] - b[..., k] for k in range(3))
    light = np.float32(0.3) * red + np.float32(0.59) * green + np.float32(0.11) * blue
    hue = np.maximum(np.abs(red - green), np.abs(blue - green)) * np.float32(0.5)
    return np.maximum(np.abs(light), hue)


def _draw_clutter(draws: Draws, palette: np.ndarray) -> Clutter:
    shape = (PIECES,)
    cosine, sine = draws.direction(shape)
    # Some pieces have the object's own colour, so that its colour does not find it.
    camouflaged = draws.chance(0.3, shape)[..., None]
    return Clutter(
        present=draws.chance(0.3, shape),
        kind=draws.choice((2, 1, 2), shape),
        x=draws.uniform(-16, 16, shape),
        y=draws.uniform(-16, 16, shape),
        cosine=cosine,
        sine=sine,
        length=draws.uniform(2, 5, shape),
        width=draws.uniform(0.4, 0.8, shape),
        colour=np.where(camouflaged, palette[:, None, 2], draws.uniform(shape=(PIECES, 3))),
    )


def _draw_occluder(draws: Draws, radius: np.ndarray) -> Occluder:
    cosine, sine = draws.direction()
    is_bar = draws.chance(0.5)
    return Occluder(
        present=draws.chance(0.35),
        cosine=cosine,
        sine=sine,
        across=draws.uniform(-1, 1) * radius,
        along=draws.uniform(-1, 1) * radius,
        half_width=draws.uniform(0.8, 2.2),
        half_length=np.where(is_bar, np.float32(2 * FRAME), draws.uniform(1.5, 4)),
        colour=draws.uniform(shape=(3,)),
    )


def _draw_finish(draws: Draws) -> Finish:
    cosine, sine = draws.direction()
    return Finish(
        cosine=cosine,
        sine=sine,
        slope=draws.uniform(0, 0.4),
        contrast=draws.uniform(0.65, 1),
        brightness=draws.uniform(-0.12, 0.12),
        blur=draws.uniform(0, 1),
        noise=draws.uniform(0, 0.07),
    )
