"""Which number format to compute in, and the seeds everything starts from."""

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from evrisim import machine

LANES = 16
"""Feature maps that a processor's bfloat16 instructions take at once; other counts are slow."""

WORK = 64.0
"""MACs for each number a convolution gives, below which memory limits a net, not arithmetic."""

MOST = 0.9
"""Share of the MACs that must be of convolutions in whole lanes."""


def resolve(precision: str) -> str:
    """Turn `auto` into `bfloat16` where this machine multiplies it faster, else `float32`.

    Emulated bfloat16 is several times slower than float32, so it is never guessed. A training asks
    besides whether its net suits it (`suits_bfloat16`).
    """
    if precision != "auto":
        return precision
    return "bfloat16" if machine.has_gpu() or machine.has_fast_bfloat16() else "float32"


def suits_bfloat16(model: keras.Model) -> bool:
    """Tell whether a processor with bfloat16 trains a net faster in it than in float32.

    It does where dense convolutions from and to whole lanes of feature maps do nearly all the work,
    and enough of it for each number they give. Narrow, depthwise and grouped ones are faster in
    float32. The rule follows from the layers alone, so that a recipe means the same each time.

    Args:
        model: Of fixed image size; models within it are looked into.
    """
    whole = everything = given = 0
    for layer in model._flatten_layers(include_self=False):
        kernel = getattr(layer, "kernel", None)
        shape = getattr(getattr(layer, "output", None), "shape", None)
        if kernel is None or len(kernel.shape) != 4 or shape is None or None in shape[1:]:
            continue
        rows, columns, inputs, outputs = kernel.shape
        if inputs <= 4:
            continue  # of the image itself: hardly any work
        numbers = math.prod(shape[1:])
        # A depthwise kernel is (rows, columns, channels, multiplier): one input for each number.
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        macs = numbers * rows * columns * (1 if depthwise else inputs)
        dense = not depthwise and getattr(layer, "groups", 1) == 1
        given += numbers
        everything += macs
        whole += macs if dense and not (inputs % LANES or outputs % LANES) else 0
    return bool(given) and whole >= MOST * everything and whole >= WORK * given


@contextmanager
def policy(precision: str) -> Iterator[None]:
    """Build layers in `float32` or `bfloat16` with float32 variables; the old policy comes back."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python, NumPy and Keras for the block; Python's and NumPy's own state comes back."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
