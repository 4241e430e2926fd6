"""Claims settled by measuring one thing: waiting for data (C28), accuracy (C27), Grad-CAM (C29)."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from evrisim.claims import augmenting, sentences
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.statistics import proportion_interval

TARGET = 0.85
"""Top-1 that C27 claims."""

FEWEST = 3
"""Seeds from which on C27 is decided."""

NOTHING = 0.05
"""Share of the waiting time that may be left where it is called zero (C28)."""

BATCH, SIZE, BATCHES, ROUNDS = 1024, 32, 8, 4
AHEAD = 2
LONG, SHORT = 4.0, 0.5
"""How long a training step lasts, in times that a batch takes to prepare."""

Values = Mapping[str, Any]


def wait_for_batches(ahead: int, step_seconds: float) -> float:
    """Give the median seconds a training step waits for its batch, the first batch left out.

    The step is a pause: like a step on an accelerator it lasts a while and leaves the processor
    to the preparing of batches.

    Args:
        ahead: Batches prepared ahead; 0 prepares each when it is asked for.
        step_seconds: How long a step lasts.
    """
    from evrisim.augment import policy
    from evrisim.data.batches import training_batches
    from evrisim.data.dataset import Split

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (BATCH * BATCHES, SIZE, SIZE, 3), np.uint8)
    split = Split(images, np.zeros(len(images), np.int64))
    batches = training_batches(
        split, BATCH, seed=0, epoch=0, augmentation=policy("standard"), ahead=ahead
    )
    return float(np.median(_waits(batches, step_seconds)[1:]))


def _waits(batches: Iterable[Any], step_seconds: float) -> list[float]:
    coming = iter(batches)
    waits: list[float] = []
    while True:
        asked = time.perf_counter()
        if next(coming, None) is None:
            return waits
        waits.append(time.perf_counter() - asked)
        time.sleep(step_seconds)


def waiting() -> dict[str, float]:
    """Measure for C28: waiting with and without prefetch, for a long and for a short step."""
    prepared = min(wait_for_batches(0, 0.0) for _round in range(ROUNDS))
    cases = {
        f"{name}_step_ahead_{ahead}": (ahead, factor * prepared)
        for name, factor in (("long", LONG), ("short", SHORT))
        for ahead in (0, AHEAD)
    }
    # In turn, and the best round counts: whatever else the machine does only adds to waiting.
    rounds = [
        {name: wait_for_batches(*case) for name, case in cases.items()} for _round in range(ROUNDS)
    ]
    return {"preparing": prepared, **{name: min(one[name] for one in rounds) for name in cases}}


def judge_waiting(values: Values) -> tuple[str, str]:
    """Give verdict and evidence of C28 from what `waiting` measured."""
    left = {
        name: values[f"{name}_step_ahead_2"] / values[f"{name}_step_ahead_0"]
        for name in ("long", "short")
    }
    nothing = {name: share <= NOTHING for name, share in left.items()}
    verdict = "supported" if all(nothing.values()) else "partly" if any(nothing.values()) else None
    return verdict or "refuted", _(
        "Preparing a batch of {batch} images takes {preparing} ms. Of the waiting, prefetching "
        "leaves {long} where a training step takes four times as long, {short} where it takes half "
        "as long: waiting ends only if preparing is the faster of the two."
    ).format(
        batch=numbers.whole(BATCH),
        preparing=numbers.decimal(1000 * values["preparing"], 1),
        long=numbers.percent(left["long"]),
        short=numbers.percent(left["short"]),
    )


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
    return verdict, _(
        "The hottest point lies on the object in {share} of {count} images (95 % interval "
        "{interval}); by chance it would in {chance}."
    ).format(
        share=numbers.percent(values["pointing_game"]),
        count=numbers.whole(count),
        interval=numbers.percent_range(found.low, found.high),
        chance=numbers.percent(chance),
    )


RULES: dict[str, Callable[[Values], tuple[str, str]]] = {
    "C9": augmenting.judge_gap,
    "C12": augmenting.judge_validation,
    "C27": judge_accuracy,
    "C28": judge_waiting,
    "C29": judge_pointing,
}
"""From a claim's measured values to its verdict and evidence."""


def notes(claim: str, values: Values) -> tuple[str, ...]:
    """Say what else one should know of a measurement."""
    if claim == "C27" and not values.get("official", 1):
        return (sentences.reencoded("cifar10"),)
    if claim in ("C9", "C12") and not values.get("official", 1):
        return (sentences.reencoded("cifar10"),)
    if claim == "C28":
        return (
            _(
                "The step is a pause, as one on an accelerator is for the processor. Where "
                "training itself uses the processor, preparing ahead takes time from it."
            ),
        )
    if claim == "C29":
        return (
            _(
                "The object's place is known exactly on drawn shapes. That a map is on the object "
                "more often than chance does not show that nothing else counted."
            ),
        )
    return ()
