"""From the settings of base, budget and arm to one training: a model, a recipe, a part of the data.

A setting has the name it has in `evrisim train --set`: the recipe's are plain (`batch_size`),
`model` names the model, `model.width` is an option of it, `recipe` names the recipe all others
change, and `data.train_images` keeps a part of a split. An arm with a `transfer.backbone` takes a
net over instead: `transfer.strategy` and its like are the options of `evrisim transfer`, plain
settings of a recipe count for all its stages, `head.epochs` and `tune.epochs` for some.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.messages import translate as _
from evrisim.study.design import BUDGETS, Arm, Settings, Study
from evrisim.training.recipe import Recipe

BUDGET_SETTINGS: dict[str, Settings] = {
    "smoke": {
        "epochs": 1,
        "data.train_images": 400,
        "data.validation_images": 100,
        "data.test_images": 200,
    },
    "quick": {"epochs": 8, "data.train_images": 5000, "data.validation_images": 1000},
    "full": {},
}
DEFAULTS = {"model": "convnet", "recipe": "course"}
MOST_SEEDS = {"smoke": 2}
"""Seeds a budget takes at most, unless the user says how many."""

TRANSFER = (
    "backbone",
    "weights",
    "size",
    "strategy",
    "domain",
    "last",
    "head",
    "norm",
    "views",
)
"""What is said of a transfer, as `transfer.backbone`."""

STAGES = ("head", "tune")
"""Kinds of stages of a transfer, whose recipes are changed as `head.epochs`."""

PARTS = {f"data.{split}_images": split for split in ("train", "validation", "test")}


@dataclass(frozen=True)
class Training:
    """What one arm trains, but for the seed.

    Attributes:
        model: Name of the model.
        options: Its options, as given.
        recipe: With seed 0.
        limits: Images kept of each named split.
        transfer: What is taken over and how, as fields of `transfer.Spec`; None for a training
            from the start. The recipe then stands for its seed alone.
    """

    model: str
    options: dict[str, Any]
    recipe: Recipe
    limits: dict[str, int]
    transfer: dict[str, Any] | None = None


def merged(study: Study, arm: Arm, budget: str) -> dict[str, Any]:
    """Give all settings of an arm: the arm's over the budget's over the base's."""
    check_choice("budget", budget, BUDGETS)
    of_budget = study.budgets.get(budget, BUDGET_SETTINGS[budget])
    return {**DEFAULTS, **study.base, **of_budget, **arm.settings}


def training(settings: Settings) -> Training:
    """Read settings.

    Raises:
        InputError: If one is unknown, or a value is not allowed; the model's options are checked
            where the model is built, see `check_model`.
    """
    for key in settings:
        check_setting(key)
    limits = {
        split: check_whole(key, settings[key], 1) for key, split in PARTS.items() if key in settings
    }
    own = {key: value for key, value in settings.items() if key in Recipe.model_fields}
    if settings.get("transfer.backbone") is not None:
        spec = _transfer(settings, own)
        return Training(str(settings["transfer.backbone"]), {}, Recipe.create({}), limits, spec)
    for key in settings:
        if key.partition(".")[0] in ("transfer", *STAGES) and key != "transfer.backbone":
            raise InputError(
                _("`{key}` is of a transfer: `transfer.backbone` must say of what.").format(key=key)
            )
    return Training(
        model=str(settings["model"]),
        options={
            key.removeprefix("model."): value
            for key, value in settings.items()
            if key.startswith("model.")
        },
        recipe=Recipe.load(str(settings["recipe"])).with_settings(own),
        limits=limits,
    )


def _transfer(settings: Settings, own: Settings) -> dict[str, Any]:
    """Read what is said of a transfer; recipes are checked, what only Keras knows is not."""
    found: dict[str, Any] = {
        key.removeprefix("transfer."): value
        for key, value in settings.items()
        if key.startswith("transfer.")
    }
    if "size" in found:
        size = check_whole("transfer.size", found["size"], 1)
        found["size"] = [size, size]
    of_stages: dict[str, dict[str, Any]] = {kind: {} for kind in STAGES}
    for key, value in settings.items():
        kind, dot, name = key.partition(".")
        if dot and kind in STAGES:
            of_stages[kind][name] = value
    for kind, changes in of_stages.items():
        Recipe.create({**own, **changes}, where=kind)
    return {**found, "shared": dict(own), "settings": of_stages}


def check_setting(key: Any) -> None:
    """Pass if there is a setting of this name.

    Raises:
        InputError: If there is none, or it is the seed, which the study pairs itself.
    """
    if key == "seed":
        raise InputError(
            _("`seed` is not a setting of a study: its seeds are paired over the arms by `seeds`.")
        )
    group, dot, name = str(key).partition(".")
    if dot and group == "model":
        return
    if dot and group == "transfer":
        check_choice("transfer setting", name, TRANSFER)
    elif dot and group in STAGES:
        check_choice(f"{group} setting", name, _recipe_settings())
    else:
        known = [
            *_recipe_settings(),
            "model",
            "recipe",
            "model.*",
            "transfer.*",
            "head.*",
            "tune.*",
        ]
        check_choice("setting", key, [*known, *PARTS])


def check_model(found: Training) -> None:
    """Pass if the model exists and takes its options, or a transfer its own. Needs Keras.

    Raises:
        InputError: If not.
    """
    if found.transfer is not None:
        from evrisim.study.trainees import TakenOver

        TakenOver(found.transfer).check()
        return
    from evrisim import models

    models.check(found.model, found.options)


def differing(all_settings: Sequence[Settings]) -> list[str]:
    """Name the settings that are not the same in all arms, in the order they are met.

    Example:
        >>> differing([{"epochs": 3, "model.width": 8}, {"epochs": 3, "model.bias": True}])
        ['model.width', 'model.bias']
    """
    keys = dict.fromkeys(key for settings in all_settings for key in settings)
    return [key for key in keys if not _is_shared(key, all_settings)]


def _is_shared(key: str, all_settings: Sequence[Settings]) -> bool:
    absent = object()
    first, *rest = (settings.get(key, absent) for settings in all_settings)
    return all(other == first for other in rest)


def _recipe_settings() -> list[str]:
    return [key for key in Recipe.model_fields if key != "seed"]
