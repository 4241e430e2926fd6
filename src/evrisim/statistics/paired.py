"""What differences of pairs say: their mean with its t interval, p-values, McNemar, correlation."""

import numpy as np

from evrisim._validate import InputError, check_range, check_whole
from evrisim.messages import translate as _
from evrisim.statistics.interval import Interval

ROUNDING = 1e-12
"""Differences that lie closer together than this part of the largest are taken as all equal."""


def mean_and_error(
    differences: np.ndarray, *, resolution: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Give the mean of the differences of pairs and the standard error of that mean.

    Args:
        differences: `(..., pairs)`, at least two pairs.
        resolution: The smallest difference that could be measured; the standard deviation is not
            believed to be smaller. Counts of few images can agree by luck, and a spread of zero
            would then make any statement certain.

    Returns:
        Two arrays `(...)`: mean, and standard deviation over the root of the number of pairs.

    Raises:
        InputError: If there are fewer than two pairs.

    Example:
        >>> mean, error = mean_and_error([0.01, 0.02, 0.03])
        >>> round(float(mean), 4), round(float(error), 4)
        (0.02, 0.0058)
    """
    differences = np.asarray(differences, dtype=np.float64)
    pairs = differences.shape[-1]
    if pairs < 2:
        raise InputError(
            _("A spread needs at least two pairs; received {count}.").format(count=pairs)
        )
    spread = differences.std(axis=-1, ddof=1)
    alike = np.ptp(differences, axis=-1) <= ROUNDING * np.abs(differences).max(axis=-1)
    spread = np.maximum(np.where(alike, 0.0, spread), resolution)
    return differences.mean(axis=-1), spread / np.sqrt(pairs)


def two_sided_p(distance: np.ndarray | float, error: np.ndarray | float, pairs: int) -> np.ndarray:
    """Give Student's two-sided p-value of a mean so far from the value it is tested against.

    It is also the smallest `alpha` whose (1 − alpha) interval leaves that value out. With an error
    of zero the p-value is 0 for any distance, and 1 for none.

    Args:
        distance: `(...)`, of the mean from the tested value, either sign.
        error: `(...)`, standard error of the mean.
        pairs: How many pairs the mean is of.
    """
    from scipy.stats import t

    distance, error = np.broadcast_arrays(np.abs(distance), error)
    steps = np.full(distance.shape, np.inf)
    np.divide(distance, error, out=steps, where=error > 0)
    return np.where((error == 0) & (distance == 0), 1.0, 2 * t.sf(steps, pairs - 1))


def half_width(error: np.ndarray | float, pairs: int, *, level: float = 0.95) -> np.ndarray:
    """Give how far the t interval reaches to either side of a mean.

    Args:
        error: `(...)`, standard error of the mean.
        pairs: How many pairs the mean is of.
        level: How often such intervals hold the true mean; below 1.
    """
    from scipy.special import stdtrit

    return np.asarray(error) * stdtrit(pairs - 1, (1 + level) / 2)


def paired_p(differences: np.ndarray, *, resolution: float = 0.0) -> np.ndarray:
    """Give the two-sided p-value of "no difference" by the paired t-test, over the last axis.

    If all differences are equal and `resolution` is 0, it is 0, or 1 where they are 0.

    Raises:
        InputError: As `mean_and_error`.

    Example:
        >>> round(float(paired_p([0.01, 0.02, 0.03])), 3)
        0.074
    """
    mean, error = mean_and_error(differences, resolution=resolution)
    return two_sided_p(mean, error, np.shape(differences)[-1])


def paired_interval(
    differences: np.ndarray, *, level: float = 0.95, resolution: float = 0.0
) -> Interval:
    """Give the mean of the differences of pairs, `(pairs,)`, with its t interval.

    Of 100 such intervals about `level` hold the true mean, if the differences are roughly normal.
    If all differences are equal and `resolution` is 0, the interval has no width.

    Raises:
        InputError: As `mean_and_error`, or if `level` is not within 0–1.

    Example:
        >>> found = paired_interval([0.01, 0.02, 0.03])
        >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
        (0.02, -0.005, 0.045)

    Reference:
        Student 1908, "The probable error of a mean".
    """
    check_range("level", level, 0, 1)
    mean, error = map(float, mean_and_error(differences, resolution=resolution))
    half = float(half_width(error, len(differences), level=level))
    return Interval(mean, mean - half, mean + half, level, "t")


def mcnemar(only_first: int, only_second: int) -> float:
    """Give the exact two-sided p-value that two models are right equally often.

    Only images count that exactly one of them gets right: under no difference, each side gets
    such an image with the chance of a coin. Without such images the p-value is 1.

    Raises:
        InputError: If a count is not a whole number of at least 0.

    Example:
        >>> round(mcnemar(15, 5), 4)
        0.0414

    Reference:
        McNemar 1947, "Note on the sampling error of the difference between correlated proportions
        or percentages".
    """
    from scipy.special import bdtr

    first = check_whole("only_first", only_first, 0)
    second = check_whole("only_second", only_second, 0)
    return min(1.0, 2 * float(bdtr(min(first, second), first + second, 0.5)))


def correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Give Pearson's correlation of pairs; None for fewer than three or a side without spread.

    Example:
        >>> round(correlation([0.8, 0.82, 0.81], [0.7, 0.74, 0.72]), 6)
        1.0
    """
    sides = np.asarray([first, second], dtype=np.float64)
    if sides.shape[1] < 3:
        return None
    apart = sides - sides.mean(axis=1, keepdims=True)
    if (np.ptp(sides, axis=1) <= ROUNDING * np.abs(sides).max(axis=1)).any():
        return None
    product = float(apart[0] @ apart[1]) / float(np.sqrt((apart**2).sum(axis=1).prod()))
    return min(1.0, max(-1.0, product))
