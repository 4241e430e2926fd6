"""What trains when: the named ways of fine-tuning, spelled out as stages."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import keras

from evrisim._validate import InputError, check_choice, check_range
from evrisim.messages import translate as _
from evrisim.training.recipe import Recipe
from evrisim.transfer import freezing
from evrisim.transfer.freezing import LAST_LAYERS, Freezing

ALL = "all"


@dataclass(frozen=True)
class Stage:
    """A part of a training in which the same layers train.

    Attributes:
        name: What its folder is called.
        trained: How many of the trunk's last layers train beside the head; 0 none, a share of them
            (a float below 1), `all` all of them, or what the name of the first begins with.
        recipe: How.
        norm: What batch normalisations of layers that train do, one of `NORM_POLICIES`.
        views: How many draws of the recipe's augmentation are kept as features, shown in turn; 0:
            they are drawn anew each epoch, and nothing is kept unless nothing is augmented; `flip`:
            each image and its mirror image.
    """

    name: str
    trained: float | str
    recipe: Recipe
    norm: str = "frozen"
    views: int | str = 0

    def shown(self, norm: str, views: int | str) -> "Stage":
        """Give this stage with other normalisations and views."""
        return replace(self, norm=norm, views=views)

    def freezing(self, trunk: keras.Model) -> Freezing:
        """Name the layers of a trunk that train.

        Raises:
            InputError: If it has not so many, or none of such a name.
        """
        if self.trained == 0:
            return freezing.frozen(trunk)
        if self.trained == ALL:
            return freezing.full(trunk, norm=self.norm)
        if isinstance(self.trained, str):
            return freezing.partial(trunk, block=self.trained, norm=self.norm)
        layers = self.trained
        if isinstance(layers, float):
            layers = max(round(check_range("trained", layers, 0, 1) * len(trunk.layers)), 1)
        return freezing.partial(trunk, layers, norm=self.norm)


HEAD = Recipe.create(
    {
        "epochs": 20,
        "batch_size": 64,
        "optimizer": "adamw",
        "learning_rate": 1e-3,
        "weight_decay": 1e-4,
        "warmup_epochs": 0.0,
        "augmentation": "none",
    }
)
"""A new head on what the trunk gives: the course's rate and epochs."""

TUNE = HEAD.with_settings(
    {"epochs": 30, "learning_rate": 1e-5, "warmup_epochs": 1.0, "early_stopping": 5}
)
"""Fine-tuning as the course has it: a hundredth of the head's rate, warm-up, cosine, stopping."""


def frozen(head: Recipe = HEAD, tune: Recipe = TUNE, trained: float | str = 0) -> tuple[Stage, ...]:
    """Train the head alone."""
    return (Stage("head", 0, head),)


def partial(
    head: Recipe = HEAD, tune: Recipe = TUNE, trained: float | str = LAST_LAYERS
) -> tuple[Stage, ...]:
    """Train the head and the end of the trunk from the beginning."""
    return (Stage("tune", trained, tune),)


def full(head: Recipe = HEAD, tune: Recipe = TUNE, trained: float | str = ALL) -> tuple[Stage, ...]:
    """Train all of it from the beginning."""
    return (Stage("tune", ALL, tune),)


def two_stage(
    head: Recipe = HEAD, tune: Recipe = TUNE, trained: float | str = LAST_LAYERS
) -> tuple[Stage, ...]:
    """Train the head first, then the end of the trunk with it.

    A new head begins with random weights, whose gradients would spoil what the trunk has learned.
    """
    return (Stage("head", 0, head), Stage("tune", trained, tune))


THAWING = (0.25, 0.5, ALL)
"""What trains in the stages of `gradual`, as in `Stage`."""

LAYER_DECAY = 0.95
"""What `discriminative` multiplies the rate by, from a layer to the one before it."""


def gradual(
    head: Recipe = HEAD, tune: Recipe = TUNE, trained: float | str = ALL
) -> tuple[Stage, ...]:
    """Train the head, then thaw the trunk from its end in three stages, which share the epochs.

    Reference:
        Howard and Ruder 2018, https://arxiv.org/abs/1801.06146 (gradual unfreezing).
    """
    part = tune.with_settings({"epochs": max(tune.epochs // len(THAWING), 1)})
    thawed = (*THAWING[:-1], trained)
    stages = [Stage(f"thaw{number}", what, part) for number, what in enumerate(thawed, start=1)]
    return (Stage("head", 0, head), *stages)


def discriminative(
    head: Recipe = HEAD, tune: Recipe = TUNE, trained: float | str = ALL
) -> tuple[Stage, ...]:
    """Train the head, then all of it, each layer at a lower rate than the one after it.

    What the first layers see, edges and colours, serves every task; what the last see does not.
    """
    decay = tune.layer_decay if tune.layer_decay < 1 else LAYER_DECAY
    return (
        Stage("head", 0, head),
        Stage("tune", trained, tune.with_settings({"layer_decay": decay})),
    )


Strategy = Callable[..., tuple[Stage, ...]]

STRATEGIES: dict[str, Strategy] = {
    "frozen": frozen,
    "partial": partial,
    "full": full,
    "two-stage": two_stage,
    "gradual": gradual,
    "discriminative": discriminative,
}

WHOLE = ("frozen", "full")
"""Strategies that train nothing of the trunk, or all."""


def stages(
    strategy: str,
    *,
    head: Recipe = HEAD,
    tune: Recipe = TUNE,
    trained: float | str | None = None,
) -> tuple[Stage, ...]:
    """Spell a strategy out.

    Args:
        strategy: One of `STRATEGIES`.
        head: How a head alone is trained.
        tune: How layers of the trunk are trained.
        trained: Which of them, as in `Stage`; None: what the strategy has. `frozen` and `full`
            leave no choice.

    Raises:
        InputError: If there is no such strategy, or it leaves no choice of what trains.
    """
    spelled = STRATEGIES[check_choice("strategy", strategy, STRATEGIES)]
    if trained is not None and strategy in WHOLE:
        raise InputError(
            _("Strategy {strategy} says itself what trains; {trained!r} cannot be chosen.").format(
                strategy=strategy, trained=trained
            )
        )
    given = {} if trained is None else {"trained": trained}
    return spelled(head, tune, **given)
