"""Uniform numbers from counters, as a loop: Threefry-2x32 with twenty rounds."""

from typing import Any

import numpy as np

from evrisim.augment.host.compiling import compiled

f32, u32 = np.float32, np.uint32

TURNS = np.array([13, 15, 26, 6, 17, 29, 16, 24], np.uint32)
PARITY = u32(0x1BD11BDA)


@compiled
def mixed(key0: Any, key1: Any, word0: Any, word1: Any) -> Any:
    """Mix two 32-bit words under two 32-bit keys."""
    keys = (key0, key1, u32(key0 ^ key1 ^ PARITY))
    word0, word1 = u32(word0 + key0), u32(word1 + key1)
    for part in range(5):
        for turn in TURNS[4 * (part % 2) : 4 * (part % 2) + 4]:
            word0 = u32(word0 + word1)
            word1 = u32(u32(word1 << turn) | u32(word1 >> u32(u32(32) - turn))) ^ word0
        word0 = u32(word0 + keys[(part + 1) % 3])
        word1 = u32(word1 + keys[(part + 2) % 3] + u32(part + 1))
    return word0, word1


@compiled
def fill(out: Any, key0: Any, key1: Any, places: Any) -> None:
    """Fill the rows of float32 `(count, needs)` with uniforms of the places, two to a counter."""
    needs = out.shape[1]
    for row in range(len(places)):
        for pair in range((needs + 1) // 2):
            words = mixed(key0, key1, places[row], u32(pair))
            out[row, 2 * pair] = _unit(words[0])
            if 2 * pair + 1 < needs:
                out[row, 2 * pair + 1] = _unit(words[1])


@compiled
def _unit(word: Any) -> Any:
    """Give the upper 24 bits as a number in [0, 1)."""
    return f32(word >> u32(8)) * f32(2.0**-24)
