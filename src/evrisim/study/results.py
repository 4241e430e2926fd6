"""What comes out of a study, as frozen values: what verdicts, pictures and reports share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evrisim.statistics import Interval
from evrisim.study.design import Claim

UNEQUAL = 1.1
"""Two sides whose MACs differ by more than this factor are not of equal cost."""

VERDICTS = ("supported", "refuted", "undecided")


def is_unequal(ratio: float) -> bool:
    """Tell whether a ratio of MACs is too far from 1 to call the costs equal."""
    return not 1 / UNEQUAL <= ratio <= UNEQUAL


@dataclass(frozen=True, eq=False)
class ArmResult:
    """The trainings of one arm. Arrays are in the order of `seeds`; accuracies are 0–1.

    Attributes:
        name: Of the arm.
        settings: All its settings, the base's and the budget's included.
        seeds: The seeds whose training is done.
        validation: `(seeds,)` float64, best top-1 on the validation split.
        test: `(seeds,)` float64, top-1 on the test split; None before it is opened.
        correct: `(seeds, images)` bool, which test images were right; None before.
        seconds: `(seeds,)` float64, training time of each.
        parameters: Of the model.
        macs: Multiply–accumulates for one image.
        training_macs: The same in training, forward and backward.
        failed: Why each missing seed failed.
        runs: The run's folder of each seed in `seeds`.
        training: `(seeds,)` float64, top-1 on training images as they are; None where unknown.
        latency: By images a batch the seconds a batch takes: median, fastest, slowest round; empty
            where it was not measured.
    """

    name: str
    settings: Mapping[str, Any]
    seeds: tuple[int, ...]
    validation: np.ndarray
    test: np.ndarray | None
    correct: np.ndarray | None
    seconds: np.ndarray
    parameters: int
    macs: int
    training_macs: int
    failed: Mapping[int, str]
    runs: tuple[str, ...] = ()
    training: np.ndarray | None = None
    latency: Mapping[int, tuple[float, float, float]] = field(default_factory=dict)

    @property
    def gap(self) -> np.ndarray | None:
        """Training top-1 less test top-1, `(seeds,)`; None where either is unknown."""
        return None if self.training is None or self.test is None else self.training - self.test


@dataclass(frozen=True)
class McNemar:
    """Two models on the same images: where exactly one is right.

    Attributes:
        seed: The pair's seed.
        only_arm, only_against: Images that only the one or only the other got right.
        p: Exact two-sided p-value.
    """

    seed: int
    only_arm: int
    only_against: int
    p: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """One paired difference in test top-1, arm − against, and what follows. Fractions of 1.

    Attributes:
        arm, against: Names of two arms; of a factor's effect `model.width=32`, `model.width=16`;
            of an interaction `model.width × model.kernel_size` and "".
        kind: `arm`, `factor` (averaged over the other factors) or `interaction`.
        seeds: The pairs: seeds done on both sides.
        differences: `(seeds,)` float64.
        interval: Mean difference and 95 % t interval; method `t`. None with fewer than 2 pairs.
        bootstrap: The same mean with a 95 % interval over resampled test images; None for an
            interaction or where images differ.
        mcnemar: One for each pair; empty unless `kind` is `arm`.
        correlation: Of the two sides over the seeds; None with fewer than 3 pairs or no spread.
        p: Two-sided p-value of no difference (paired t); None with fewer than 2 pairs.
        p_holm: The same, Holm-corrected over the comparisons of its family.
        claim: What was claimed; None if nothing.
        verdict: One of `VERDICTS`; None without a claim.
        verdict_p: Holm-corrected level at which the claim is decided; None without a claim.
        seeds_needed: How many seeds would probably (80 %) settle an undecided claim; None if it
            is decided, or if more than 1,000 would not.
        visible: The smallest true difference this comparison had an 80 % chance to see.
        cost_ratio: MACs of the arm over those of the other side; None for an interaction.
        missing: Seeds that failed on either side; with any, a claim stays undecided.
    """

    arm: str
    against: str
    kind: str
    seeds: tuple[int, ...]
    differences: np.ndarray
    interval: Interval | None
    bootstrap: Interval | None
    mcnemar: tuple[McNemar, ...]
    correlation: float | None
    p: float | None
    p_holm: float | None
    claim: Claim | None
    verdict: str | None
    verdict_p: float | None
    seeds_needed: int | None
    visible: float | None
    cost_ratio: float | None
    missing: tuple[int, ...]

    @property
    def unequal_cost(self) -> bool:
        """Whether the two sides differ by more than a tenth in MACs."""
        return self.cost_ratio is not None and is_unequal(self.cost_ratio)


@dataclass(frozen=True, eq=False)
class Findings:
    """All a study found.

    Attributes:
        arms: The base first.
        comparisons: In the order of the arms or factors; Holm's family is those with a claim,
            or all where nothing is claimed.
        pareto: Names of the arms no other arm beats in both mean test top-1 and MACs.
        test_images: How many test images each model saw.
    """

    arms: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    pareto: tuple[str, ...]
    test_images: int
