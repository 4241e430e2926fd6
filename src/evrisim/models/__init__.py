"""Model builders by name. Each takes an image shape and a number of classes and gives a model."""

import inspect
from collections.abc import Callable
from typing import Any

import keras

from evrisim._validate import InputError, check_choice, check_flag, check_range, check_whole
from evrisim.blocks import ACTIVATIONS, CONDENSE, NORMS, SHORTCUTS
from evrisim.messages import translate as _
from evrisim.models.convnet import convnet
from evrisim.models.parts import HEADS
from evrisim.models.resnet import plain, preact_resnet, resnet, resnet20, wide_resnet
from evrisim.models.staged import KINDS, staged

MODELS: dict[str, Callable[..., keras.Model]] = {
    "convnet": convnet,
    "resnet20": resnet20,
    "plain": plain,
    "resnet": resnet,
    "preact_resnet": preact_resnet,
    "wide_resnet": wide_resnet,
    "staged": staged,
}

__all__ = ["MODELS", "build", "complete", "convnet", "resnet20"]

_CHOICES = {
    "condense": CONDENSE,
    "norm": NORMS,
    "head": HEADS,
    "block": KINDS,
    "activation": ACTIVATIONS,
    "shortcut": SHORTCUTS,
}
_HIGHEST = {"norm_momentum": 1.0, "dropout": 0.99, "drop_path": 0.99}
_FLAGS = ("bias", "zero_init")


def build(
    name: str,
    image_shape: tuple[int, int, int],
    num_classes: int,
    options: dict[str, Any] | None = None,
) -> keras.Model:
    """Build the model called `name` for raw 0–255 images of `image_shape`.

    Args:
        name: One of `MODELS`.
        image_shape: `(rows, columns, channels)`.
        num_classes: Number of logits, at least 2.
        options: Keyword arguments of the builder, such as `{"width": 32}`.

    Raises:
        InputError: If the name or an option is unknown, an option's value is out of range, or the
            images are too small to be pooled three times.
    """
    check(name, options or {})
    check_whole("num_classes", num_classes, 2)
    rows, columns, _channels = image_shape
    if min(rows, columns) < 8:
        raise InputError(
            _(
                "Model {name} needs images of at least 8×8 pixels; received {rows}×{columns}."
            ).format(name=name, rows=rows, columns=columns)
        )
    return MODELS[name](image_shape, num_classes, **(options or {}))


def check(name: str, options: dict[str, Any]) -> None:
    """Pass if there is a model `name` with these options.

    Raises:
        InputError: If the name or an option is unknown, or an option's value is out of range.
    """
    builder = MODELS[check_choice("model", name, MODELS)]
    parameters = inspect.signature(builder).parameters.values()
    known = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    for key, value in options.items():
        check_choice("model option", key, known)
        _check_option(key, value)


def complete(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Give all options of a model, those not given as the builder's defaults.

    Example:
        >>> complete("resnet20", {"width": 8})
        {'width': 8, 'dropout': 0.0}
    """
    check(name, options)
    parameters = inspect.signature(MODELS[name]).parameters.values()
    return {
        parameter.name: options.get(parameter.name, parameter.default)
        for parameter in parameters
        if parameter.kind is parameter.KEYWORD_ONLY
    }


def _check_option(key: str, value: Any) -> None:
    name = f"model.{key}"
    if key in _CHOICES:
        check_choice(name, value, _CHOICES[key])
    elif key in _FLAGS:
        check_flag(name, value)
    elif key in _HIGHEST:
        check_range(name, value, 0, _HIGHEST[key])
    else:
        check_whole(name, value, 0 if key == "squeeze" else 1)
