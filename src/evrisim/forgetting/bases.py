"""Nets that know the old task, one a seed, kept on disk: the places a forgetting begins from."""

from collections.abc import Callable
from pathlib import Path

import keras

from evrisim.forgetting.tasks import Tasks
from evrisim.training import ModelChoice, Recipe, fit, loop

USUAL = {"epochs": 10}
"""What is changed of the recipe `condensed` to learn an old task."""


def old_recipe(**changes: object) -> Recipe:
    """Give how an old task is learned, unless told otherwise: by the recipe `condensed`, shorter.

    Raises:
        InputError: If a setting is wrong.
    """
    # Remedies compute in float32, and begin from what was trained.
    return Recipe.load("condensed").with_settings({**USUAL, **changes, "precision": "float32"})


def bases(
    tasks: Tasks,
    recipe: Recipe,
    directory: Path,
    *,
    model: str = "condensed",
    seeds: int = 3,
    show: Callable[[int], loop.Show] = lambda seed: lambda progress: None,
) -> list[keras.Model]:
    """Train nets on the old task, or go on with those that are there.

    Args:
        tasks: Of which the old one is learned; the nets have logits for both.
        recipe: How, but for the seed.
        directory: Where the runs lie, `old-s0` and so on.
        model: Name of a model of ours.
        seeds: How many.
        show: Gives for a seed whom `fit` tells how it goes.

    Raises:
        InputError: As `fit`.
    """
    found = []
    for seed in range(seeds):
        place = directory / f"old-s{seed}"
        run = fit(
            tasks.old,
            ModelChoice(model),
            recipe.with_settings({"seed": seed}),
            directory=place,
            resume=(place / "run.json").exists(),
            show=show(seed),
        )
        found.append(run.model())
    return found
