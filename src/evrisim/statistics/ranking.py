"""How far two rankings of the same things agree."""

import numpy as np

from evrisim._validate import InputError, check_range
from evrisim.messages import translate as _
from evrisim.statistics.interval import Interval

LEAST = 5
"""Things that must be ranked: with fewer the interval's formula has no meaning."""

_VARIANCE = 0.437


def kendall(one: np.ndarray, other: np.ndarray, *, level: float = 0.95) -> Interval:
    """Give Kendall's τ of two rankings with its interval: 1 the same, 0 none, −1 reversed.

    τ is the share of pairs that both order alike, less the share that they order differently, of
    the pairs that neither ties (τ-b). The interval is for other things of the same kind, not for
    other measurements of these: atanh τ is about normal with variance 0.437 / (count − 4).

    Args:
        one: `(count,)`, a value of each thing; only their order counts.
        other: `(count,)`, the other value of each.
        level: How often such intervals shall hold the true value, 0–1.

    Raises:
        InputError: If there are fewer than five, not as many on both sides, or if on one side all
            are equal.

    Example:
        >>> found = kendall([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6, 5])
        >>> round(found.value, 3), round(found.low, 2), round(found.high, 2)
        (0.867, 0.38, 0.98)

    Reference:
        Kendall 1938, "A new measure of rank correlation"; Fieller, Hartley and Pearson 1957,
        "Tests for rank correlation coefficients I", for the variance.
    """
    from scipy.special import ndtri
    from scipy.stats import kendalltau

    check_range("level", level, 0, 1)
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if one.shape != other.shape or one.ndim != 1 or len(one) < LEAST:
        raise InputError(
            _(
                "Two rankings of the same {least} things at least are compared; received {n}."
            ).format(least=LEAST, n=f"{one.shape}, {other.shape}")
        )
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        raise InputError(_("Things that are all equal have no order to compare."))
    tau = round(float(kendalltau(one, other).statistic), 12)
    # Of a perfect agreement the logarithm is infinite: the width is that of one pair less.
    most = 1 - 4 / (len(one) * (len(one) - 1))
    middle = np.arctanh(np.clip(tau, -most, most))
    half = ndtri((1 + level) / 2) * np.sqrt(_VARIANCE / (len(one) - 4))
    low, high = np.tanh([middle - half, middle + half])
    return Interval(tau, min(float(low), tau), max(float(high), tau), level, "fieller")
