"""The verdict on the claim that max pooling keeps sharp features and average pooling smooths."""

from dataclasses import dataclass

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.pooling.keeping import Comparison

ENOUGH = 0.95
"""Share of the maps in which max must beat average for the claim to be supported."""

PEAK = 0.99
"""How much of the strongest activations max must keep."""


@dataclass(frozen=True)
class Verdict:
    """What the measurements say of a claim.

    Attributes:
        claim: its number in the ledger.
        outcome: `supported`, `refuted` or `undecided`.
        sentence: what was measured, in words and numbers.
    """

    claim: str
    outcome: str
    sentence: str


def judge(found: Comparison, measured_on: str) -> Verdict:
    """Judge claim C6, "max pooling keeps sharp features, average pooling smooths".

    It is supported if max leaves the larger differences of neighbours in at least `ENOUGH` of the
    maps and keeps their peaks (at least `PEAK`), while average makes differences and bright lines
    smaller; refuted if max leaves the larger differences in fewer than half of the maps; else
    undecided, as it is for windows of one cell.

    Args:
        found: What `compare` measured.
        measured_on: The maps in words, for the sentence.
    """
    highest, mean = found.kept["max"], found.kept["average"]
    said = {
        "supported": _("supported"),
        "refuted": _("refuted"),
        "undecided": _("undecided"),
    }
    outcome = _outcome(found)
    sentence = _(
        "C6, max pooling keeps sharp features and average pooling smooths: {outcome}. Measured on "
        "{maps}, windows of {size}, stride {stride}: in {sharper} of {count} maps neighbouring "
        "cells differ more after max than after average pooling. Against cells as far apart "
        "before, the differences are {max_edges} times as large after max, {mean_edges} times "
        "after average pooling. A bright line one cell wide keeps {max_line} of its height after "
        "max, {mean_line} after average pooling; a dark line on bright ground {max_dark} and "
        "{mean_dark}."
    ).format(
        outcome=said[outcome],
        maps=measured_on,
        size="{}×{}".format(*found.size),
        stride="{}×{}".format(*found.stride),
        sharper=numbers.whole(found.sharper),
        count=numbers.whole(found.maps),
        max_edges=numbers.decimal(highest.edges),
        mean_edges=numbers.decimal(mean.edges),
        max_line=numbers.percent(highest.line, 0),
        mean_line=numbers.percent(mean.line, 0),
        max_dark=numbers.percent(highest.dark_line, 0),
        mean_dark=numbers.percent(mean.dark_line, 0),
    )
    return Verdict("C6", outcome, sentence)


def _outcome(found: Comparison) -> str:
    highest, mean = found.kept["max"], found.kept["average"]
    if found.size == (1, 1):
        return "undecided"
    if found.sharper < found.maps / 2:
        return "refuted"
    often = found.sharper >= ENOUGH * found.maps
    keeps = highest.peak >= PEAK
    smooths = mean.edges < 1 and mean.line < 1
    return "supported" if often and keeps and smooths else "undecided"
