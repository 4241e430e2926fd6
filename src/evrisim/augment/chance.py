"""Uniform numbers as a function of (seed, epoch, place): the same wherever and whenever drawn.

A counter goes through twenty rounds of mixing, so a number needs none drawn before it: batches
may be made in any order, on any engine, and after a kill.

Reference:
    Threefry-2x32-20: Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405
"""

from typing import Any

import numpy as np

_ALL = 0xFFFFFFFF


def uniforms(seed: int, epoch: int, places: Any, needs: int) -> np.ndarray:
    """Give `(count, needs)` float32 in [0, 1), a row for each of `(count,)` places in an epoch.

    The lower 32 bits of seed and epoch are the key, a place and the pair of columns the counter.

    Example:
        >>> both = uniforms(0, 3, [5, 6], 2)
        >>> bool((both[1] == uniforms(0, 3, [6], 2)).all())
        True
    """
    from evrisim.augment.host.counting import fill

    places = np.asarray(places).astype(np.uint32)
    out = np.empty((len(places), needs), np.float32)
    fill(out, np.uint32(seed & _ALL), np.uint32(epoch & _ALL), places)
    return out
