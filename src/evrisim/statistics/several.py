"""Several results at once: p-values that account for each other, the Pareto front."""

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p-values for there being several, by Holm's step-down procedure.

    The smallest is multiplied by how many there are, the next by one less, and so on; none comes
    out below one before it, and none above 1. Calling those at most `alpha` real errs anywhere
    in the family with a chance of at most `alpha`, however the tests depend on each other.

    Args:
        p: `(..., tests)`; families stand side by side along the leading axes.

    Returns:
        As `p`, at least as large.

    Example:
        >>> holm([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.06, 0.06]

    Reference:
        Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, axis=-1)
    left = np.arange(p.shape[-1], 0, -1)
    stepped = np.maximum.accumulate(np.take_along_axis(p, order, axis=-1) * left, axis=-1)
    corrected = np.empty_like(p)
    np.put_along_axis(corrected, order, np.minimum(stepped, 1.0), axis=-1)
    return corrected


def pareto_front(gains: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Say of each variant whether no other has at least its gain at no more cost.

    Of two with the same gain and the same cost, both stand on the front.

    Args:
        gains: `(variants,)`, more is better.
        costs: `(variants,)`, less is better.

    Returns:
        `(variants,)` bool.

    Example:
        >>> pareto_front([0.9, 0.8, 0.85], [10, 5, 20]).tolist()
        [True, True, False]
    """
    gains, costs = np.asarray(gains), np.asarray(costs)
    as_good = (gains[:, None] >= gains) & (costs[:, None] <= costs)
    better = (gains[:, None] > gains) | (costs[:, None] < costs)
    return np.logical_not(np.any(as_good & better, axis=0))
