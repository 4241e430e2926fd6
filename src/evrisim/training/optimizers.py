"""From a recipe to a Keras optimizer."""

from typing import Any

import keras

from evrisim.training import layer_rates, muon
from evrisim.training.recipe import Recipe


def optimizer(recipe: Recipe, model: keras.Model, rate: Any) -> keras.optimizers.Optimizer:
    """Build the recipe's optimizer for `model`; weights without a kernel's rank do not decay.

    Args:
        recipe: Which, and its settings but for the rate.
        model: Whose trainable variables it changes.
        rate: The rate over steps, such as `schedules.learning_rate` gives; or a number.
    """
    common = {
        "learning_rate": rate,
        "weight_decay": recipe.weight_decay or None,
        "global_clipnorm": recipe.clip_norm,
        "use_ema": recipe.ema is not None,
        "ema_momentum": recipe.ema or 0.99,
    }
    by_layer = recipe.layer_decay < 1 or recipe.offset_rate != 1 or recipe.optimizer == "muon"
    if recipe.optimizer == "adamw":
        kind = layer_rates.AdamW if by_layer else keras.optimizers.AdamW
        built = kind(**{**common, "weight_decay": recipe.weight_decay})
    else:
        plain = layer_rates.SGD if by_layer else keras.optimizers.SGD
        kind = muon.Muon if recipe.optimizer == "muon" else plain
        built = kind(momentum=recipe.momentum, nesterov=True, **common)
    if by_layer:
        built.factors = _factors(recipe, model)
    if recipe.weight_decay:
        built.exclude_from_weight_decay(
            var_list=[v for v in model.trainable_variables if not _decays(recipe, v)]
        )
    built.build(model.trainable_variables)
    return built


def _factors(recipe: Recipe, model: keras.Model) -> tuple[float, ...]:
    """Give what the rate of each trainable variable is multiplied by."""
    depths = layer_rates.rate_factors(model, recipe.layer_decay)
    kinds = layer_rates.offset_factors(model, recipe.offset_rate)
    if recipe.optimizer == "muon":
        share = recipe.kernel_rate / recipe.learning_rate
        variables = model.trainable_variables
        kinds = [share if muon.takes(v) else kind for v, kind in zip(variables, kinds, strict=True)]
    return tuple(one * other for one, other in zip(depths, kinds, strict=True))


def _decays(recipe: Recipe, variable: Any) -> bool:
    """Tell whether a variable decays: kernels do, but those whose length is given do not."""
    fixed = recipe.optimizer == "muon" and muon.takes(variable)
    return len(variable.shape) >= 2 and not fixed
