"""How many pairs it takes: power of the paired t-test, by the noncentral t distribution."""

import numpy as np

from evrisim._validate import check_range, check_whole

POWER = 0.8
MOST_PAIRS = 1000


def power(
    distance: float, spread: float, pairs: np.ndarray | int, *, alpha: float = 0.05
) -> np.ndarray:
    """Give the chance that the interval of the mean leaves out a value so far from the true mean.

    Counted is only leaving it out on the right side. Without spread it is certain, or impossible
    at a distance of 0.

    Args:
        distance: Of the value from the true mean, either sign.
        spread: Standard deviation of the differences.
        pairs: `(...)`, at least 2.
        alpha: The interval's level is 1 − alpha; 0–1.

    Returns:
        `(...)` float64.

    Example:
        >>> round(float(power(0.01, 0.01, 10)), 3)
        0.803
    """
    from scipy.stats import nct, t

    check_range("alpha", alpha, 0, 1)
    pairs = np.asarray(pairs)
    if spread == 0:
        return np.full(pairs.shape, float(distance != 0))
    freedom = pairs - 1
    shift = abs(distance) / spread * np.sqrt(pairs)
    return nct.sf(t.isf(alpha / 2, freedom), freedom, shift)


def visible_effect(
    spread: float, pairs: int, *, alpha: float = 0.05, chance: float = POWER
) -> float:
    """Give the smallest true mean whose interval leaves out 0 with a chance of `chance`.

    Args:
        spread: Standard deviation of the differences.
        pairs: At least 2.
        alpha: The interval's level is 1 − alpha.
        chance: Above `alpha`, below 1.

    Example:
        >>> round(visible_effect(0.01, 6), 4)
        0.0143
    """
    from scipy.optimize import brentq

    check_whole("pairs", pairs, 2)
    if spread == 0:
        return 0.0
    most = 1.0
    while power(most, 1.0, pairs, alpha=alpha) < chance:
        most *= 2
    return spread * float(brentq(lambda d: power(d, 1.0, pairs, alpha=alpha) - chance, 0, most))


def pairs_needed(
    distances: tuple[float, ...], spread: float, *, alpha: float = 0.05, chance: float = POWER
) -> int | None:
    """Give how many pairs it takes to leave out values so far from the true mean, all of them.

    For one value it is exact. For several, the chance that all are left out is taken as 1 less
    the chances of failing at each, which is at most the true chance and close to it where it is
    high.

    Args:
        distances: Of the values from the true mean, either sign.
        spread: Standard deviation of the differences.
        alpha: The interval's level is 1 − alpha.
        chance: With which all shall be left out.

    Returns:
        The smallest number of at least 2; None if more than `MOST_PAIRS` would be needed.

    Example:
        >>> pairs_needed((0.01,), 0.01), pairs_needed((0.0001,), 0.01)
        (10, None)
    """
    pairs = np.arange(2, MOST_PAIRS + 1)
    failing = sum(1 - power(one, spread, pairs, alpha=alpha) for one in distances)
    enough = np.flatnonzero(1 - failing >= chance)
    return int(pairs[enough[0]]) if len(enough) else None


def pairing_helps(correlation: float, pairs: int) -> bool:
    """Say whether pairs with this correlation give a narrower interval than unpaired samples.

    Taking differences removes what both sides share, but leaves half the degrees of freedom. With
    equal spreads on both sides it pays if the root of (1 − correlation) is less than the ratio of
    the two values of Student's t; with 6 pairs that is a correlation above 0.25.

    Args:
        correlation: Of the two sides, −1 to 1.
        pairs: At least 2.

    Example:
        >>> pairing_helps(0.3, 6), pairing_helps(0.2, 6), pairing_helps(0.3, 3)
        (True, False, False)
    """
    from scipy.special import stdtrit

    check_whole("pairs", pairs, 2)
    unpaired, paired = stdtrit(2 * (pairs - 1), 0.975), stdtrit(pairs - 1, 0.975)
    return bool((1 - correlation) ** 0.5 < unpaired / paired)
