"""How sure a measured number is: intervals, tests, power; without Keras."""

from evrisim.statistics.interval import Interval
from evrisim.statistics.paired import (
    correlation,
    half_width,
    mcnemar,
    mean_and_error,
    paired_interval,
    paired_p,
    two_sided_p,
)
from evrisim.statistics.planning import pairing_helps, pairs_needed, power, visible_effect
from evrisim.statistics.proportions import clopper_pearson, proportion_interval, wilson
from evrisim.statistics.ranking import kendall
from evrisim.statistics.resampling import bootstrap_over_images
from evrisim.statistics.several import holm, pareto_front
from evrisim.statistics.spread import Spread

__all__ = [
    "Interval",
    "Spread",
    "bootstrap_over_images",
    "clopper_pearson",
    "correlation",
    "half_width",
    "holm",
    "kendall",
    "mcnemar",
    "mean_and_error",
    "paired_interval",
    "paired_p",
    "pairing_helps",
    "pairs_needed",
    "pareto_front",
    "power",
    "proportion_interval",
    "two_sided_p",
    "visible_effect",
    "wilson",
]
