"""What trains when: the named ways of fine-tuning, spelled out as stages."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from evrisim._validate import check_choice
from evrisim.training.recipe import Recipe
from evrisim.transfer import freezing
from evrisim.transfer.freezing import LAST_LAYERS, Freezing

ALL = "all"


@dataclass(frozen=True)
class Stage:
    """A part of a training in which the same layers train.

    Attributes:
        name: What its folder is called.
        trained: How many of the trunk's last layers train beside the head; 0 none, `all` all of
            them, or what the name of the first begins with.
        recipe: How.
        norm: What batch normalisations of layers that train do, one of `NORM_POLICIES`.
    """

    name: str
    trained: int | str
    recipe: Recipe
    norm: str = "frozen"

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
        return freezing.partial(trunk, self.trained, norm=self.norm)


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


def frozen(head: Recipe = HEAD, tune: Recipe = TUNE, trained: int | str = 0) -> tuple[Stage, ...]:
    """Train the head alone."""
    return (Stage("head", 0, head),)


def partial(
    head: Recipe = HEAD, tune: Recipe = TUNE, trained: int | str = LAST_LAYERS
) -> tuple[Stage, ...]:
    """Train the head and the end of the trunk from the beginning."""
    return (Stage("tune", trained, tune),)


def full(head: Recipe = HEAD, tune: Recipe = TUNE, trained: int | str = ALL) -> tuple[Stage, ...]:
    """Train all of it from the beginning."""
    return (Stage("tune", ALL, tune),)


def two_stage(
    head: Recipe = HEAD, tune: Recipe = TUNE, trained: int | str = LAST_LAYERS
) -> tuple[Stage, ...]:
    """Train the head first, then the end of the trunk with it.

    A new head begins with random weights, whose gradients would spoil what the trunk has learned.
    """
    return (Stage("head", 0, head), Stage("tune", trained, tune))


Strategy = Callable[..., tuple[Stage, ...]]

STRATEGIES: dict[str, Strategy] = {
    "frozen": frozen,
    "partial": partial,
    "full": full,
    "two-stage": two_stage,
}


def stages(
    strategy: str,
    *,
    head: Recipe = HEAD,
    tune: Recipe = TUNE,
    trained: int | str | None = None,
) -> tuple[Stage, ...]:
    """Spell a strategy out.

    Args:
        strategy: One of `STRATEGIES`.
        head: How a head alone is trained.
        tune: How layers of the trunk are trained.
        trained: Which of them, as in `Stage`; None: what the strategy has.

    Raises:
        InputError: If there is no such strategy.
    """
    spelled = STRATEGIES[check_choice("strategy", strategy, STRATEGIES)]
    given = {} if trained is None else {"trained": trained}
    return spelled(head, tune, **given)
