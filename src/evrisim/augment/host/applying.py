"""A draw carried out on NumPy images, their masks and their labels."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from evrisim.augment.host import colouring, mixing, moving, texturing, toning
from evrisim.augment.jpeg import compressed
from evrisim.augment.steps import FILLS, Code, Step

Kernel = Callable[[Any, Any, Any], None]


def _compress(images: np.ndarray, chosen: np.ndarray, values: np.ndarray) -> None:
    found = compressed(np, images[chosen].astype(np.float32), values[chosen, 0])
    images[chosen] = found.astype(np.uint8)


KERNELS: dict[Code, Kernel] = {
    Code.TONE: toning.tone,
    Code.CONTRAST: toning.contrast,
    Code.SATURATION: colouring.saturation,
    Code.HUE: colouring.hue,
    Code.SHARPNESS: texturing.sharpness,
    Code.POSTERISE: toning.posterise,
    Code.SOLARISE: toning.solarise,
    Code.EQUALISE: toning.equalise,
    Code.AUTOCONTRAST: toning.autocontrast,
    Code.INVERT: toning.invert,
    Code.BLUR: texturing.blur,
    Code.NOISE: texturing.noise,
    Code.JPEG: _compress,
    Code.ERASE: texturing.erase,
}


class _Chains:
    """AugMix' bookkeeping: the pictures the chains start from, and their weighted sum."""

    def __init__(self, images: np.ndarray) -> None:
        self.origin = images.copy()
        self.total = np.zeros(images.shape, np.float32)


def apply(steps: Sequence[Step], images: np.ndarray, *, masks: bool = False) -> np.ndarray:
    """Carry out a draw on uint8 `(count, rows, columns, channels)` images.

    Args:
        steps: What `draw` gave for them.
        images: They are left alone.
        masks: They are masks of the images: only moves (which take the nearest pixel) and CutMix
            touch them. Moves in AugMix' chains do not, since the picture blends several.

    Returns:
        New uint8 images of the same shape.
    """
    images, chains, in_chain = np.array(images, np.uint8, order="C"), None, False
    for one in steps:
        in_chain = (in_chain or Code.BEGIN in one.may) and Code.BLEND not in one.may
        codes = np.asarray(one.codes)
        values = np.ascontiguousarray(one.values, np.float32)
        for code in sorted(one.may):
            chosen = np.flatnonzero(codes == float(code))
            if len(chosen) == 0 or code == Code.KEEP or (masks and in_chain):
                continue
            if code == Code.MOVE:
                moving.move(images, chosen, values, FILLS.index(one.fill), masks)
            elif code == Code.CUTMIX:
                mixing.cutmix(images, images.copy(), chosen, values)
            elif masks:
                continue
            elif code == Code.MIXUP:
                mixing.mixup(images, images.copy(), chosen, values)
            elif code == Code.BEGIN:
                chains = chains or _Chains(images)
                images[chosen] = chains.origin[chosen]
            elif code == Code.ADD and chains:
                mixing.add(chains.total, images, chosen, values)
            elif code == Code.BLEND and chains:
                mixing.blend(images, chains.origin, chains.total, chosen, values)
                chains = None
            else:
                KERNELS[code](images, chosen, values)
    return images
