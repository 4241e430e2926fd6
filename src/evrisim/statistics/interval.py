"""A measured value with its range."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A measured value with the range that is plausible for the true one.

    Attributes:
        value: what was measured.
        low, high: the ends of the interval.
        level: how often such intervals hold the true value, 0–1.
        method: `wilson`, `clopper-pearson`, `t`, `bootstrap-percentile`, `bootstrap-bca` or
            `fieller`; `none` for a single value, whose level is 0.
    """

    value: float
    low: float
    high: float
    level: float
    method: str
