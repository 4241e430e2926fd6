"""From a recipe to a Keras optimizer."""

from typing import Any

import keras

from evrisim.training import layer_rates
from evrisim.training.recipe import Recipe


def learning_rate(recipe: Recipe, steps_per_epoch: int) -> Any:
    """Give the rate over steps: a warm-up from zero, then cosine to zero or a constant.

    Reference:
        Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983 (cosine, no restarts);
        Goyal et al. 2017, https://arxiv.org/abs/1706.02677 (warm-up).
    """
    total = recipe.epochs * steps_per_epoch
    warmup = min(round(recipe.warmup_epochs * steps_per_epoch), total - 1)
    alpha = 1.0 if recipe.schedule == "constant" else 0.0
    if not warmup:
        return keras.optimizers.schedules.CosineDecay(recipe.learning_rate, total, alpha=alpha)
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        total - warmup,
        alpha=alpha,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
    )


def optimizer(recipe: Recipe, model: keras.Model, rate: Any) -> keras.optimizers.Optimizer:
    """Build the recipe's optimizer for `model`; weights without a kernel's rank do not decay.

    Args:
        recipe: Which, and its settings but for the rate.
        model: Whose trainable variables it changes.
        rate: The rate over steps, such as `learning_rate` gives; or a number.
    """
    common = {
        "learning_rate": rate,
        "weight_decay": recipe.weight_decay or None,
        "global_clipnorm": recipe.clip_norm,
        "use_ema": recipe.ema is not None,
        "ema_momentum": recipe.ema or 0.99,
    }
    by_layer = recipe.layer_decay < 1
    if recipe.optimizer == "adamw":
        kind = layer_rates.AdamW if by_layer else keras.optimizers.AdamW
        built = kind(**{**common, "weight_decay": recipe.weight_decay})
    else:
        kind = layer_rates.SGD if by_layer else keras.optimizers.SGD
        built = kind(momentum=recipe.momentum, nesterov=True, **common)
    if by_layer:
        built.factors = tuple(layer_rates.rate_factors(model, recipe.layer_decay))
    if recipe.weight_decay:
        built.exclude_from_weight_decay(
            var_list=[v for v in model.trainable_variables if len(v.shape) < 2]
        )
    built.build(model.trainable_variables)
    return built
