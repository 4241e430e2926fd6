"""What another draw of test images could have given: the bootstrap."""

import numpy as np

from evrisim._validate import check_choice, check_range, check_whole
from evrisim.statistics.interval import Interval

METHODS = ("percentile", "bca")
RESAMPLES = 10_000
DRAWS_AT_ONCE = 2_000_000


def bootstrap_over_images(
    differences: np.ndarray,
    *,
    level: float = 0.95,
    method: str = "bca",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Give the mean over seeds and images with an interval over other draws of the images.

    The trained models are held fixed: the interval says what the choice of test images leaves
    open, not what other seeds would have given. An image keeps its values of all seeds.

    A resampled mean depends only on how often each distinct value is drawn, so the counts of the
    values are drawn (multinomial) and not the images: the same distribution, in a moment.

    Args:
        differences: `(seeds, images)`, say 1 where only the arm was right, −1 where only the
            other side was, 0 elsewhere.
        level: How often such intervals shall hold the true value, 0–1.
        method: `percentile`, or `bca`, which corrects for bias and skewness.
        resamples: How many draws.
        seed: Of the draws.

    Raises:
        InputError: If `level`, `method` or `resamples` is out of range.

    Reference:
        Efron 1987, "Better bootstrap confidence intervals".
    """
    check_range("level", level, 0, 1)
    check_choice("method", method, METHODS)
    check_whole("resamples", resamples, 1)
    images = np.asarray(differences, dtype=np.float64).mean(axis=0)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    # Sums of the same values in another order are the same value.
    values, counts = np.unique(images.round(12), return_counts=True)
    means = _resampled(values, counts, resamples, np.random.default_rng(seed))
    if method == "bca":
        tails = _corrected(tails, means, values, counts)
    low, high = np.quantile(means, tails)
    return Interval(float(images.mean()), float(low), float(high), level, f"bootstrap-{method}")


def _resampled(
    values: np.ndarray, counts: np.ndarray, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw means of as many images, with replacement: `(resamples,)`."""
    total = counts.sum()
    at_once = max(1, DRAWS_AT_ONCE // len(values))
    sizes = [min(at_once, resamples - start) for start in range(0, resamples, at_once)]
    drawn = [rng.multinomial(total, counts / total, size=size) @ values for size in sizes]
    return np.concatenate(drawn) / total


def _corrected(
    tails: np.ndarray, means: np.ndarray, values: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Move the tails for the bias and the acceleration of the mean (Efron's equation 2.3)."""
    from scipy.special import ndtr, ndtri

    total = counts.sum()
    centre = counts @ values / total
    squares = counts @ (values - centre) ** 2
    if squares == 0:
        return tails
    # Half of the ties count as below; within the open range, or the normal score is infinite.
    below = ((means < centre).mean() + (means <= centre).mean()) / 2
    bias = ndtri(np.clip(below, 0.5 / len(means), 1 - 0.5 / len(means)))
    # The jackknife's formula, which for a mean is a sixth of the skewness over the root of n.
    acceleration = counts @ (values - centre) ** 3 / (6 * squares**1.5)
    score = bias + ndtri(tails)
    return ndtr(bias + score / (1 - acceleration * score))
