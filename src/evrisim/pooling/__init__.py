"""Pooling of feature maps: as Keras computes it, and what each kind keeps, measured."""

from evrisim.pooling.heads import Heads, compare_heads
from evrisim.pooling.keeping import Comparison, Kept, compare
from evrisim.pooling.pools import (
    METHODS,
    PADDINGS,
    average_pool,
    global_average,
    global_max,
    max_pool,
    subsample,
)
from evrisim.pooling.shifting import GLOBAL_METHODS, Shift, compare_shifts
from evrisim.pooling.verdict import Verdict, judge

__all__ = [
    "GLOBAL_METHODS",
    "METHODS",
    "PADDINGS",
    "Comparison",
    "Heads",
    "Kept",
    "Shift",
    "Verdict",
    "average_pool",
    "compare",
    "compare_heads",
    "compare_shifts",
    "global_average",
    "global_max",
    "judge",
    "max_pool",
    "subsample",
]
