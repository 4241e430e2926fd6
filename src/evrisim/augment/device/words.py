"""32-bit words on tensors: their counters mixed into uniform numbers, as on the host.

PyTorch adds no unsigned words, so there they are the lower halves of 64 bits.

Reference:
    Threefry-2x32-20: Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405
"""

from typing import Any

import keras
import numpy as np
from keras import ops

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_ALL = 0xFFFFFFFF


def word(value: Any) -> Any:
    """Give whole numbers (a tensor, an array or one number) as 32-bit words."""
    if isinstance(value, int):
        kind = np.int64 if _in_halves() else np.uint32
        return ops.convert_to_tensor(np.array(value & _ALL, kind))
    return _cut(ops.cast(value, "int64" if _in_halves() else "uint32"))


def uniforms(seed: Any, epoch: Any, places: Any, needs: int) -> Any:
    """Give `(count, needs)` float32 in [0, 1) as `chance.uniforms` does, from tensors.

    Args:
        seed: A whole number, or a scalar tensor of one.
        epoch: The same.
        places: `(count,)` whole numbers.
        needs: Numbers for each place.
    """
    pairs = (needs + 1) // 2
    first, second = mixed(
        word(seed), word(epoch), word(places)[:, None], word(np.arange(pairs))[None, :]
    )
    words = ops.reshape(ops.stack([first, second], axis=-1), (-1, 2 * pairs))
    return unit(words[:, :needs])


def unit(words: Any) -> Any:
    """Give the upper 24 bits of words as float32 in [0, 1)."""
    return ops.cast(_right(words, 8), "float32") * np.float32(2.0**-24)


def mixed(key0: Any, key1: Any, word0: Any, word1: Any) -> tuple[Any, Any]:
    """Mix two words under two keys by twenty rounds of Threefry."""
    keys = (key0, key1, _xor(_xor(word(_PARITY), key0), key1))
    word0, word1 = _add(word0, keys[0]), _add(word1, keys[1])
    for part in range(5):
        for turn in _ROTATIONS[part % 2]:
            word0 = _add(word0, word1)
            word1 = _xor(_rotated(word1, turn), word0)
        word0 = _add(word0, keys[(part + 1) % 3])
        word1 = _add(_add(word1, keys[(part + 2) % 3]), word(part + 1))
    return word0, word1


def hashed(words: Any, key: Any) -> Any:
    """Mix the bits of words under a key, as the host does for the noise of a pixel."""
    words = _xor(words, key)
    for _round in range(2):
        words = _xor(words, _right(words, 16))
        words = _times(words, 0x7FEB352D)
        words = _xor(words, _right(words, 15))
        words = _times(words, 0x846CA68B)
        words = _xor(words, _right(words, 16))
        words = _add(words, key)
    return words


def _in_halves() -> bool:
    return keras.backend.backend() == "torch"


def _cut(words: Any) -> Any:
    return ops.bitwise_and(words, word(_ALL)) if _in_halves() else words


def _add(one: Any, other: Any) -> Any:
    return _cut(ops.add(one, other))


def _times(words: Any, factor: int) -> Any:
    return _cut(ops.multiply(words, word(factor)))


def _xor(one: Any, other: Any) -> Any:
    return ops.bitwise_xor(one, other)


def _right(words: Any, bits: int) -> Any:
    return ops.right_shift(words, word(bits))


def _rotated(words: Any, bits: int) -> Any:
    left = _cut(ops.left_shift(words, word(bits)))
    return ops.bitwise_or(left, _right(words, 32 - bits))
