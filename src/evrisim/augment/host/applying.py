"""A draw carried out on NumPy images, or on their masks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evrisim.augment.host import colouring, compressing, mixing, moving, texturing, toning
from evrisim.augment.steps import FILLS, Code, Step

Kernel = Callable[[Any, Any, Any], None]
"""Changes the chosen ones of `images` in place: images, chosen, values of all."""

Joining = Callable[[Any, Any, Any, Any, Any], None]
"""Fills a batch with images joined in pairs: source, index, batch, whether chosen, values."""


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
    Code.JPEG: compressing.compress,
    Code.ERASE: texturing.erase,
}

JOINING: dict[Code, Joining] = {Code.MIXUP: mixing.mixup, Code.CUTMIX: mixing.cutmix}
JOINED = {frozenset({code}) for code in JOINING}


class _Chains:
    """AugMix' bookkeeping: the pictures the chains start from, and their weighted sum."""

    def __init__(self, images: np.ndarray) -> None:
        self.origin = images.copy()
        self.total = np.zeros(images.shape, np.float32)

    def begin(self, images: np.ndarray, chosen: np.ndarray, _values: np.ndarray) -> None:
        """Start a chain."""
        images[chosen] = self.origin[chosen]

    def add(self, images: np.ndarray, chosen: np.ndarray, values: np.ndarray) -> None:
        """End a chain."""
        mixing.add(self.total, images, chosen, values)

    def blend(self, images: np.ndarray, chosen: np.ndarray, values: np.ndarray) -> None:
        """End the last chain."""
        mixing.blend(images, self.origin, self.total, chosen, values)


CHAINING = {Code.BEGIN: _Chains.begin, Code.ADD: _Chains.add, Code.BLEND: _Chains.blend}


def apply(
    steps: Sequence[Step],
    images: np.ndarray,
    *,
    index: np.ndarray | None = None,
    masks: bool = False,
) -> np.ndarray:
    """Carry out a draw on uint8 `(count, rows, columns, channels)` images.

    Args:
        steps: What `draw` gave for them.
        images: They are left alone.
        index: `(count,)`, which of the images make the batch; by default all, in their order.
        masks: They are masks of the images: only moves (which take the nearest pixel) and CutMix
            touch them. Moves in AugMix' chains do not, since the picture blends several.

    Returns:
        New uint8 images of the same shape.
    """
    left = list(_of_masks(steps) if masks else steps)
    batch, chains = _gathered(left, images, index, masks), None
    for one in left:
        codes = np.asarray(one.codes)
        values = np.ascontiguousarray(one.values, np.float32)
        for code in sorted(one.may - {Code.KEEP}):
            chosen = np.flatnonzero(codes == float(code))
            if len(chosen) == 0:
                continue
            if code in JOINING:
                batch = _joined(code, one, batch, np.arange(len(batch)))
            elif code == Code.MOVE:
                moving.move(batch, chosen, values, FILLS.index(one.fill), nearest=masks)
            elif code in CHAINING:
                chains = chains or _Chains(batch)
                CHAINING[code](chains, batch, chosen, values)
                chains = None if code == Code.BLEND else chains
            else:
                KERNELS[code](batch, chosen, values)
    return batch


def _gathered(
    left: list[Step], images: np.ndarray, index: np.ndarray | None, masks: bool
) -> np.ndarray:
    """Copy the batch together; what comes first is done on the way if all images are moved or
    are joined in pairs.
    """
    every = np.arange(len(images)) if index is None else np.asarray(index)
    first = left[0] if left else None
    joining = first is not None and first.may in JOINED
    if first is None or not (joining or _moves_all(first)):
        return np.array(images[every] if index is not None else images, np.uint8, order="C")
    left.pop(0)
    source, places = np.asarray(images), np.arange(len(every))  # of a memory map, too
    if source.dtype != np.uint8 or not source.flags.c_contiguous:  # copied: the batch, not all
        source, every = np.array(source[every], np.uint8, order="C"), places
    if joining:
        return _joined(next(iter(first.may)), first, source, every)
    batch = np.empty((len(every), *source.shape[1:]), np.uint8)
    values = np.ascontiguousarray(first.values, np.float32)
    fill = FILLS.index(first.fill)
    moving.gather(source, every, batch, places, values, fill, nearest=masks)
    return batch


def _moves_all(one: Step) -> bool:
    return one.may == {Code.MOVE} and bool((np.asarray(one.codes) != 0).all())


def _joined(code: Code, one: Step, source: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Give the batch at `index` with its images joined in pairs."""
    batch = np.empty((len(index), *source.shape[1:]), np.uint8)
    chosen = np.asarray(one.codes) == float(code)
    values = np.ascontiguousarray(one.values, np.float32)
    JOINING[code](source, index, batch, chosen, values)
    return batch


def _of_masks(steps: Sequence[Step]) -> Iterator[Step]:
    """Give the steps outside chains, with what moves masks only."""
    in_chain = False
    for one in steps:
        in_chain = (in_chain or Code.BEGIN in one.may) and Code.BLEND not in one.may
        if not in_chain:
            yield replace(one, may=one.may & {Code.MOVE, Code.CUTMIX})
