"""The rule of the verdict, on plain arrays: from means and their errors to a decision.

A claim is a region of the true difference. It is *supported* if the whole interval lies inside the
region, *refuted* if none of it does, else *undecided*. Everything here works along the last axis,
so that a simulation of many studies runs the very code that judges one.
"""

import numpy as np

from evrisim.statistics import holm, two_sided_p

ALPHA = 0.05
"""The chance of a wrong verdict that is accepted, over all claims of a study together."""

Region = tuple[float, float]
Numbers = np.ndarray | float


def to_the_nearest_edge(mean: Numbers, region: Region) -> np.ndarray:
    """Give how far each mean is from the nearest edge of the region, on either side of it."""
    edges = [edge for edge in region if np.isfinite(edge)]
    return np.min([np.abs(np.asarray(mean) - edge) for edge in edges], axis=0)


def deciding_level(mean: Numbers, error: Numbers, pairs: int, region: Region) -> np.ndarray:
    """Give the smallest alpha at which the (1 − alpha) t interval decides a claim, either way.

    The interval grows evenly to both sides of the mean as alpha falls. It stops deciding when it
    reaches the nearest edge of the region, from within (it supported) or from without (it
    refuted). So that edge's two-sided p-value is the level.

    Args:
        mean: `(...)`, mean difference.
        error: `(...)`, standard error of that mean.
        pairs: How many pairs the mean is of.
        region: As `Claim.region`.
    """
    return two_sided_p(to_the_nearest_edge(mean, region), error, pairs)


def corrected(levels: np.ndarray) -> np.ndarray:
    """Correct the deciding levels of the claims of a study, `(..., claims)`, for being several.

    It is Holm's procedure, with a direction read off each rejection. A wrong verdict means to
    have taken the wrong side of an edge, and each comparison has only one wrong side: its
    two-sided level is twice the chance of that. That stepping down keeps the chance of any wrong
    direction below alpha was shown for independent statistics; those of arms that share a base
    are not, and `tests/test_study_simulation.py` measures them. For one or two claims it holds
    whatever the dependence: a wrong verdict needs a one-sided p-value of at most alpha / 2.

    Reference:
        Shaffer 1980, "Control of directional errors with stagewise multiple test procedures";
        for t statistics Finner 1999, "Stepwise multiple test procedures and control of
        directional errors".
    """
    return holm(levels)


def verdicts(mean: Numbers, levels: Numbers, region: Region) -> np.ndarray:
    """Give `supported`, `refuted` or `undecided` for each mean and its corrected level."""
    inside = (region[0] <= np.asarray(mean)) & (np.asarray(mean) <= region[1])
    sides = np.where(inside, "supported", "refuted")
    return np.where(np.asarray(levels) <= ALPHA, sides, "undecided")
