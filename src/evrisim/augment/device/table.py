"""Columns of a draw's table, as tensors that spread over the pixels of their images."""

from typing import Any

from keras import ops


def column(values: Any, number: int, rank: int = 4) -> Any:
    """Give a column of `(count, 8)` as `(count, 1, …)` of a rank.

    By reshaping: TensorFlow's optimiser loses new axes that are indexed into a stack's slice.
    """
    return ops.reshape(values[:, number], (-1, *[1] * (rank - 1)))
