"""Weights from one model to another of the same making, with one sentence where they do not fit."""

from typing import Any

import keras

from evrisim._validate import InputError
from evrisim.folding import refresh
from evrisim.messages import translate as _


def copy(source: keras.Model, target: keras.Model) -> None:
    """Give `target` the weights of `source`, in the order of their layers.

    Raises:
        InputError: If a shape differs, or there are more or fewer of them; the first is named.
    """
    _check_alike(source, target)
    target.set_weights(source.get_weights())
    refresh(target)


def _check_alike(source: keras.Model, target: keras.Model) -> None:
    theirs, ours = source.weights, target.weights
    for one, other in zip(theirs, ours, strict=False):
        if tuple(one.shape) != tuple(other.shape):
            raise _unfit(
                target,
                _("{path} has shape {found}, where {wanted} is needed").format(
                    path=one.path, found=tuple(one.shape), wanted=tuple(other.shape)
                ),
            )
    if len(theirs) != len(ours):
        raise _unfit(
            target,
            _("there are {found} arrays, where {wanted} are needed").format(
                found=len(theirs), wanted=len(ours)
            ),
        )


def _unfit(target: Any, reason: str) -> InputError:
    return InputError(
        _("The weights do not fit {name}: {reason}.").format(name=target.name, reason=reason)
    )
