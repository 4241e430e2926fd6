"""From a recipe to a Keras optimizer."""

from typing import Any

import keras

from evrisim.training import layer_rates
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
    by_layer = recipe.layer_decay < 1 or recipe.offset_rate != 1
    if recipe.optimizer == "adamw":
        kind = layer_rates.AdamW if by_layer else keras.optimizers.AdamW
        built = kind(**{**common, "weight_decay": recipe.weight_decay})
    else:
        kind = layer_rates.SGD if by_layer else keras.optimizers.SGD
        built = kind(momentum=recipe.momentum, nesterov=True, **common)
    if by_layer:
        depths = layer_rates.rate_factors(model, recipe.layer_decay)
        kinds = layer_rates.offset_factors(model, recipe.offset_rate)
        built.factors = tuple(one * other for one, other in zip(depths, kinds, strict=True))
    if recipe.weight_decay:
        built.exclude_from_weight_decay(
            var_list=[v for v in model.trainable_variables if len(v.shape) < 2]
        )
    built.build(model.trainable_variables)
    return built
