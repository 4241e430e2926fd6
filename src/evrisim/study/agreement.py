"""Whether a short training ranks designs as a long one does: two runs of a study compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from evrisim._validate import InputError
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.statistics import Interval, kendall, paired_p
from evrisim.study.results import ArmResult

CLEAR = 0.05
"""Largest p-value of a paired difference with which two designs count as told apart."""


@dataclass(frozen=True)
class Pair:
    """Two designs that the long training tells apart.

    Attributes:
        better: Name of the one that is better after the long training.
        worse: Name of the other.
        long: Difference of their mean top-1 after it, above 0; a fraction of 1.
        short: The same difference after the short training; below 0 where it orders them the
            other way.
    """

    better: str
    worse: str
    long: float
    short: float


@dataclass(frozen=True, eq=False)
class Agreement:
    """How a short training ranks designs beside a long one.

    Attributes:
        names: Of the designs, in the study's order.
        short: `(designs,)` mean top-1 after the short training, 0–1.
        long: The same after the long one.
        tau: Kendall's τ of the two rankings.
        pairs: Those that the long training tells apart, the largest difference first.
        seconds: Mean seconds of a short and of a long training.
    """

    names: tuple[str, ...]
    short: np.ndarray
    long: np.ndarray
    tau: Interval
    pairs: tuple[Pair, ...]
    seconds: tuple[float, float]

    @property
    def turned(self) -> tuple[Pair, ...]:
        """Pairs that the long training tells apart and the short one orders the other way."""
        return tuple(pair for pair in self.pairs if pair.short < 0)

    @property
    def sentence(self) -> str:
        """Say in words how far the short training can stand for the long one."""
        text = _(
            "Kendall's τ of the two rankings is {tau} (95 % interval {low} to {high}, for designs "
            "like these {count}). A short training takes {short}, a long one {long}."
        ).format(
            tau=numbers.decimal(self.tau.value),
            low=numbers.decimal(self.tau.low),
            high=numbers.decimal(self.tau.high),
            count=len(self.names),
            short=numbers.duration(self.seconds[0]),
            long=numbers.duration(self.seconds[1]),
        )
        return f"{text} {self._of_pairs()}"

    def _of_pairs(self) -> str:
        if not self.pairs:
            return _("The long training tells no pair apart; more seeds of it might.")
        text = _(
            "Of {pairs} pairs that the long training tells apart, the short one orders {same} "
            "alike."
        ).format(pairs=len(self.pairs), same=len(self.pairs) - len(self.turned))
        turned = [_("{better} above {worse}").format(**vars(pair)) for pair in self.turned]
        if not turned:
            return text
        more = _("Only the long one has {pairs}.").format(pairs=", ".join(turned))
        return f"{text} {more}"

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "designs": [
                {"name": name, "short": float(short), "long": float(long)}
                for name, short, long in zip(self.names, self.short, self.long, strict=True)
            ],
            "tau": {"value": self.tau.value, "low": self.tau.low, "high": self.tau.high},
            "pairs": [vars(pair) for pair in self.pairs],
            "turned": len(self.turned),
            "seconds": {"short": self.seconds[0], "long": self.seconds[1]},
            "sentence": self.sentence,
        }


def agreement(short: Sequence[ArmResult], long: Sequence[ArmResult]) -> Agreement:
    """Compare the rankings of the designs that are in both.

    Args:
        short: Arms of a study after the short training, judged on test images.
        long: The same arms, by name, after the long one; other seeds and sizes are allowed.

    Raises:
        InputError: If fewer than five arms are in both, or one was not judged.
    """
    after = {arm.name: arm for arm in long}
    both = [(arm, after[arm.name]) for arm in short if arm.name in after]
    tops = [tuple(_top1(arm) for arm in pair) for pair in both]
    means = np.array([[one.mean() for one in pair] for pair in tops]).reshape(-1, 2)
    pairs = [
        _pair((both[one][0].name, both[other][0].name), means[[one, other]])
        for one, other in combinations(range(len(both)), 2)
        if _told_apart(both[one][1], both[other][1])
    ]
    return Agreement(
        names=tuple(arm.name for arm, _same in both),
        short=means[:, 0],
        long=means[:, 1],
        tau=kendall(means[:, 0], means[:, 1]),
        pairs=tuple(sorted(pairs, key=lambda pair: -pair.long)),
        seconds=(
            float(np.mean([arm.seconds.mean() for arm, _long in both])),
            float(np.mean([arm.seconds.mean() for _short, arm in both])),
        ),
    )


def _top1(arm: ArmResult) -> np.ndarray:
    if arm.test is None or not len(arm.test):
        raise InputError(_("Arm {arm} has not been judged on test images.").format(arm=arm.name))
    return arm.test


def _told_apart(one: ArmResult, other: ArmResult) -> bool:
    """Tell whether a paired t-test over the seeds that both have finds a difference."""
    seeds = [seed for seed in one.seeds if seed in other.seeds]
    if len(seeds) < 2:
        return False
    tops = [_top1(arm)[[arm.seeds.index(seed) for seed in seeds]] for arm in (one, other)]
    return bool(paired_p(tops[0] - tops[1]) < CLEAR)


def _pair(names: tuple[str, str], means: np.ndarray) -> Pair:
    short, long = means[0] - means[1]
    if long < 0:
        names, short, long = (names[1], names[0]), -short, -long
    return Pair(*names, long=float(long), short=float(short))
