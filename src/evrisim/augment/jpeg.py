"""What JPEG compression does to a picture, without the file: colours, blocks, cosines, rounding.

Written once for NumPy and for keras.ops. Entropy coding, the rest of JPEG, loses nothing.

Reference:
    ITU-T T.81 (1992), annex A and K; JFIF 1.02 for the colours; the scaling of the tables by quality is that of the Independent
    JPEG Group's library. Halved colours are spread by repeating, where that library's default smooths them.
"""

import math
from types import ModuleType
from typing import Any

import numpy as np

_LUMA = np.array(
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
_CHROMA = np.full((8, 8), 99, np.float32)
_CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)
_TO_RGB = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], np.float32)
_COSINES = np.array(
    [
        [
            math.sqrt((1 if row == 0 else 2) / 8) * math.cos((2 * column + 1) * row * math.pi / 16)
            for column in range(8)
        ]
        for row in range(8)
    ],
    np.float32,
)


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
    below, beside = -rows % block, -columns % block
    padded = (
        xp.pad(images, ((0, 0), (0, below), (0, beside), (0, 0)), mode="edge")
        if (below or beside)
        else images
    )
    if channels == 1:
        out = _coded(xp, padded - 128.0, _LUMA, quality) + 128.0
    else:
        out = _colours(xp, padded, quality)
    return xp.clip(xp.floor(out[:, :rows, :columns] + 0.5), 0.0, 255.0)


def _colours(xp: ModuleType, images: Any, quality: Any) -> Any:
    count, rows, columns, _three = images.shape
    ycc = xp.floor(xp.einsum("nrcj,ij->nrci", images, xp.asarray(_TO_YCC)) + 0.5)
    luma = _coded(xp, ycc[..., :1] - 128.0, _LUMA, quality)
    halves = xp.reshape(ycc[..., 1:], (-1, rows // 2, 2, columns // 2, 2, 2))
    chroma = _coded(xp, xp.floor(xp.mean(halves, axis=(2, 4)) + 0.5), _CHROMA, quality)
    chroma = xp.repeat(xp.repeat(chroma, 2, axis=1), 2, axis=2)
    joined = xp.concatenate([xp.floor(luma + 0.5) + 128.0, xp.floor(chroma + 0.5)], axis=-1)
    return xp.einsum("nrcj,ij->nrci", joined, xp.asarray(_TO_RGB))


def _coded(xp: ModuleType, planes: Any, table: np.ndarray, quality: Any) -> Any:
    """Round the cosine parts of 8×8 blocks of `(count, rows, columns, planes)` to the table's steps."""
    _count, rows, columns, channels = planes.shape
    scale = xp.where(quality < 50.0, xp.floor(5000.0 / quality), 200.0 - 2.0 * quality)
    steps = xp.clip(
        xp.floor((xp.asarray(table)[None] * scale[:, None, None] + 50.0) / 100.0), 1.0, 255.0
    )[:, None, :, None, :, None]
    blocks = xp.reshape(planes, (-1, rows // 8, 8, columns // 8, 8, channels))
    cosines = xp.asarray(_COSINES)
    parts = xp.einsum("nahbwk,uh,vw->naubvk", blocks, cosines, cosines)
    parts = xp.floor(parts / steps + 0.5) * steps
    back = xp.einsum("naubvk,uh,vw->nahbwk", parts, cosines, cosines)
    return xp.reshape(back, (-1, rows, columns, channels))
