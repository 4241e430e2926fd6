"""From the trainings of a study to its findings: paired differences, intervals, verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np

from evrisim._plain import plain
from evrisim._validate import InputError
from evrisim.messages import translate as _
from evrisim.statistics import (
    Interval,
    bootstrap_over_images,
    correlation,
    mcnemar,
    mean_and_error,
    paired_interval,
    pairs_needed,
    pareto_front,
    two_sided_p,
    visible_effect,
)
from evrisim.study import decision
from evrisim.study.contrasts import Contrast, Sides, contrasts, rows, sides
from evrisim.study.design import Claim, Study
from evrisim.study.results import ArmResult, Comparison, Findings, McNemar


@dataclass(frozen=True, eq=False)
class _Measured:
    """A comparison before the others are known; `mean`, `error`, `p` need two pairs."""

    contrast: Contrast
    sides: Sides
    differences: np.ndarray
    interval: Interval | None
    mean: float
    error: float
    p: float | None
    level: float

    @property
    def spread(self) -> float:
        return self.error * len(self.differences) ** 0.5


def judge(plan: Study, arms: Sequence[ArmResult]) -> Findings:
    """Say what a study found, from the test accuracies of its arms.

    Each comparison uses the seeds done on both sides, and its differences seed by seed. A claim
    is decided if the interval of the mean difference lies wholly inside its region or wholly
    outside, at 95 % for all claims together: see `study/decision.py`. A study where a seed failed
    decides nothing about that comparison, because seeds that survive may be the better ones; nor
    do fewer than two pairs. It still counts as one of the claims that the others answer for.

    No spread is believed to be below one test image, so that results that agree by luck are not
    taken as certain. `seeds_needed` and `visible` take the measured spread for the true one, and
    0.05 over the number of claims for the level to reach: Holm's first and strictest step. For a
    comparison without a claim beside others with one, `visible` is at 0.05.

    Args:
        plan: The study.
        arms: One for each arm of the plan, in any order; their test split has been opened.

    Raises:
        InputError: If an arm is missing, or its test accuracies are.

    Reference:
        `decision.corrected` names the sources of the correction.
    """
    results = _by_name(plan, arms)
    images = _test_images(results)
    measured = [_measured(one, results, images) for one in contrasts(plan)]
    return Findings(
        tuple(results[arm.name] for arm in plan.arms),
        tuple(_compared(measured, results)),
        _pareto(results),
        images,
    )


def _by_name(plan: Study, arms: Sequence[ArmResult]) -> dict[str, ArmResult]:
    given = {arm.name: arm for arm in arms}
    for name in (arm.name for arm in plan.arms):
        if name not in given:
            raise InputError(
                _("The study {study} has no result of its arm {arm}; run it first.").format(
                    study=plan.name, arm=name
                )
            )
        if given[name].seeds and given[name].test is None:
            raise InputError(
                _("Arm {arm} has no test accuracies yet; a verdict needs them.").format(arm=name)
            )
    return {arm.name: given[arm.name] for arm in plan.arms}


def _test_images(results: Mapping[str, ArmResult]) -> int:
    counts = (arm.correct.shape[1] for arm in results.values() if arm.correct is not None)
    return max(counts, default=0)


def _measured(contrast: Contrast, results: Mapping[str, ArmResult], images: int) -> _Measured:
    found = sides(contrast, results)
    differences, pairs = found.first - found.second, len(found.seeds)
    if pairs < 2:
        return _Measured(contrast, found, differences, None, np.nan, np.nan, None, 1.0)
    resolution = 1 / images if images else 0.0
    mean, error = map(float, mean_and_error(differences, resolution=resolution))
    level = 1.0
    if contrast.claim and not found.missing:
        level = float(decision.deciding_level(mean, error, pairs, contrast.claim.region))
    return _Measured(
        contrast,
        found,
        differences,
        paired_interval(differences, resolution=resolution),
        mean,
        error,
        float(two_sided_p(mean, error, pairs)),
        level,
    )


def _compared(measured: Sequence[_Measured], results: Mapping[str, ArmResult]) -> list[Comparison]:
    """Correct over the family, then put each comparison together."""
    claimed = [index for index, one in enumerate(measured) if one.contrast.claim]
    family = claimed or list(range(len(measured)))
    p = decision.corrected(np.array([_or_one(measured[index].p) for index in family]))
    levels = decision.corrected(np.array([measured[index].level for index in family]))
    ranks = {index: rank for rank, index in enumerate(family)}
    return [
        _comparison(
            one,
            results,
            p=float(p[ranks[index]]) if index in ranks and one.p is not None else None,
            level=float(levels[ranks[index]]) if index in ranks else None,
            alpha=decision.ALPHA / (len(family) if index in ranks else 1),
        )
        for index, one in enumerate(measured)
    ]


def _or_one(p: float | None) -> float:
    return 1.0 if p is None else p


def _comparison(
    one: _Measured,
    results: Mapping[str, ArmResult],
    *,
    p: float | None,
    level: float | None,
    alpha: float,
) -> Comparison:
    contrast, claim = one.contrast, one.contrast.claim
    enough, interaction = one.interval is not None, contrast.kind == "interaction"
    verdict = None
    if claim and level is not None:
        verdict = str(decision.verdicts(one.mean, level, claim.region))
    return Comparison(
        arm=contrast.arm,
        against=contrast.against,
        kind=contrast.kind,
        seeds=one.sides.seeds,
        differences=one.differences,
        interval=one.interval,
        bootstrap=None if interaction else _bootstrap(one, results),
        mcnemar=_mcnemar(one, results) if contrast.kind == "arm" else (),
        correlation=None if interaction else correlation(one.sides.first, one.sides.second),
        p=one.p,
        p_holm=p,
        claim=claim,
        verdict=verdict,
        verdict_p=level if claim else None,
        seeds_needed=_seeds_needed(one, claim, alpha) if claim and verdict == "undecided" else None,
        visible=visible_effect(one.spread, len(one.differences), alpha=alpha) if enough else None,
        cost_ratio=None if interaction else _cost_ratio(contrast, results),
        missing=one.sides.missing,
    )


def _seeds_needed(one: _Measured, claim: Claim, alpha: float) -> int | None:
    """From within its region a mean must clear both edges, from without the nearest."""
    if one.interval is None:
        return None
    region = claim.region
    if region[0] <= one.mean <= region[1]:
        distances = tuple(one.mean - edge for edge in region if isfinite(edge))
    else:
        distances = (float(decision.to_the_nearest_edge(one.mean, region)),)
    return pairs_needed(distances, one.spread, alpha=alpha)


def _image_differences(one: _Measured, results: Mapping[str, ArmResult]) -> np.ndarray | None:
    """Give `(seeds, images)`, the weighted sum of right and wrong; None where images differ."""
    parts = [results[name] for name in one.contrast.weights]
    shapes = {None if part.correct is None else part.correct.shape[1] for part in parts}
    if not one.sides.seeds or None in shapes or len(shapes) > 1:
        return None
    weighted = [
        weight * np.asarray(part.correct, np.float64)[rows(part, one.sides.seeds)]
        for part, weight in zip(parts, one.contrast.weights.values(), strict=True)
    ]
    return np.sum(weighted, axis=0)


def _bootstrap(one: _Measured, results: Mapping[str, ArmResult]) -> Interval | None:
    found = _image_differences(one, results)
    return None if found is None else bootstrap_over_images(found)


def _mcnemar(one: _Measured, results: Mapping[str, ArmResult]) -> tuple[McNemar, ...]:
    found = _image_differences(one, results)
    if found is None:
        return ()
    counts = [(int((row > 0).sum()), int((row < 0).sum())) for row in found]
    return tuple(
        McNemar(seed, *count, mcnemar(*count))
        for seed, count in zip(one.sides.seeds, counts, strict=True)
    )


def _cost_ratio(contrast: Contrast, results: Mapping[str, ArmResult]) -> float | None:
    first = sum(w * results[name].macs for name, w in contrast.weights.items() if w > 0)
    second = -sum(w * results[name].macs for name, w in contrast.weights.items() if w < 0)
    return first / second if second else None


def _pareto(results: Mapping[str, ArmResult]) -> tuple[str, ...]:
    gains = {n: arm.test.mean() for n, arm in results.items() if arm.seeds and arm.test is not None}
    costs = [results[name].macs for name in gains]
    front = pareto_front(np.array(list(gains.values())), np.array(costs))
    return tuple(name for name, on in zip(gains, front, strict=True) if on)


def to_json(findings: Findings) -> dict[str, Any]:
    """Give findings as plain JSON: arrays as lists, what is not finite as None.

    Which images were right (`ArmResult.correct`) is left out: it is large, and in the runs.
    Each comparison also says whether its costs are `unequal_cost`.
    """
    found = plain(
        replace(findings, arms=tuple(replace(arm, correct=None) for arm in findings.arms))
    )
    for arm in found["arms"]:
        del arm["correct"]
    for one, comparison in zip(found["comparisons"], findings.comparisons, strict=True):
        one["unequal_cost"] = comparison.unequal_cost
    return found
