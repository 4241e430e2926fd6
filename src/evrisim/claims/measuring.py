"""Claims settled by measuring: accuracy (C27), waiting (C28), Grad-CAM (C29) and more."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from evrisim.claims import augmenting, deep, fine_tuning, pointing, sentences, waiting
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.statistics import proportion_interval

TARGET = 0.85
"""Top-1 that C27 claims."""

FEWEST = 3
"""Seeds from which on C27 is decided."""

Values = Mapping[str, Any]


def judge_accuracy(values: Values) -> tuple[str, str]:
    """Give verdict and evidence of C27 from the test top-1 of its seeds."""
    from scipy import stats

    top1 = np.asarray(values["top1"], float)
    text = (
        _("{mean} of {count} test images right with one seed")
        if len(top1) == 1
        else _("{mean} of {count} test images right, mean of {seeds} seeds")
    )
    said = text.format(
        mean=numbers.percent(float(top1.mean())),
        count=numbers.whole(values["test_images"]),
        seeds=len(top1),
    )
    if len(top1) < FEWEST:
        return "undecided", _("{said}; a verdict needs at least {fewest} seeds.").format(
            said=said, fewest=FEWEST
        )
    half = float(stats.t.ppf(0.975, len(top1) - 1) * top1.std(ddof=1) / np.sqrt(len(top1)))
    low, high = float(top1.mean()) - half, float(top1.mean()) + half
    verdict = "supported" if low >= TARGET else "refuted" if high < TARGET else "undecided"
    return verdict, _("{said}; 95 % interval {interval}.").format(
        said=said, interval=numbers.percent_range(low, high)
    )


def judge_pointing(values: Values) -> tuple[str, str]:
    """Give verdict and evidence of C29 from the pointing game."""
    count, chance = round(values["count"]), values["chance"]
    found = proportion_interval(round(values["pointing_game"] * count), count)
    verdict = (
        "supported" if found.low > chance else "refuted" if found.high < chance else "undecided"
    )
    said = _(
        "The hottest point lies on the object in {share} of {count} images (95 % interval "
        "{interval}); by chance it would in {chance}."
    ).format(
        share=numbers.percent(values["pointing_game"]),
        count=numbers.whole(count),
        interval=numbers.percent_range(found.low, found.high),
        chance=numbers.percent(chance),
    )
    return verdict, f"{said} {pointing.told(values)}".strip()


RULES: dict[str, Callable[[Values], tuple[str, str]]] = {
    "C9": augmenting.judge_gap,
    "C12": augmenting.judge_validation,
    "C13": deep.judge_vanishing,
    "C15": deep.judge_version_2,
    "C20": fine_tuning.judge_rates,
    "C21": fine_tuning.judge_by_images,
    "C27": judge_accuracy,
    "C28": waiting.judge,
    "C29": judge_pointing,
}
"""From a claim's measured values to its verdict and evidence."""


def notes(claim: str, values: Values) -> tuple[str, ...]:
    """Say what else one should know of a measurement."""
    if not values.get("official", 1):
        return (sentences.reencoded("cifar10"),)
    if claim == "C28":
        return waiting.notes(values)
    if claim == "C29":
        return (
            _(
                "The object's place is known exactly on drawn shapes. That a map is on the object "
                "more often than chance does not show that nothing else counted."
            ),
        )
    return ()
