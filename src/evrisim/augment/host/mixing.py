"""Steps that join images: MixUp and CutMix with a partner, AugMix with what was before."""

from typing import Any

import numpy as np

from evrisim.augment.host.compiling import compiled
from evrisim.augment.host.toning import _byte

f32, u64 = np.float32, np.uint64  # unsigned places spare a look whether they count from the end


@compiled
def mixup(source: Any, index: Any, out: Any, chosen: Any, values: Any) -> None:
    """Fill a batch with images of a source: the chosen blended with their partners.

    Args:
        source: `(all, rows, columns, channels)` uint8.
        index: `(count,)`, which of them make the batch.
        out: `(count, rows, columns, channels)` uint8, to fill.
        chosen: `(count,)` bool.
        values: `(count, 8)` float32.
    """
    for number in range(len(index)):
        mine, mixed = source[index[number]].ravel(), out[number].ravel()
        if not chosen[number]:
            _copy(mine, mixed, u64(0), u64(mine.size))
            continue
        own = values[number, 1]
        other = f32(1) - own
        theirs = source[index[int(values[number, 0])]].ravel()
        for place in range(mixed.size):
            at = u64(place)
            mixed[at] = _byte(own * f32(mine[at]) + other * f32(theirs[at]))


@compiled
def cutmix(source: Any, index: Any, out: Any, chosen: Any, values: Any) -> None:
    """Fill a batch with images of a source, in the chosen a box of their partners; as `mixup`."""
    _all, _rows, columns, channels = source.shape
    for number in range(len(index)):
        mine, mixed = source[index[number]].ravel(), out[number].ravel()
        _copy(mine, mixed, u64(0), u64(mine.size))
        if not chosen[number]:
            continue
        theirs = source[index[int(values[number, 0])]].ravel()
        left, right = int(values[number, 2]), int(values[number, 4])
        for row in range(int(values[number, 1]), int(values[number, 3])):
            start = row * columns
            _copy(theirs, mixed, u64((start + left) * channels), u64((start + right) * channels))


@compiled
def _copy(source: Any, out: Any, start: Any, stop: Any) -> None:
    for place in range(start, stop):
        out[place] = source[place]


@compiled
def add(total: Any, images: Any, chosen: Any, values: Any) -> None:
    """Add the pictures, weighted, to float32 totals."""
    for number in chosen:
        weight = values[number, 0]
        sums, mine = total[number].ravel(), images[number].ravel()
        for place in range(sums.size):
            sums[place] += weight * f32(mine[place])


@compiled
def blend(images: Any, origin: Any, total: Any, chosen: Any, values: Any) -> None:
    """Blend the totals with the pictures they started from."""
    for number in chosen:
        share = values[number, 0]
        own = f32(1) - share
        start, sums, out = origin[number].ravel(), total[number].ravel(), images[number].ravel()
        for place in range(out.size):
            out[place] = _byte(own * f32(start[place]) + share * sums[place])
