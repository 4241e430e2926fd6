"""C28, how long training waits for data: with steps that are pauses, and with a real training step.

A pause is like a step on an accelerator: it lasts a while and leaves the processor to the preparing
of batches. A real step on the processor shares it with them.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from evrisim.messages import numbers
from evrisim.messages import translate as _

NOTHING = 0.05
"""Share of the waiting time that may be left where it is called zero."""

BATCH, SIZE, BATCHES, ROUNDS = 1024, 32, 8, 4
AHEAD = 2
LONG, SHORT = 4.0, 0.25
"""How long a pause lasts, in times that a batch takes to prepare."""

RECIPE, WIDTH, CLASSES = "demo", 32, 10
"""What the real step trains: the convnet of `evrisim demo`."""

REAL_BATCHES = 20

Values = Mapping[str, Any]


def measure() -> dict[str, float]:
    """Measure with and without prefetch: for a long and a short pause, and for a real step."""
    return {**pauses(), **real()}


def pauses() -> dict[str, float]:
    """Measure the seconds a pause of either length waits for its batch, with and without."""
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


def wait_for_batches(ahead: int, step_seconds: float) -> float:
    """Give the mean seconds a pause waits for its batch, the first batches left out.

    Batches that are prepared beside each other come together, so the waits alternate.

    Args:
        ahead: Batches prepared ahead; 0 prepares each when it is asked for.
        step_seconds: How long a pause lasts.
    """
    from evrisim.augment import policy
    from evrisim.data.batches import Place, training_batches

    batches = training_batches(
        _noise(BATCH * BATCHES), BATCH, Place(seed=0), policy("course"), ahead=ahead
    )
    return float(np.mean(_waits(batches, step_seconds)[AHEAD:]))


def _waits(batches: Iterable[Any], step_seconds: float) -> list[float]:
    coming = iter(batches)
    waits: list[float] = []
    while True:
        asked = time.perf_counter()
        if next(coming, None) is None:
            return waits
        waits.append(time.perf_counter() - asked)
        time.sleep(step_seconds)


def real() -> dict[str, float]:
    """Measure the same for a real training step, and what becomes of the images a second.

    Seconds a batch are medians over the rounds; `real_gain` is the images a second with prefetch
    relative to those without, median, lowest and highest round.
    """
    from evrisim import pipeline
    from evrisim.data.dataset import DataSet
    from evrisim.training import ModelChoice, Recipe

    recipe = Recipe.load(RECIPE)
    train = _noise(recipe.batch_size * BATCHES)
    data = DataSet("noise", train, train, train, tuple(map(str, range(CLASSES))))
    choice = ModelChoice("convnet", {"width": WIDTH})
    found = pipeline.measure(data, choice, recipe, batches=REAL_BATCHES)
    without, ahead = found.courses[0], found.courses[AHEAD]
    return {
        "real_preparing": found.preparing,
        "real_step": found.step.median,
        "real_step_ahead_0": without.waiting.median * without.seconds.median,
        "real_step_ahead_2": ahead.waiting.median * ahead.seconds.median,
        "real_waiting_ahead_0": without.waiting.median,
        "real_waiting_ahead_2": ahead.waiting.median,
        "real_gain": found.gain.median,
        "real_gain_low": found.gain.low,
        "real_gain_high": found.gain.high,
    }


def _noise(count: int) -> Any:
    """Give random images, for only the time they take counts."""
    from evrisim.data.dataset import Split

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)
    return Split(images, np.arange(count) % CLASSES)


def judge(values: Values) -> tuple[str, str]:
    """Give verdict and evidence from what `measure` found; results before the real step count."""
    left = {
        name: values[f"{name}_step_ahead_2"] / values[f"{name}_step_ahead_0"]
        for name in ("long", "short", "real")
        if f"{name}_step_ahead_0" in values
    }
    nothing = [share <= NOTHING for share in left.values()]
    verdict = "supported" if all(nothing) else "partly" if any(nothing) else "refuted"
    said = _(
        "Preparing a batch of {batch} images takes {preparing} ms. Of the waiting, prefetching "
        "leaves {long} where a training step takes four times as long, {short} where it takes a "
        "quarter as long: waiting ends only if preparing is the faster of the two."
    ).format(
        batch=numbers.whole(BATCH),
        preparing=numbers.decimal(1000 * values["preparing"], 1),
        long=numbers.percent(left["long"]),
        short=numbers.percent(left["short"]),
    )
    return verdict, f"{said} {_judged_real(values, left['real'])}" if "real" in left else said


def _judged_real(values: Values, left: float) -> str:
    return _(
        "With a real training step on the processor, {step} ms against {preparing} ms of "
        "preparing, prefetching leaves {left} of the waiting: {before} of the time before, "
        "{after} after. Images a second: {gain} times as many ({low} to {high} from round to "
        "round)."
    ).format(
        step=numbers.decimal(1000 * values["real_step"], 1),
        preparing=numbers.decimal(1000 * values["real_preparing"], 1),
        left=numbers.percent(left),
        before=numbers.percent(values["real_waiting_ahead_0"]),
        after=numbers.percent(values["real_waiting_ahead_2"]),
        gain=numbers.decimal(values["real_gain"]),
        low=numbers.decimal(values["real_gain_low"]),
        high=numbers.decimal(values["real_gain_high"]),
    )


def notes(values: Values) -> tuple[str, ...]:
    """Say what else one should know of the measurement."""
    if "real_gain" in values:
        return (
            _(
                "The long and the short step are pauses, as one on an accelerator is for the "
                "processor. The real step uses the processor itself, so preparing ahead takes "
                "time from it."
            ),
        )
    return (
        _(
            "The step is a pause, as one on an accelerator is for the processor. Where "
            "training itself uses the processor, preparing ahead takes time from it."
        ),
    )
