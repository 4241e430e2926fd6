"""Winograd's minimal filtering for 3×3 kernels, on TensorFlow's processor kernels.

Sixteen outputs of a 3×3 kernel take 144 multiplications one by one and 36 this way: a 6×6 tile of
the input and the kernel are each changed into 36 other numbers by additions and small constants,
the products of these are summed over channels, and 16 outputs are made of the 36 sums. The sums
over channels are 36 ordinary matrix products, which a processor does at its full speed, and the
gradients are matrix products of the same tiles.

Reference:
    Lavin and Gray 2016, "Fast algorithms for convolutional neural networks",
    https://arxiv.org/abs/1509.09308, F(4×4, 3×3); the matrices are those of section 4.2.
"""

from typing import Any

import numpy as np
import tensorflow as tf

_OUT, _IN, _KERNEL = 4, 6, 3

_INPUT = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    np.float32,
)
_FILTER = np.array(
    [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], np.float32
) / np.float32(24)
_OUTPUT = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
    np.float32,
)


def correlate(images: Any, kernel: Any, *, padding: int) -> Any:
    """Correlate feature maps with 3×3 kernels in steps of one, with `padding` zeros around.

    Args:
        images: `(batch, rows, columns, channels)` float32; rows and columns must be known.
        kernel: `(3, 3, channels, filters)` float32.
        padding: zeros on each side, 0 to 2: 1 is Keras' "same", 0 its "valid".

    Returns:
        `(batch, rows + 2·padding − 2, columns + 2·padding − 2, filters)` float32, equal to the
        sum written out up to rounding (some 1e-5 of the largest output).
    """
    size = _size(images, padding)

    @tf.custom_gradient
    def correlated(images: Any, kernel: Any) -> Any:
        tiles = _input_tiles(images, padding)
        sums = tf.matmul(tiles, _transformed(_FILTER, kernel))

        def gradients(slopes: Any) -> tuple[Any, Any]:
            steps = _transformed(_OUTPUT.T, _cut(slopes, 0, size, _OUT))
            to_kernel = _transformed(_FILTER.T, tf.matmul(tiles, steps, transpose_a=True))
            return _to_images(slopes, kernel, padding), tf.reshape(to_kernel, kernel.shape)

        return _joined(sums, size), gradients

    # A variable itself would have to be handed to the gradient by name.
    return correlated(images, tf.convert_to_tensor(kernel))


def _to_images(slopes: Any, kernel: Any, padding: int) -> Any:
    """Give the gradient of the input: the slopes correlated with the kernel turned by 180°."""
    padding = 2 - padding
    turned = _transformed(_FILTER[:, ::-1], kernel)
    sums = tf.matmul(_input_tiles(slopes, padding), turned, transpose_b=True)
    return _joined(sums, _size(slopes, padding))


def _size(images: Any, padding: int) -> tuple[int, int]:
    """Give rows and columns of what a correlation of `images` gives."""
    return images.shape[1] + 2 * padding - 2, images.shape[2] + 2 * padding - 2


def _input_tiles(images: Any, padding: int) -> Any:
    """Give the transformed tiles of an input, `(36, tiles, channels)`."""
    return _transformed(_INPUT, _cut(images, padding, _size(images, padding), _IN))


def _joined(sums: Any, size: tuple[int, int]) -> Any:
    """Make outputs of `(36, tiles, filters)` and lay them out as `(batch, *size, filters)`."""
    pixels = _transformed(_OUTPUT, sums)
    down, across = (-(-length // _OUT) for length in size)
    batch = tf.shape(pixels)[1] // (down * across)
    y, x = np.arange(size[0])[:, None], np.arange(size[1])
    cell, tile = y % _OUT * _OUT + x % _OUT, y // _OUT * across + x // _OUT
    index = (cell * batch + tf.range(batch)[:, None, None]) * (down * across) + tile
    channels = pixels.shape[2]
    gathered = tf.gather(tf.reshape(pixels, [-1, channels]), tf.reshape(index, [-1]))
    return tf.reshape(gathered, [batch, *size, channels])


def _transformed(matrix: np.ndarray, tiles: Any) -> Any:
    """Multiply each tile by `matrix` from the left and its transpose from the right.

    Args:
        matrix: `(new, old)`.
        tiles: Any shape that begins with `old`·`old` cells, in one axis or two, and ends in two
            more axes.

    Returns:
        `(new·new, …)` with the last two axes of `tiles`.
    """
    new, old = matrix.shape
    rest = tf.shape(tiles)[-2:]
    rows = tf.matmul(matrix, tf.reshape(tiles, [old, -1]))  # (new, old·rest)
    both = tf.matmul(np.broadcast_to(matrix, (new, new, old)), tf.reshape(rows, [new, old, -1]))
    return tf.reshape(both, tf.concat([[new * new], rest], axis=0))


def _cut(images: Any, padding: int, size: tuple[int, int], side: int) -> Any:
    """Cut `(side·side, tiles, channels)` out of images, a tile for each 4×4 outputs of `size`.

    One gather of whole pixels: thirty-six strided slices take several times as long.
    """
    down, across = (-(-length // _OUT) for length in size)
    rows, columns = _OUT * down + side - _OUT, _OUT * across + side - _OUT
    # Never negative: `size` is the input's rows and columns less at most what a tile overlaps.
    below, right = rows - padding - images.shape[1], columns - padding - images.shape[2]
    padded = tf.pad(images, [[0, 0], [padding, below], [padding, right], [0, 0]])
    cell = np.arange(side)
    y = cell[:, None, None, None] + _OUT * np.arange(down)[:, None]
    x = cell[:, None, None] + _OUT * np.arange(across)
    place = (y * columns + x).reshape(side * side, 1, down * across)
    batch = tf.shape(images)[0]
    index = place + tf.range(batch)[:, None] * (rows * columns)
    pixels = tf.reshape(padded, [-1, images.shape[3]])
    return tf.gather(pixels, tf.reshape(index, [side * side, batch * down * across]))
