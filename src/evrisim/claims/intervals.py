"""Intervals over seeds, and how they are said in the evidence for a verdict."""

from typing import Any

import numpy as np

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.statistics import Interval, paired_interval


def interval(values: Any) -> Interval | None:
    """Give the 95 % interval of a mean over seeds; None for one seed, or one that did not last."""
    if len(values) < 2 or not np.isfinite(values).all():
        return None
    return paired_interval(values)


def said(found: Interval | None) -> str:
    """Say a mean with its interval, as plain numbers."""
    if found is None:
        return numbers.decimal(None)
    ends = (numbers.decimal(end) for end in (found.value, found.low, found.high))
    return _with_ends(*ends)


def said_in_points(found: Interval | None) -> str:
    """Say a mean difference of shares with its interval, in percentage points."""
    if found is None:
        return numbers.decimal(None)
    low, high = (numbers.decimal(100 * end, 1) for end in (found.low, found.high))
    return _with_ends(numbers.points(found.value, 1), low, high)


def _with_ends(mean: str, low: str, high: str) -> str:
    return _("{mean} (95 % interval {low} to {high})").format(mean=mean, low=low, high=high)
