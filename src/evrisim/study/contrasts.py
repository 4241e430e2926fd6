"""What a study compares: two arms, the levels of a factor, or an interaction, seed by seed.

Every comparison is a weighted sum of the accuracies of some arms: weights above 0 are its one
side, those below 0 its other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evrisim._validate import InputError
from evrisim.messages import translate as _
from evrisim.study.design import Arm, Claim, Factor, Study
from evrisim.study.results import ArmResult


@dataclass(frozen=True, eq=False)
class Contrast:
    """One comparison to be made.

    Attributes:
        arm, against, kind, claim: As in `Comparison`.
        weights: Of each arm that takes part, by name; they sum to 0.
    """

    arm: str
    against: str
    kind: str
    claim: Claim | None
    weights: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Sides:
    """The accuracies behind a comparison on the seeds that all its arms have done.

    Attributes:
        seeds: Those seeds.
        missing: Seeds that failed in any of its arms.
        first, second: `(seeds,)` float64, the weighted means of its two sides.
    """

    seeds: tuple[int, ...]
    missing: tuple[int, ...]
    first: np.ndarray
    second: np.ndarray


def contrasts(plan: Study) -> tuple[Contrast, ...]:
    """List the comparisons of a study.

    Without factors, each arm but the base against the arm it names, or the base. With factors,
    the main effect of each further level against the first, averaged over all combinations of the
    other factors; of two factors with two levels each also their interaction: how much larger the
    effect of the first is at the second level of the other. An interaction carries no claim.

    Raises:
        InputError: If an arm is compared with one that the study does not have, or a combination
            of levels is missing.
    """
    if not plan.factors:
        return tuple(_of_arm(plan, arm) for arm in plan.arms[1:])
    found = [
        _main_effect(plan, factor, level) for factor in plan.factors for level in factor.levels[1:]
    ]
    if [len(factor.levels) for factor in plan.factors] == [2, 2]:
        found.append(_interaction(plan))
    return tuple(found)


def _of_arm(plan: Study, arm: Arm) -> Contrast:
    against = arm.against or plan.arms[0].name
    if against == arm.name or against not in {other.name for other in plan.arms}:
        raise InputError(
            _("Arm {arm} is compared with {against}, which is no other arm of the study.").format(
                arm=arm.name, against=against
            )
        )
    return Contrast(arm.name, against, "arm", arm.claim, {arm.name: 1.0, against: -1.0})


def _main_effect(plan: Study, factor: Factor, level: Any) -> Contrast:
    first = factor.levels[0]
    others = [other for other in plan.factors if other is not factor]
    cells = 1
    for other in others:
        cells *= len(other.levels)
    weights: dict[str, float] = {}
    for value, sign in ((level, 1.0), (first, -1.0)):
        names = [arm.name for arm in plan.arms if arm.settings.get(factor.setting) == value]
        if len(names) != cells:
            raise InputError(
                _(
                    "The study needs one arm for each combination of levels; with {setting} "
                    "{value} it has {count} of {needed}."
                ).format(setting=factor.setting, value=value, count=len(names), needed=cells)
            )
        weights |= dict.fromkeys(names, sign / cells)
    labels = [f"{factor.setting}={value}" for value in (level, first)]
    return Contrast(labels[0], labels[1], "factor", factor.claim, weights)


def _interaction(plan: Study) -> Contrast:
    names = [factor.setting for factor in plan.factors]
    weights: dict[str, float] = {}
    for arm in plan.arms:
        high = [arm.settings[factor.setting] == factor.levels[1] for factor in plan.factors]
        weights[arm.name] = 1.0 if high[0] == high[1] else -1.0
    return Contrast(" × ".join(names), "", "interaction", None, weights)


def sides(contrast: Contrast, arms: Mapping[str, ArmResult]) -> Sides:
    """Take the test accuracies of both sides on the seeds that all its arms have done."""
    parts = [arms[name] for name in contrast.weights]
    seeds = sorted(set.intersection(*(set(part.seeds) for part in parts)))
    missing = sorted(set().union(*(part.failed for part in parts)))
    both = [np.zeros(len(seeds)), np.zeros(len(seeds))]
    for part, weight in zip(parts, contrast.weights.values(), strict=True):
        if seeds and part.test is not None:
            both[weight < 0] += abs(weight) * np.asarray(part.test)[rows(part, seeds)]
    return Sides(tuple(seeds), tuple(missing), *both)


def rows(arm: ArmResult, seeds: Sequence[int]) -> list[int]:
    """Say where these seeds stand in the arrays of an arm."""
    return [arm.seeds.index(seed) for seed in seeds]
