"""What JPEG compression does to a picture, without the file: colours, blocks, cosines, rounding.

Written for whole batches of NumPy or keras.ops; `host/compressing.py` is the same as loops.
Entropy coding, the rest of JPEG, loses nothing.

Reference:
    ITU-T T.81 (1992), annex A and K; JFIF 1.02 for the colours. How quality scales the tables and
    how colours are halved and doubled follow the Independent JPEG Group's library.
"""

import math
from types import ModuleType
from typing import Any

import numpy as np

LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
CHROMA = np.full((8, 8), 99, np.float32)
CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
ONE = 2.0**16
"""What 1 is in the whole numbers below, whose sums are exact in float32."""

TO_YCC = np.array(
    [[19595, 38470, 7471], [-11059, -21709, 32768], [32768, -27439, -5329]], np.float32
)
TO_RGB = np.array([[0, 91881], [-22554, -46802], [116130, 0]], np.float32)
"""What the two colour differences add to red, green and blue."""

COSINES = np.array(
    [
        [
            math.sqrt((1 if row == 0 else 2) / 8) * math.cos((2 * column + 1) * row * math.pi / 16)
            for column in range(8)
        ]
        for row in range(8)
    ],
    np.float32,
)

EIGHT, FINE = 8.0, 64.0
"""Parts to which sums are rounded first, so that halves are halves whatever the order of adding."""


def compressed(xp: ModuleType, images: Any, quality: Any) -> Any:
    """Give images as they come back from JPEG with halved colours (4:2:0).

    Args:
        xp: `numpy` or `keras.ops`.
        images: float32 `(count, rows, columns, 1 or 3)` in 0–255.
        quality: float32 `(count,)`, 1 to 100.

    Returns:
        float32 of the same shape, whole numbers in 0–255.
    """
    rows, columns, channels = images.shape[1:]
    block = 8 if channels == 1 else 16
    images = _padded(xp, _padded(xp, images, 1, block), 2, block)
    if channels == 1:
        return _coded(xp, images - 128.0, LUMA, quality)[:, :rows, :columns] + 128.0
    return _colours(xp, images, quality, (rows, columns))


def _colours(xp: ModuleType, images: Any, quality: Any, size: tuple[int, int]) -> Any:
    rows, columns = size
    ycc = xp.einsum("nrcj,ij->nrci", images, xp.array(TO_YCC)) / ONE
    luma = _coded(xp, xp.floor(ycc[..., :1] + 0.5) - 128.0, LUMA, quality) + 128.0
    chroma = _halved(xp, xp.ceil(ycc[..., 1:] - 0.5))[:, : (rows + 1) // 2]
    chroma = _coded(xp, _padded(xp, chroma, 1, 8), CHROMA, quality)
    chroma = _doubled(xp, chroma[:, : (rows + 1) // 2, : (columns + 1) // 2])
    shift = xp.einsum("nrcj,ij->nrci", chroma[:, :rows, :columns], xp.array(TO_RGB)) / ONE
    return xp.clip(luma[:, :rows, :columns] + xp.floor(shift + 0.5), 0.0, 255.0)


def _padded(xp: ModuleType, planes: Any, axis: int, block: int) -> Any:
    """Repeat the last row or column until whole blocks are full."""
    size = planes.shape[axis]
    places = np.minimum(np.arange(size + -size % block), size - 1)
    return planes if len(places) == size else xp.take(planes, places, axis=axis)


def _halved(xp: ModuleType, planes: Any) -> Any:
    """Give the rounded means of 2×2 values; halves go down and up in turn."""
    _count, rows, columns, channels = planes.shape
    fours = xp.sum(xp.reshape(planes, (-1, rows // 2, 2, columns // 2, 2, channels)), axis=(2, 4))
    turns = np.array([1, 2], np.float32)[np.arange(columns // 2) % 2, None]
    return xp.floor((fours + xp.array(turns)) / 4.0)


def _doubled(xp: ModuleType, planes: Any) -> Any:
    """Give twice as many rows and columns: three parts of the near value, one of the far."""
    sums = _near_and_far(xp, _near_and_far(xp, planes, 1), 2)
    turns = np.array([8, 7], np.float32)[np.arange(sums.shape[2]) % 2, None]
    return xp.floor((sums + xp.array(turns)) / 16.0)


def _near_and_far(xp: ModuleType, planes: Any, axis: int) -> Any:
    last = planes.shape[axis] - 1
    places = np.arange(last + 1)
    before = xp.take(planes, np.maximum(places - 1, 0), axis=axis)
    after = xp.take(planes, np.minimum(places + 1, last), axis=axis)
    both = xp.stack([3.0 * planes + before, 3.0 * planes + after], axis=axis + 1)
    shape = list(planes.shape)
    shape[0], shape[axis] = -1, 2 * shape[axis]
    return xp.reshape(both, shape)


def _coded(xp: ModuleType, planes: Any, table: np.ndarray, quality: Any) -> Any:
    """Round the cosine parts of 8×8 blocks of `(count, rows, columns, planes)` to whole steps.

    The values lie about 0, and come back as whole numbers of −128 … 127.
    """
    _count, rows, columns, channels = planes.shape
    scale = xp.where(quality < 50.0, xp.floor(5000.0 / quality), 200.0 - 2.0 * quality)
    steps = xp.floor((xp.array(table.ravel()) * scale[:, None] + 50.0) / 100.0)
    steps = xp.clip(steps, 1.0, 255.0)[:, None]
    blocks = xp.reshape(planes, (-1, rows // 8, 8, columns // 8, 8, channels))
    blocks = xp.transpose(blocks, (0, 1, 3, 5, 2, 4))
    waves = np.kron(COSINES, COSINES)
    parts = xp.matmul(
        xp.reshape(blocks, (-1, rows * columns * channels // 64, 64)), xp.array(waves.T)
    )
    parts = xp.floor(parts * EIGHT + 0.5) / EIGHT
    parts = xp.sign(parts) * xp.floor(xp.abs(parts) / steps + 0.5) * steps
    back = xp.floor(xp.matmul(parts, xp.array(waves)) * FINE + 0.5) / FINE
    whole = xp.clip(xp.floor(back + 0.5), -128.0, 127.0)
    whole = xp.reshape(whole, (-1, rows // 8, columns // 8, channels, 8, 8))
    return xp.reshape(xp.transpose(whole, (0, 1, 4, 2, 5, 3)), (-1, rows, columns, channels))
