"""Building blocks: functions from tensor to tensor, in plain Keras layers with readable names.

All have one signature, `block(x, filters, *, name, strides, style)`, so that a study changes one
word.
"""

from collections.abc import Callable

from evrisim.blocks.dense import dense, transition
from evrisim.blocks.modern import convnext
from evrisim.blocks.parts import Tensor, conv, depthwise, detect, norm
from evrisim.blocks.plain import plain, plain_pair
from evrisim.blocks.residual import (
    basic,
    bottleneck,
    preactivation,
    preactivation_bottleneck,
    resnext,
)
from evrisim.blocks.separable import inverted, separable
from evrisim.blocks.style import (
    ACTIVATIONS,
    CONDENSE,
    NORM_MOMENTUM,
    NORMS,
    SHORTCUTS,
    STRIDE_AT,
    Style,
)

BLOCKS: dict[str, Callable[..., Tensor]] = {
    "plain": plain,
    "plain-pair": plain_pair,
    "basic": basic,
    "bottleneck": bottleneck,
    "resnext": resnext,
    "preactivation": preactivation,
    "preactivation-bottleneck": preactivation_bottleneck,
    "separable": separable,
    "inverted": inverted,
    "convnext": convnext,
    "dense": dense,
}

__all__ = [
    "ACTIVATIONS",
    "BLOCKS",
    "CONDENSE",
    "NORMS",
    "NORM_MOMENTUM",
    "SHORTCUTS",
    "STRIDE_AT",
    "Style",
    "Tensor",
    "basic",
    "bottleneck",
    "conv",
    "convnext",
    "dense",
    "depthwise",
    "detect",
    "inverted",
    "norm",
    "plain",
    "plain_pair",
    "preactivation",
    "preactivation_bottleneck",
    "resnext",
    "separable",
    "transition",
]
