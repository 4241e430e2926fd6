"""Ice on a window: a sheet of crystals with branches, drawn once and cut at random places."""

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from evrisim.corruptions.plasma import plasma

FIELDS = 8
"""Images that fit into the sheet side by side."""

CRYSTALS = 5
"""Crystals for the area of one image, on average."""

FINER = 4
"""The sheet is drawn so many times larger and averaged, for smooth lines."""

DARK, BRIGHT = (0.16, 0.22, 0.30), (0.92, 0.97, 1.0)
"""Red, green and blue where there is no ice, and where it is thickest."""


@lru_cache(maxsize=4)
def sheet(unit: int, longest: int) -> np.ndarray:
    """Draw a sheet of ice, always the same one.

    Args:
        unit: pixels; arms of crystals are up to about so long.
        longest: pixels; longer side of what will be cut out.

    Returns:
        `(side, side, 3)` float32 in 0–1, not to be changed.
    """
    chance = np.random.default_rng(2019)
    side = FIELDS * longest
    canvas = Image.new("L", (FINER * side, FINER * side))
    for _crystal in range(CRYSTALS * round(side / unit) ** 2):
        _crystal_on(canvas, FINER * unit, chance)
    lines = np.asarray(canvas.reduce(FINER), np.float32) / 255
    cells = 1 << (side - 1).bit_length()
    haze = plasma(chance.random((1, cells, cells)), 1.3)[0, :side, :side]
    thick = (0.05 + 0.2 * haze + (0.4 + 0.35 * haze) * lines)[..., None]
    made = (np.array(DARK) * (1 - thick) + np.array(BRIGHT) * thick).astype(np.float32)
    made.flags.writeable = False
    return made


def _crystal_on(canvas: Image.Image, unit: int, chance: np.random.Generator) -> None:
    """Grow six arms from a random place, each with side arms in pairs at 60 degrees."""
    draw = ImageDraw.Draw(canvas)
    start = chance.uniform(0, canvas.width, 2)
    length = unit * chance.uniform(0.15, 0.5)
    shade = int(chance.uniform(110, 256))
    turned = chance.uniform(0, math.pi / 3)
    for arm in range(6):
        angle = turned + arm * math.pi / 3
        _stroke(draw, start, angle, length, shade, unit / 24)
        for part in np.arange(0.2, 0.95, 0.15):
            place = start + part * length * _towards(angle)
            for bend in (-math.pi / 3, math.pi / 3):
                side = 0.45 * length * (1 - part)
                _stroke(draw, place, angle + bend, side, shade, unit / 40)


def _towards(angle: float) -> np.ndarray:
    return np.array([math.cos(angle), math.sin(angle)])


def _stroke(
    draw: ImageDraw.ImageDraw,
    start: np.ndarray,
    angle: float,
    length: float,
    shade: int,
    width: float,
) -> None:
    end = start + length * _towards(angle)
    draw.line((*start, *end), fill=shade, width=max(1, round(width)))
