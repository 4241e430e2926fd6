"""How many parameters a layer has, as a product or sum that a reader can follow.

A bias is written as the `+ 1` of the classroom: `(3 × 3 × 3 + 1) × 64` is a 3×3 kernel over three
channels and one bias, for each of 64 filters. Batch normalisation is `4 × C`: scale, shift, mean
and variance of each channel, of which training changes the first two.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from evrisim.cost.formulas import DEPTHWISE, SEPARABLE, TRANSPOSED

Shape = tuple[int, ...]


def formula(step: Any, weights: Sequence[Any]) -> str:
    """Write how the numbers of `weights`, a step's own, come about; empty where there are none.

    Args:
        step: The layer, whose kind says which weight is a kernel and which a bias.
        weights: Its weights without those of layers inside it.

    Example:
        >>> import keras
        >>> layer = keras.layers.Conv2D(64, 3)
        >>> layer.build((None, 32, 32, 3))
        >>> formula(layer, layer.weights)
        '(3 × 3 × 3 + 1) × 64'
    """
    shapes = [tuple(int(size) for size in weight.shape) for weight in weights]
    if isinstance(step, SEPARABLE) and len(shapes) in (2, 3):
        return f"{_times(shapes[0])} + {_text(shapes[1:])}"
    if isinstance(step, TRANSPOSED) and len(shapes) == 2:
        *kernel, filters, channels = shapes[0]
        return _with_bias((*kernel, channels), (filters,))
    if isinstance(step, DEPTHWISE) and len(shapes) == 2:
        return _with_bias(shapes[0][:-2], shapes[0][-2:])
    return _text(shapes)


def _text(shapes: Sequence[Shape]) -> str:
    if len(shapes) == 2 and len(shapes[1]) < len(shapes[0]):
        kernel, bias = shapes
        if kernel[-len(bias) :] == bias:
            return _with_bias(kernel[: -len(bias)], bias)
    terms = []
    for shape, alike in itertools.groupby(sorted(shapes, key=math.prod, reverse=True)):
        count = len(list(alike))
        terms.append(_times((count, *shape) if count > 1 else shape))
    return " + ".join(terms)


def _with_bias(leading: Shape, trailing: Shape) -> str:
    """Write `(a × b + 1) × c`; a multiplier of one is left out."""
    each = _times(trailing[:-1] if len(trailing) > 1 and trailing[-1] == 1 else trailing)
    return f"({_times(leading)} + 1) × {each}"


def _times(shape: Shape) -> str:
    return " × ".join(map(str, shape)) or "1"
