"""Steps that join images: MixUp and CutMix with a partner, AugMix with what was before."""

from typing import Any

import numpy as np

from evrisim.augment.host.compiling import compiled
from evrisim.augment.host.toning import _byte

f32 = np.float32


@compiled
def mixup(images: Any, before: Any, chosen: Any, values: Any) -> None:
    """Blend each chosen image with its partner as that was before."""
    for number in chosen:
        own = values[number, 1]
        other = f32(1) - own
        mine, theirs = before[number].ravel(), before[int(values[number, 0])].ravel()
        out = images[number].ravel()
        for place in range(out.size):
            out[place] = _byte(own * f32(mine[place]) + other * f32(theirs[place]))


@compiled
def cutmix(images: Any, before: Any, chosen: Any, values: Any) -> None:
    """Paste the box of each chosen image's partner as that was before."""
    for number in chosen:
        top, left, bottom, right = values[number, 1:5].astype(np.int64)
        partner = int(values[number, 0])
        images[number, top:bottom, left:right] = before[partner, top:bottom, left:right]


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
