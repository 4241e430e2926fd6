"""The whole way of one kernel: filter, detect, condense."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from evrisim._validate import check_whole
from evrisim.kernels.convolution import along, convolve
from evrisim.kernels.geometry import OutputSize, output_size
from evrisim.kernels.own import Centre
from evrisim.pooling import max_pool


@dataclass(frozen=True, eq=False)
class Extraction:
    """What became of an image on the way through a kernel, a ReLU and a max-pooling.

    Attributes:
        image: `(rows, columns)` or `(rows, columns, channels)` float32, as given.
        kernel: `(rows, columns)` or `(rows, columns, channels)` float32.
        filtered: what the kernel answered, of either sign.
        detected: the same with everything negative set to 0.
        condensed: the largest value of each pool.
        stride, padding, dilation, centre: how the kernel went.
        pool: pixels along a side of a pool, and from pool to pool.
        filter_sizes: how the height and the width of `filtered` come about.
        pool_sizes: the same for `condensed`.
    """

    image: np.ndarray
    kernel: np.ndarray
    filtered: np.ndarray
    detected: np.ndarray
    condensed: np.ndarray
    stride: int
    padding: str
    dilation: int
    centre: Centre
    pool: int
    filter_sizes: tuple[OutputSize, OutputSize]
    pool_sizes: tuple[OutputSize, OutputSize]


def extract(
    image: Any,
    kernel: Any,
    *,
    stride: int = 1,
    padding: str = "same",
    dilation: int = 1,
    centre: Centre = None,
    pool: int = 2,
) -> Extraction:
    """Filter an image, keep what the kernel looks for, and condense it.

    Args:
        image: As for `convolve`.
        kernel: As for `convolve`.
        stride: As for `convolve`.
        padding: As for `convolve`; pools never leave the map (`valid`).
        dilation: As for `convolve`.
        centre: As for `convolve`.
        pool: Side of a pool in pixels, and the step from pool to pool; 1 leaves the map as it is.

    Raises:
        InputError: As `convolve`, and for a pool that does not fit into the filtered map.

    Example:
        >>> lines = np.zeros((8, 8)); lines[2] = 10
        >>> found = extract(lines, [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]])
        >>> found.condensed[:, 1].tolist()
        [0.0, 60.0, 0.0, 0.0]
    """
    check_whole("pool", pool, 1)
    filtered = convolve(
        image, kernel, stride=stride, padding=padding, dilation=dilation, centre=centre
    )
    detected = relu(filtered)
    picture, weights = np.asarray(image, np.float32), np.asarray(kernel, np.float32)
    sizes = [
        output_size(
            picture.shape[axis],
            weights.shape[axis],
            stride,
            padding,
            dilation,
            along(centre, axis),
        )
        for axis in (0, 1)
    ]
    pools = [output_size(filtered.shape[axis], pool, pool, "valid") for axis in (0, 1)]
    return Extraction(
        image=picture,
        kernel=weights,
        filtered=filtered,
        detected=detected,
        condensed=_pooled(detected, pool),
        stride=stride,
        padding=padding,
        dilation=dilation,
        centre=centre,
        pool=pool,
        filter_sizes=(sizes[0], sizes[1]),
        pool_sizes=(pools[0], pools[1]),
    )


def _pooled(maps: np.ndarray, pool: int) -> np.ndarray:
    if maps.ndim == 3:
        return max_pool(maps, pool)
    return max_pool(maps[:, :, None], pool)[:, :, 0]


def relu(maps: np.ndarray) -> np.ndarray:
    """Set everything negative to 0; float32 of the same shape.

    Example:
        >>> relu(np.array([-2.0, 3.0])).tolist()
        [0.0, 3.0]
    """
    return np.maximum(np.asarray(maps, np.float32), 0)
