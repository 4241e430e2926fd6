"""The kernel on its way over a small image while the output fills, frame by frame."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from evrisim._validate import check_whole
from evrisim.kernels import Centre, contributions, convolve, output_size
from evrisim.kernels.convolution import along
from evrisim.messages import translate as _
from evrisim.plots import house, signed
from evrisim.plots.kernels import brightness, short

LONGEST = 32
"""Pixels along the longer side of an image that is slid over; more could not be told apart."""

MOST_FRAMES = 120
_PANEL, _MARGIN, _HEAD = 352, 24, 72
_INK, _EMPTY, _PADDING = (27, 31, 36), (238, 240, 242), (205, 211, 217)


def frame_count(places: int, most: int = MOST_FRAMES) -> int:
    """Say how many frames show a kernel on so many places: one each, or evenly fewer.

    Example:
        >>> frame_count(100), frame_count(1024)
        (100, 114)
    """
    return math.ceil(places / math.ceil(places / most))


def palette() -> Image.Image:
    """Give the colours that frames are made of, for formats that have no more."""
    greys = np.rint(np.linspace(0, 255, 64))[:, None].repeat(3, axis=1)
    own = [_INK, _EMPTY, _PADDING, ImageColor.getrgb(house.VERMILION)]
    colours = np.concatenate([signed.table()[::4], greys, own]).astype(np.uint8)
    made = Image.new("P", (1, 1))
    made.putpalette(colours.tobytes())
    return made


def sliding(
    image: np.ndarray,
    kernel: np.ndarray,
    *,
    stride: int = 1,
    padding: str = "same",
    dilation: int = 1,
    centre: Centre = None,
    most: int = MOST_FRAMES,
) -> Iterator[np.ndarray]:
    """Draw the frames: left the image with the kernel's cells, right the output so far.

    With more places than `most`, each frame shows the last of several.

    Args:
        image: `(rows, columns)` numbers; best at most `LONGEST` pixels long.
        kernel: `(rows, columns)`.
        stride: As in `kernels.convolve`.
        padding: As in `kernels.convolve`; its zeros are drawn around the image.
        dilation: As in `kernels.convolve`.
        centre: As in `kernels.convolve`.
        most: Frames at most.

    Yields:
        `(height, width, 3)` uint8, all of one size; the last one shows the output complete.
    """
    way: dict[str, Any] = {
        "stride": stride, "padding": padding, "dilation": dilation, "centre": centre,
    }  # fmt: skip
    output = convolve(image, kernel, **way)
    sizes = [
        output_size(image.shape[a], kernel.shape[a], stride, padding, dilation, along(centre, a))
        for a in (0, 1)
    ]
    around = [(size.before, size.after) for size in sizes]
    scene = _Scene(image, output, around)
    count = frame_count(output.size, check_whole("most", most, 1))
    step = math.ceil(output.size / count)
    for last in range(min(step, output.size) - 1, output.size + step - 1, step):
        place = min(last, output.size - 1)
        row, column = divmod(place, output.shape[1])
        yield scene.frame(contributions(image, kernel, (row, column), **way))


class _Scene:
    """What stays the same from frame to frame."""

    def __init__(
        self, image: np.ndarray, output: np.ndarray, around: list[tuple[int, int]]
    ) -> None:
        low, high = brightness(image)
        grey = np.rint(255 * np.clip((image - low) / (high - low), 0, 1)).astype(np.uint8)
        padded = np.empty((*(np.array(image.shape) + [sum(pair) for pair in around]), 3), np.uint8)
        padded[:] = _PADDING
        top, left = around[0][0], around[1][0]
        padded[top : top + image.shape[0], left : left + image.shape[1]] = grey[:, :, None]
        self.origin = (top, left)
        self.output = output
        # The zeros of the padding make a bright border, which shall not outshine the inside.
        self.colours = signed.colour(output, signed.limit_of(output, 0.95))
        longest = max(*padded.shape[:2], *output.shape)
        self.cell = max(4, _PANEL // longest)
        self.image = _enlarged(padded, self.cell)
        self.right = 2 * _MARGIN + self.image.width
        width = self.right + output.shape[1] * self.cell + _MARGIN
        height = _HEAD + max(self.image.height, output.shape[0] * self.cell) + _MARGIN
        self.size = (max(width, 560), height)

    def frame(self, found: Any) -> np.ndarray:
        """Draw the state in which the place of `found` is the last that is filled."""
        picture = Image.new("RGB", self.size, "white")
        draw = ImageDraw.Draw(picture)
        picture.paste(self.image, (_MARGIN, _HEAD))
        filled = np.arange(self.output.size).reshape(self.output.shape) <= (
            found.row * self.output.shape[1] + found.column
        )
        shown = np.where(filled[:, :, None], self.colours, np.array(_EMPTY, np.uint8))
        picture.paste(_enlarged(shown, self.cell), (self.right, _HEAD))
        for row in found.rows:
            for column in found.columns:
                self._box(draw, row + self.origin[0], column + self.origin[1], _MARGIN)
        self._box(draw, found.row, found.column, self.right)
        draw.text((_MARGIN, 22), _("image and kernel"), fill=_INK, font=_font(22))
        text = f"Σ = {short(round(found.value, 3))}"
        draw.text((self.right, 22), text, fill=_INK, font=_font(22))
        return np.asarray(picture)

    def _box(self, draw: ImageDraw.ImageDraw, row: int, column: int, left: int) -> None:
        x, y = left + int(column) * self.cell, _HEAD + int(row) * self.cell
        box = (x, y, x + self.cell - 1, y + self.cell - 1)
        draw.rectangle(box, outline=house.VERMILION, width=max(1, self.cell // 8))


def _enlarged(pixels: np.ndarray, cell: int) -> Image.Image:
    large = pixels.repeat(cell, axis=0).repeat(cell, axis=1)
    return Image.fromarray(np.ascontiguousarray(large))


def _font(size: int) -> ImageFont.FreeTypeFont:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / "DejaVuSans.ttf"), size)
