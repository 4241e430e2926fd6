"""What a study is: a question, a base, arms that change settings, paired seeds, a claim."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from math import inf
from typing import Any

CLAIMS = ("better", "worse", "same", "not-better", "not-worse")
BUDGETS = ("smoke", "quick", "full")
SEEDS = 6
EFFECT = 1.0
"""Percentage points of top-1 that count where a study does not say."""

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Claim:
    """What is claimed of a difference in top-1, as a range of the true difference.

    Attributes:
        kind: `better` (by at least `points`), `worse` (by at least `points`), `same` (within
            `points` either way), `not-better` or `not-worse` (by more than `points`).
        points: The smallest difference that counts, in percentage points of top-1; at least 0.
    """

    kind: str
    points: float = EFFECT

    @property
    def region(self) -> tuple[float, float]:
        """The differences, as fractions of 1, for which the claim is true; ends may be infinite.

        Example:
            >>> Claim("not-worse", 1.0).region
            (-0.01, inf)
        """
        size = self.points / 100
        return {
            "better": (size, inf),
            "worse": (-inf, -size),
            "same": (-size, size),
            "not-better": (-inf, size),
            "not-worse": (-size, inf),
        }[self.kind]


@dataclass(frozen=True)
class Arm:
    """One variant of the base.

    Attributes:
        name: Short, unique in the study.
        settings: What it changes, by the names of `--set`: recipe settings plain
            (`batch_size`), the model's options as `model.width`, the model as `model`,
            the data's as `data.train_images`.
        against: Name of the arm it is compared with; None for the base itself.
        claim: What is claimed of the difference to `against`; None only to describe it.
    """

    name: str
    settings: Settings = field(default_factory=dict)
    against: str | None = None
    claim: Claim | None = None


@dataclass(frozen=True)
class Factor:
    """A setting that a factorial study varies; the first level is the base's.

    Attributes:
        setting: Its name, as in `Arm.settings`.
        levels: At least two values.
        claim: What is claimed of each further level against the first; None for nothing.
    """

    setting: str
    levels: tuple[Any, ...]
    claim: Claim | None = None


@dataclass(frozen=True)
class Study:
    """A question with the trainings that settle it.

    Attributes:
        name: Short; names its folder.
        question: One sentence.
        data: Name of a data set or a folder, unless another is asked for.
        base: Settings all arms share.
        arms: The base first, then the others.
        factors: Of a factorial study, whose arms are all combinations; else empty.
        seeds: How many paired seeds; they are 0, 1, ….
        budgets: Settings by budget, over the base and under the arms; those of
            `settings.BUDGET_SETTINGS` where a budget is not named.
        timed: Whether the latency of each arm's model is measured when the study is judged.
    """

    name: str
    question: str
    data: str
    base: Settings
    arms: tuple[Arm, ...]
    factors: tuple[Factor, ...] = ()
    seeds: int = SEEDS
    budgets: Mapping[str, Settings] = field(default_factory=dict)
    timed: bool = False


def crossed(factors: tuple[Factor, ...]) -> tuple[Arm, ...]:
    """Give an arm for each combination of levels, the first of each (the base) first.

    Example:
        >>> both = Factor("model.width", (16, 32)), Factor("model.kernel_size", (3, 5))
        >>> [arm.name for arm in crossed(both)]
        ['width-16-kernel_size-3', 'width-16-kernel_size-5', 'width-32-kernel_size-3', \
'width-32-kernel_size-5']
    """
    arms: list[Arm] = []
    for levels in product(*(factor.levels for factor in factors)):
        chosen = {factor.setting: level for factor, level in zip(factors, levels, strict=True)}
        name = "-".join(f"{key.rpartition('.')[2]}-{value}" for key, value in chosen.items())
        arms.append(Arm(name, chosen, against=arms[0].name if arms else None))
    return tuple(arms)
