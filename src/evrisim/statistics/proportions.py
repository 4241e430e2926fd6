"""How sure a share is: so many of so many."""

import numpy as np

from evrisim._validate import InputError, check_range
from evrisim.messages import translate as _
from evrisim.statistics.interval import Interval

TINY = 10


def proportion_interval(successes: int, count: int, *, level: float = 0.95) -> Interval:
    """Give the interval of a share: Wilson's, or the exact one for fewer than 10 cases.

    Example:
        >>> found = proportion_interval(180, 200)
        >>> round(found.low, 3), round(found.high, 3)
        (0.851, 0.934)
    """
    interval = clopper_pearson if count < TINY else wilson
    return interval(successes, count, level=level)


def wilson(successes: int, count: int, *, level: float = 0.95) -> Interval:
    """Give the score interval of a share: close to its stated level for all but the tiniest counts.

    Raises:
        InputError: If `successes` is not within 0 … `count`, `count` is 0, or `level` is not
            within 0–1.

    Reference:
        Wilson 1927, "Probable inference, the law of succession, and statistical inference";
        recommended by Brown, Cai and DasGupta 2001, "Interval estimation for a binomial
        proportion".
    """
    from scipy.special import ndtri

    _check_counts(successes, count, level)
    share, z = successes / count, float(ndtri((1 + level) / 2))
    shrink = 1 + z**2 / count
    centre = (share + z**2 / (2 * count)) / shrink
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / shrink
    low = 0.0 if successes == 0 else float(centre - half)
    high = 1.0 if successes == count else float(centre + half)
    return Interval(share, low, high, level, "wilson")


def clopper_pearson(successes: int, count: int, *, level: float = 0.95) -> Interval:
    """Give the exact interval of a share: never too narrow, and so wider than needed.

    Raises:
        InputError: As `wilson`.

    Reference:
        Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the
        case of the binomial".
    """
    from scipy.special import betaincinv

    _check_counts(successes, count, level)
    tail, failures = (1 - level) / 2, count - successes
    low = float(betaincinv(successes, failures + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, failures, 1 - tail)) if failures else 1.0
    return Interval(successes / count, low, high, level, "clopper-pearson")


def _check_counts(successes: int, count: int, level: float) -> None:
    if count < 1:
        raise InputError(
            _("A share needs at least one case; received {count}.").format(count=count)
        )
    check_range("successes", successes, 0, count)
    check_range("level", level, 0, 1)
