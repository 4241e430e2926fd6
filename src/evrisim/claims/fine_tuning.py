"""C20 and C21: what the learning rate forgets, and how much to open with so many images."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from evrisim._validate import InputError
from evrisim.claims.intervals import interval, said_in_points
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.statistics import Interval

if TYPE_CHECKING:
    from evrisim.forgetting import Record
    from evrisim.study.record import StudyRun

LOST = 0.5
"""Forgetting is catastrophic if it takes this part of what was known above chance."""

SAFE = 0.1
"""Of the rate a net was trained at: from here down a fine-tuning forgets little, says C20."""

RULED = {300: "head", 3000: "part", 10_500: "all"}
"""Training images in the study of C21, and what the course opens with so many."""

OPENED = ("head", "part", "all")
"""What trains: the head alone, the end of the trunk with it, all."""

COUNTS = 0.01
"""Another choice is better if it is so by more than this (C21)."""

COMMANDS = {"C20": "evrisim forgetting cifar10 --remedies rates --images 5000 --set old.epochs=20"}
"""What measures a claim that neither a study nor `evrisim claims` does."""

Values = Mapping[str, Any]


def rates(record: "Record") -> dict[str, Any]:
    """Take for C20 what plain fine-tuning at several rates forgot, seed by seed.

    Rates are told as parts of the one the old task was learned at.

    Raises:
        InputError: If other remedies were measured, or not all rates with the same seeds.
    """
    usual = record.facts["recipes"]["old"]["learning_rate"]
    rate = record.facts["recipes"]["new"]["learning_rate"]
    found: dict[float, list[Any]] = {}
    for case in record.cases:
        if not case.remedy.name.startswith("rate-"):
            raise InputError(
                _("C20 is measured by plain fine-tuning at several rates; `{command}`.").format(
                    command=COMMANDS["C20"]
                )
            )
        found.setdefault(round(case.remedy.rate * rate / usual, 6), []).append(case)
    seeds = {tuple(case.seed for case in cases) for cases in found.values()}
    if len(seeds) != 1 or max(found) < 1 or min(found) > SAFE:
        raise InputError(
            _("C20 needs the same seeds at every rate, from the old task's own to a tenth.")
        )
    first = next(iter(found.values()))
    values: dict[str, Any] = {
        "rates": tuple(found),
        "before": tuple(case.old_test[0] for case in first),
        "chance": 1 / record.facts["classes"][0],
    }
    for place, cases in enumerate(found.values()):
        values[f"forgotten_{place}"] = tuple(case.forgetting for case in cases)
        values[f"learned_{place}"] = tuple(case.plasticity for case in cases)
    return values


def judge_rates(values: Values) -> tuple[str, str]:
    """Give verdict and evidence of C20 from what `rates` took.

    Supported if every rate above a tenth of the first forgets catastrophically and none below;
    partly if the full rate does, but one is known to be on the wrong side.
    """
    known = np.asarray(values["before"]) - values["chance"]
    # A net that names less than chance would has forgotten all, and not more.
    lost = {
        rate: np.minimum(np.asarray(values[f"forgotten_{place}"]) / known, 1)
        for place, rate in enumerate(values["rates"])
    }
    told = {rate: _catastrophic(interval(one)) for rate, one in lost.items()}
    full = told[max(told)]
    if full is None:
        verdict = "undecided"
    elif not full:
        verdict = "refuted"
    elif any(told[rate] is (rate <= SAFE) for rate in told):
        verdict = "partly"
    else:
        verdict = "undecided" if None in told.values() else "supported"
    rows = [
        _("at {rate} of the rate it was trained at, {lost} (new task {learned})").format(
            rate=numbers.general(rate, 2),
            lost=_share(lost[rate]),
            learned=numbers.percent(float(np.mean(values[f"learned_{place}"]))),
        )
        for place, rate in enumerate(values["rates"])
    ]
    return verdict, _(
        "Of what a net knew of the old task above chance (top-1 {before}, chance {chance}) "
        "fine-tuning on the new one took: {rows}."
    ).format(
        before=numbers.percent(float(np.mean(values["before"]))),
        chance=numbers.percent(values["chance"], 0),
        rows="; ".join(rows),
    )


def _catastrophic(lost: Interval | None) -> bool | None:
    if lost is None or lost.low < LOST < lost.high:
        return None
    return lost.low >= LOST


def by_images(study: "StudyRun") -> dict[str, tuple[float, ...]]:
    """Take for C21 the test top-1 of every arm, seed by seed.

    Raises:
        InputError: If an arm or a seed is missing.
    """
    arms = {arm.name: arm for arm in study.results()}
    found: dict[str, tuple[float, ...]] = {}
    for images in RULED:
        for opened in OPENED:
            arm = arms.get(f"{opened}-{images}")
            if arm is None or arm.test is None:
                raise InputError(
                    _("{path} has no tested arm {arm}.").format(
                        path=study.directory, arm=f"{opened}-{images}"
                    )
                )
            found[f"test_{opened}-{images}"] = tuple(map(float, arm.test))
    if len({len(one) for one in found.values()}) > 1:
        raise InputError(_("{path} lacks seeds in one of its arms.").format(path=study.directory))
    return found


def judge_by_images(values: Values) -> tuple[str, str]:
    """Give verdict and evidence of C21: with each number of images, is nothing else better."""
    holds, said = [], []
    for images, ruled in RULED.items():
        best = np.asarray(values[f"test_{ruled}-{images}"])
        others = [one for one in OPENED if one != ruled]
        gains = {one: np.asarray(values[f"test_{one}-{images}"]) - best for one in others}
        holds.append(_nothing_better([interval(gain) for gain in gains.values()]))
        compared = ", ".join(f"{one} {_points(gain)}" for one, gain in gains.items())
        said.append(
            _("With {images} images {ruled} gets {top1} right; {compared}.").format(
                images=numbers.whole(images),
                ruled=ruled,
                top1=numbers.percent(float(best.mean())),
                compared=compared,
            )
        )
    if all(one is True for one in holds):
        verdict = "supported"
    elif any(one is False for one in holds):
        verdict = "partly" if any(one is True for one in holds) else "refuted"
    else:
        verdict = "undecided"
    return verdict, " ".join(said)


def _nothing_better(gains: list[Interval | None]) -> bool | None:
    """Tell whether no other choice gains more than counts; None where that is not settled."""
    if any(gain is not None and gain.low > COUNTS for gain in gains):
        return False
    settled = all(gain is not None and gain.high <= COUNTS for gain in gains)
    return True if settled else None


def _share(values: Any) -> str:
    mean, found = numbers.percent(float(np.mean(values)), 0), interval(values)
    if found is None or found.low == found.high:
        return mean
    ends = numbers.percent_range(found.low, found.high)
    return f"{mean} ({ends})"


def _points(gain: Any) -> str:
    found = interval(gain)
    return numbers.points(float(np.mean(gain)), 1) if found is None else said_in_points(found)
