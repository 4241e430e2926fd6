"""What is asked of a transfer, in plain values: from a command line, or an arm of a study."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evrisim._validate import InputError, check_choice
from evrisim.messages import translate as _
from evrisim.training.precision import seeded
from evrisim.transfer.choosing import spelled
from evrisim.transfer.classifier import HEADS
from evrisim.transfer.freezing import NORM_POLICIES
from evrisim.transfer.strategies import HEAD, STRATEGIES, TUNE, Stage
from evrisim.transfer.training import Plan
from evrisim.transfer.trunks import Trunk, trunk
from evrisim.transfer.views import views

SMALL = 96
"""Rows and columns that a trunk sees of a set of small images."""

KINDS = ("head", "tune")
"""Stages that train the head alone, and those that train layers of the trunk."""


@dataclass(frozen=True)
class Spec:
    """What is taken over and how, before anything is built.

    Attributes:
        backbone: As in `trunk`.
        weights: Likewise.
        size: Rows and columns that the trunk sees.
        strategy: `auto` or one of `STRATEGIES`.
        domain: For `auto`, one of `DOMAINS`.
        last: What of the trunk trains, as in `Stage`; None: what the strategy has.
        head: One of `HEADS`.
        norm: What batch normalisations of layers that train do, one of `NORM_POLICIES`.
        views: As in `Stage`.
        shared: Settings of the recipes of all stages.
        settings: Those of one kind of stage, over these: `{"head": {...}, "tune": {...}}`.
    """

    backbone: str = "mobilenet_v2"
    weights: str | None = None
    size: tuple[int, int] = (SMALL, SMALL)
    strategy: str = "auto"
    domain: str = "between"
    last: int | str | None = None
    head: str = "linear"
    norm: str = "frozen"
    views: int | str = 0
    shared: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def stages(self, images: int, *, seed: int = 0) -> tuple[tuple[Stage, ...], str]:
        """Spell the strategy out for a number of training images, and say why if it was chosen.

        Raises:
            InputError: If a value is wrong.
        """
        check_choice("head", self.head, HEADS)
        check_choice("norm", self.norm, NORM_POLICIES)
        recipes = {
            kind: usual.with_settings({**self.shared, **self.settings.get(kind, {}), "seed": seed})
            for kind, usual in zip(KINDS, (HEAD, TUNE), strict=True)
        }
        stages, reason = spelled(
            self.strategy, images=images, domain=self.domain, trained=self.last, **recipes
        )
        shown = tuple(stage.shown(self.norm, self.views) for stage in stages)
        for stage in shown:  # what views cannot keep is refused before anything is trained
            views(stage.views, stage.recipe.policy, seed=seed, size=self.size)
        return shown, reason

    def taken(self, *, seed: int = 0, offline: bool = False) -> Trunk:
        """Build the trunk, with its weights; random ones are the seed's.

        Raises:
            InputError: As `trunk` does, or if it has not the layers that a named strategy trains.
        """
        with seeded(seed):
            taken = trunk(self.backbone, (*self.size, 3), weights=self.weights, offline=offline)
        for stage in self.stages(1)[0]:
            stage.freezing(taken.model)
        return taken

    def plan(self, taken: Trunk, images: int, *, seed: int = 0) -> Plan:
        """Plan the training of a trunk that was `taken` on so many images."""
        stages, reason = self.stages(images, seed=seed)
        return Plan(taken, stages, self.head, reason=reason)

    def check_used(self) -> None:
        """Pass if a named strategy has a stage for every setting.

        Raises:
            InputError: If one would change nothing.
        """
        if self.strategy not in STRATEGIES:
            return
        there = {"head" if stage.name == "head" else "tune" for stage in self.stages(1)[0]}
        for kind, settings in self.settings.items():
            if settings and kind not in there:
                raise InputError(
                    _(
                        "`{stage}.{setting}` changes nothing: strategy {strategy} has no such "
                        "stage."
                    ).format(stage=kind, setting=next(iter(settings)), strategy=self.strategy)
                )
