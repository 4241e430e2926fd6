"""C13 and C15: gradients by layer in deep nets, without shortcuts, with them, and of version 2."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from evrisim.claims.intervals import interval, said
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.statistics import Interval

DATA, SEEDS, STEPS = "cifar10", 5, 100
DEPTHS = {"C13": 110, "C15": 56}
"""Layers with weights; C13 speaks of 100 and more."""

NETS = {"C13": ("plain", "resnet"), "C15": ("resnet", "preact_resnet")}
"""The nets that a claim compares, the one it speaks against first."""

LOST = 0.1
"""A gradient is lost if in the first third of the layers it is under this part of the last's."""

Values = Mapping[str, Any]


def command(claim: str) -> str:
    """Give what shows the same again."""
    nets = ",".join(NETS[claim])
    plan = f"--depths {DEPTHS[claim]} --steps {STEPS} --seeds {SEEDS}"
    return f"evrisim depth {DATA} --nets {nets} {plan}"


def measure(claim: str, split: Any, num_classes: int) -> dict[str, tuple[float, ...]]:
    """Watch both nets of a claim in training, and give what is judged, by seed.

    Args:
        claim: One of `NETS`.
        split: Training images.
        num_classes: Number of logits.
    """
    from evrisim import depth

    plan = depth.Plan(nets=NETS[claim], depths=(DEPTHS[claim],), steps=STEPS, seeds=SEEDS)
    cases = depth.survey(split, num_classes, plan)
    found: dict[str, tuple[float, ...]] = {}
    for net in NETS[claim]:
        same = [case for case in cases if case.net == net]
        ends = [case.end for case in same if case.end is not None]
        found[f"reach_start_{net}"] = tuple(case.start.reach for case in same)
        found[f"reach_{net}"] = tuple(end.reach for end in ends)
        found[f"agreement_start_{net}"] = tuple(case.start.early_agreement for case in same)
        found[f"agreement_{net}"] = tuple(end.early_agreement for end in ends)
        found[f"unrest_{net}"] = tuple(case.unrest for case in same)
    return found


def judge_vanishing(values: Values) -> tuple[str, str]:
    """Give verdict and evidence of C13: does the gradient die out without shortcuts.

    Judged is its norm after some training; whether batches agree on it is told beside. Whether
    deep nets train is for the study.
    """
    without, with_ = NETS["C13"]
    reach = interval(_logarithms(values[f"reach_{without}"]))
    gained = _difference(values, f"agreement_{with_}", f"agreement_{without}")
    lost = float(np.log(LOST))
    if reach is None:
        verdict = "undecided"
    elif reach.high < lost:
        verdict = "supported"
    else:
        verdict = "refuted" if reach.low >= lost else "undecided"
    return verdict, _(
        "At {depth} layers, with batch normalisation, the gradient in the first third of a plain "
        "net is {start} times that in the last third before training and {end} times after {steps} "
        "steps (with shortcuts {residual_start} and {residual_end}). The gradients of two batches "
        "agree there, after training, by a cosine of {plain} without and {residual} with "
        "shortcuts: {gained} more."
    ).format(
        depth=DEPTHS["C13"],
        steps=STEPS,
        start=_ratio(values[f"reach_start_{without}"]),
        end=_ratio(values[f"reach_{without}"]),
        residual_start=_ratio(values[f"reach_start_{with_}"]),
        residual_end=_ratio(values[f"reach_{with_}"]),
        plain=_mean(values[f"agreement_{without}"]),
        residual=_mean(values[f"agreement_{with_}"]),
        gained=said(gained),
    )


def judge_version_2(values: Values) -> tuple[str, str]:
    """Give verdict and evidence of C15: are steps steadier, and do gradients agree more."""
    first, second = NETS["C15"]
    unrest = _difference(values, f"unrest_{second}", f"unrest_{first}")
    gained = _difference(values, f"agreement_{second}", f"agreement_{first}")
    if unrest is None or gained is None:
        verdict = "undecided"
    else:
        steadier, cleaner = unrest.high < 0, gained.low > 0
        worse = (unrest.low > 0, gained.high < 0)
        if steadier and cleaner:
            verdict = "supported"
        elif steadier or cleaner:
            verdict = "partly"
        else:
            verdict = "refuted" if any(worse) else "undecided"
    return verdict, _(
        "At {depth} layers the norm of the gradient varies from step to step by {first} of its "
        "mean with version 1 and by {second} with version 2 (difference {unrest}). The gradients "
        "of two batches agree in the first third of the layers by a cosine of {agree_first} and "
        "{agree_second} (difference {gained})."
    ).format(
        depth=DEPTHS["C15"],
        first=numbers.percent(float(np.mean(values[f"unrest_{first}"])), 0),
        second=numbers.percent(float(np.mean(values[f"unrest_{second}"])), 0),
        unrest=said(unrest),
        agree_first=_mean(values[f"agreement_{first}"]),
        agree_second=_mean(values[f"agreement_{second}"]),
        gained=said(gained),
    )


def _difference(values: Values, one: str, other: str) -> Interval | None:
    """Give the interval of the paired difference; None if a training of either did not last."""
    if len(values[one]) != len(values[other]):
        return None
    return interval(np.subtract(values[one], values[other]))


def _ratio(values: Any) -> str:
    mean = float(np.exp(_logarithms(values).mean()))
    return numbers.whole(round(mean)) if mean >= 10 else numbers.general(mean, 2)


def _logarithms(values: Any) -> np.ndarray:
    """Give logarithms; −∞ where nothing at all arrives."""
    with np.errstate(divide="ignore"):
        return np.log(values)


def _mean(values: Any) -> str:
    return numbers.decimal(float(np.mean(values)))
