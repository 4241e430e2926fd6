"""Uniform numbers as a function of (seed, epoch, place): the same wherever and whenever drawn.

A counter goes through twenty rounds of mixing, so a number needs none drawn before it: batches may be made in any order, on
any engine, and after a kill.

Reference:
    Threefry-2x32-20: Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405
"""

from typing import Any

import numpy as np

_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA
_ALL = 0xFFFFFFFF
_UNIT = np.float32(2.0**-24)


def uniforms(seed: int, epoch: int, places: Any, needs: int) -> np.ndarray:
    """Give `(count, needs)` float32 in [0, 1), a row for each of `(count,)` places in an epoch.

    Example:
        >>> both = uniforms(0, 3, [5, 6], 2)
        >>> bool((both[1] == uniforms(0, 3, [6], 2)).all())
        True
    """
    first, second = mixed(
        np.uint32(seed & _ALL),
        np.uint32(epoch & _ALL),
        np.asarray(places).astype(np.uint32)[:, None],
        np.arange((needs + 1) // 2, dtype=np.uint32)[None, :],
    )
    words = np.stack([first, second], axis=-1).reshape(len(first), -1)[:, :needs]
    return (words >> np.uint32(8)).astype(np.float32) * _UNIT


def mixed(key0: Any, key1: Any, word0: Any, word1: Any) -> tuple[Any, Any]:
    """Mix two 32-bit words under two 32-bit keys; arrays are mixed element by element.

    The words are NumPy's uint32, whose sums wrap around.
    """
    keys = (key0, key1, np.uint32(_PARITY) ^ key0 ^ key1)
    word0, word1 = np.broadcast_arrays(word0 + keys[0], word1 + keys[1])
    for part in range(5):
        for turn in _ROTATIONS[:4] if part % 2 == 0 else _ROTATIONS[4:]:
            word0 = word0 + word1
            word1 = (word1 << np.uint32(turn) | word1 >> np.uint32(32 - turn)) ^ word0
        word0 = word0 + keys[(part + 1) % 3]
        word1 = word1 + keys[(part + 2) % 3] + np.uint32(part + 1)
    return word0, word1
