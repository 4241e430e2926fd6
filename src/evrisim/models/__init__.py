"""Model builders by name. Each takes an image shape and a number of classes and gives a model."""

import inspect
from collections.abc import Callable
from typing import Any

import keras

from evrisim._validate import check_choice, check_flag, check_range, check_whole
from evrisim.blocks import ACTIVATIONS, CONDENSE, NORMS, SHORTCUTS, STRIDE_AT
from evrisim.models.airbench import airbench
from evrisim.models.condensed import condensed
from evrisim.models.convnet import convnet
from evrisim.models.densenet import densenet
from evrisim.models.large import STEMS, resnet_large, resnext
from evrisim.models.mobile import mobilenet
from evrisim.models.next import convnext
from evrisim.models.parts import HEADS, check_size
from evrisim.models.resnet import plain, preact_resnet, resnet, resnet20, wide_resnet
from evrisim.models.staged import KINDS, staged

MODELS: dict[str, Callable[..., keras.Model]] = {
    "convnet": convnet,
    "condensed": condensed,
    "airbench": airbench,
    "resnet20": resnet20,
    "plain": plain,
    "resnet": resnet,
    "preact_resnet": preact_resnet,
    "wide_resnet": wide_resnet,
    "resnet_large": resnet_large,
    "resnext": resnext,
    "mobilenet": mobilenet,
    "densenet": densenet,
    "convnext": convnext,
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
    "stem": STEMS,
    "stride_at": STRIDE_AT,
}
_RANGES = {
    "norm_momentum": (0.0, 1.0),
    "dropout": (0.0, 0.99),
    "drop_path": (0.0, 0.99),
    "scale": (0.1, 4.0),
}
SMALLEST = 8
"""Rows and columns that all of them need: they halve the resolution three times, or more."""

_FLAGS = ("bias", "zero_init", "whitening", "whitening_bias", "identity")


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
            images are smaller than what the model condenses by.
    """
    check(name, options or {})
    check_whole("num_classes", num_classes, 2)
    check_size(name, image_shape, SMALLEST)
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
    elif key in _RANGES:
        check_range(name, value, *_RANGES[key])
    else:
        check_whole(name, value, 0 if key == "squeeze" else 1)
