"""Lookahead: every few steps the weights go back to slow ones that follow them."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

KEPT = 0.95
"""What the slow weights keep of themselves a step, at the training's end."""


def begin(model: keras.Model) -> list[Any]:
    """Give the slow weights that a training begins with: the model's own.

    Statistics of normalisations are among them, since they belong to the weights.
    """
    return [ops.copy(one) for one in _floats(model)]


def follow(model: keras.Model, slow: Sequence[Any], *, step: int, steps: int, every: int) -> list:
    """Give the slow weights after a step; after each `every`-th the model has them too.

    They move to `(1 − kept)` of the way to the model's weights, where `kept` grows from 0 at the
    training's beginning to `0.95 ** every` at its end, as the third power of the share done.

    Args:
        model: After the step.
        slow: The slow weights before it.
        step: This one, counted from 1 over the whole training.
        steps: Of how many.
        every: Steps from one such move to the next.

    Reference:
        Zhang et al. 2019, https://arxiv.org/abs/1907.08610; Jordan 2024,
        https://arxiv.org/abs/2404.00498, for how the share grows.
    """
    if step % every:
        return list(slow)
    kept = KEPT**every * (step / steps) ** 3
    fast = _floats(model)
    moved = [kept * old + (1 - kept) * new for old, new in zip(slow, fast, strict=True)]
    put(model, moved)
    return moved


def put(model: keras.Model, values: Sequence[Any]) -> None:
    """Give a model slow weights, each a copy: JAX reuses the memory of a model's at each step."""
    for variable, value in zip(_floats(model), values, strict=True):
        variable.assign(ops.copy(value))


def _floats(model: keras.Model) -> list[Any]:
    """Give the weights that are numbers to be averaged; states of chance are none."""
    return [one for one in model.weights if keras.backend.is_float_dtype(one.dtype)]
