"""JPEG compression of one image after another: what `evrisim.augment.jpeg` says, as loops."""

from typing import Any

import numpy as np

from evrisim.augment import jpeg
from evrisim.augment.host.compiling import compiled

f32 = np.float32
LUMA, CHROMA, COSINES = jpeg.LUMA, jpeg.CHROMA, jpeg.COSINES
COSINES_ACROSS = np.ascontiguousarray(jpeg.COSINES.T)
TO_YCC, TO_RGB = jpeg.TO_YCC, jpeg.TO_RGB
ONE, EIGHT, FINE = f32(jpeg.ONE), f32(jpeg.EIGHT), f32(jpeg.FINE)


@compiled
def compress(images: Any, chosen: Any, values: Any) -> None:
    """Replace images by what JPEG of a quality gives back."""
    for number in chosen:
        if images.shape[3] == 1:
            _grey(images[number], values[number, 0])
        else:
            _colours(images[number], values[number, 0])


@compiled
def _grey(image: Any, quality: Any) -> None:
    rows, columns, _one = image.shape
    plane = np.empty((rows + -rows % 8, columns + -columns % 8), f32)
    for row in range(plane.shape[0]):
        for column in range(plane.shape[1]):
            level = image[min(row, rows - 1), min(column, columns - 1), 0]
            plane[row, column] = f32(level) - f32(128)
    _code(plane, _steps(LUMA, quality))
    for row in range(rows):
        for column in range(columns):
            image[row, column, 0] = np.uint8(_level(plane[row, column]) + f32(128))


@compiled
def _colours(image: Any, quality: Any) -> None:
    rows, columns, _three = image.shape
    luma, blue, red = _planes(image)
    small_blue, small_red = _halved(blue, (rows + 1) // 2), _halved(red, (rows + 1) // 2)
    _code(luma, _steps(LUMA, quality))
    steps = _steps(CHROMA, quality)
    _code(small_blue, steps)
    _code(small_red, steps)
    blue = _doubled(small_blue, (rows + 1) // 2, (columns + 1) // 2)
    red = _doubled(small_red, (rows + 1) // 2, (columns + 1) // 2)
    for row in range(rows):
        for column in range(columns):
            y, cb, cr = _level(luma[row, column]) + f32(128), blue[row, column], red[row, column]
            for channel in range(3):
                shift = (TO_RGB[channel, 0] * cb + TO_RGB[channel, 1] * cr) / ONE
                value = y + np.floor(shift + f32(0.5))
                image[row, column, channel] = np.uint8(min(max(value, f32(0)), f32(255)))


@compiled
def _planes(image: Any) -> Any:
    """Give brightness and the two colour differences, about 0, padded to whole 16×16 blocks."""
    rows, columns, _three = image.shape
    shape = (rows + -rows % 16, columns + -columns % 16)
    luma, blue, red = np.empty(shape, f32), np.empty(shape, f32), np.empty(shape, f32)
    half = f32(0.5)
    for row in range(shape[0]):
        for column in range(shape[1]):
            pixel = image[min(row, rows - 1), min(column, columns - 1)]
            r, g, b = f32(pixel[0]), f32(pixel[1]), f32(pixel[2])
            y = TO_YCC[0, 0] * r + TO_YCC[0, 1] * g + TO_YCC[0, 2] * b
            cb = TO_YCC[1, 0] * r + TO_YCC[1, 1] * g + TO_YCC[1, 2] * b
            cr = TO_YCC[2, 0] * r + TO_YCC[2, 1] * g + TO_YCC[2, 2] * b
            luma[row, column] = np.floor(y / ONE + half) - f32(128)
            blue[row, column] = np.ceil(cb / ONE - half)
            red[row, column] = np.ceil(cr / ONE - half)
    return luma, blue, red


@compiled
def _halved(plane: Any, rows: int) -> Any:
    """Give rounded means of 2×2 values, halves down and up in turn; below, the last of `rows`."""
    small = np.empty((plane.shape[0] // 2, plane.shape[1] // 2), f32)
    for row in range(small.shape[0]):
        for column in range(small.shape[1]):
            upper, lower = plane[2 * min(row, rows - 1)], plane[2 * min(row, rows - 1) + 1]
            total = upper[2 * column] + upper[2 * column + 1]
            total += lower[2 * column] + lower[2 * column + 1]
            small[row, column] = np.floor((total + f32(1 + column % 2)) * f32(0.25))
    return small


@compiled
def _doubled(small: Any, rows: int, columns: int) -> Any:
    """Give `(2 rows, 2 columns)`: three parts of the near value, one of the far, each way."""
    out = np.empty((2 * rows, 2 * columns), f32)
    between = np.empty(columns, f32)
    three = f32(3)
    for row in range(2 * rows):
        near = row // 2
        far = min(max(near + 2 * (row % 2) - 1, 0), rows - 1)
        for column in range(columns):
            below, above = _level(small[near, column]), _level(small[far, column])
            between[column] = three * below + above
        for column in range(2 * columns):
            this = column // 2
            other = min(max(this + 2 * (column % 2) - 1, 0), columns - 1)
            total = three * between[this] + between[other] + f32(8 - column % 2)
            out[row, column] = np.floor(total * f32(0.0625))
    return out


@compiled
def _level(value: Any) -> Any:
    """Round to a whole number of −128 … 127."""
    value = np.floor(value * FINE + f32(0.5)) / FINE
    return min(max(np.floor(value + f32(0.5)), f32(-128)), f32(127))


@compiled
def _rounded(part: Any, step: Any) -> Any:
    """Round a cosine part to whole steps, halves away from zero."""
    part = np.floor(part * EIGHT + f32(0.5)) / EIGHT
    size = np.floor(abs(part) / step + f32(0.5)) * step
    return size if part > 0 else -size


@compiled
def _steps(table: Any, quality: Any) -> Any:
    """Give the 8×8 steps of a quality."""
    scale = np.floor(f32(5000) / quality) if quality < 50 else f32(200) - f32(2) * quality
    steps = np.empty((8, 8), f32)
    for row in range(8):
        for column in range(8):
            step = np.floor((table[row, column] * scale + f32(50)) / f32(100))
            steps[row, column] = min(max(step, f32(1)), f32(255))
    return steps


@compiled
def _code(plane: Any, steps: Any) -> None:
    """Round the cosine parts of each 8×8 block to whole steps, in place."""
    block, half_way = np.empty((8, 8), f32), np.empty((8, 8), f32)
    for top in range(0, plane.shape[0], 8):
        for left in range(0, plane.shape[1], 8):
            window = plane[top : top + 8, left : left + 8]
            _product(COSINES, window, half_way)
            _product(half_way, COSINES_ACROSS, block)
            for row in range(8):
                for column in range(8):
                    block[row, column] = _rounded(block[row, column], steps[row, column])
            _product(COSINES_ACROSS, block, half_way)
            _product(half_way, COSINES, window)


@compiled
def _product(left: Any, right: Any, out: Any) -> None:
    """Multiply two 8×8 matrices."""
    for row in range(8):
        for column in range(8):
            out[row, column] = 0
        for term in range(8):
            factor = left[row, term]
            for column in range(8):
                out[row, column] += factor * right[term, column]
