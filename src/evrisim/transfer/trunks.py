"""The part of a net that a new task takes over: from raw images to feature maps, with weights."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from evrisim import backbones, models
from evrisim._validate import InputError, check_choice
from evrisim.data.download import is_offline, keras_folder
from evrisim.graph import Graph
from evrisim.messages import translate as _
from evrisim.opening import open_model
from evrisim.transfer import hub
from evrisim.transfer import weights as transferred

IMAGENET, RANDOM = "imagenet", "random"

_OF_HUB = (hub.PRESET, RANDOM)

Shape = tuple[int, int, int]

_MEAN, _DEVIATION = np.array(backbones.MEAN), np.array(backbones.DEVIATION)


@dataclass(frozen=True, eq=False)
class Trunk:
    """A net without its head.

    Attributes:
        name: What it was called by.
        weights: Where its weights are from: `imagenet`, `random`, or the path of a file or run.
        model: From raw 0–255 images `(batch, rows, columns, 3)` to feature maps
            `(batch, rows, columns, channels)`; the scaling that its weights expect is inside.
    """

    name: str
    weights: str
    model: keras.Model


def trunk(
    name: str | Path,
    image_shape: Shape | None = None,
    *,
    weights: str | Path | None = None,
    offline: bool = False,
) -> Trunk:
    """Give the trunk of a known architecture, of a model of ours, or of a trained model.

    Args:
        name: One of `backbones.BACKBONES` or `models.MODELS`; or the folder of a run or a `.keras`
            file, whose trunk has the weights that were trained; or a preset of KerasHub (an extra)
            as `hub:resnet_18_imagenet`, or `hub:` and the folder it was saved in.
        image_shape: `(rows, columns, channels)` for one built by its name; None: what it was
            made for.
        weights: Of one built by its name: `imagenet` (of Keras, fetched once and kept under
            `KERAS_HOME`), `random`, or a file of weights as Keras saves them. None: `imagenet` for
            a known architecture, `random` for a model of ours, `preset` for one of KerasHub.
        offline: Open no connection; `EVRISIM_OFFLINE=1` says the same.

    Raises:
        InputError: If there is no such net; its weights are neither here nor to be fetched (the
            file and its place are named), or do not fit; or it has no feature maps.
    """
    if str(name) in backbones.BACKBONES:
        model = backbones.build_trunk(str(name), image_shape)
        _scale_as_pretrained(str(name), model)
        given = IMAGENET if weights is None else str(weights)
        _load(str(name), model, given, offline)
        return Trunk(str(name), given, model)
    if str(name) in models.MODELS and not Path(name).exists():
        check_choice("weights", RANDOM if weights is None else str(weights), (RANDOM,))
        built = models.build(str(name), image_shape or (32, 32, 3), 2)
        return Trunk(str(name), RANDOM, without_head(built))
    if str(name).startswith(hub.PREFIX):
        given = check_choice("weights", hub.PRESET if weights is None else str(weights), _OF_HUB)
        preset = str(name).removeprefix(hub.PREFIX)
        fetched = given == hub.PRESET
        built = hub.trunk(preset, image_shape, pretrained=fetched, offline=offline)
        return Trunk(str(name), given, built)
    opened = open_model(name)
    return Trunk(opened.name, str(name), without_head(opened.model))


def without_head(model: keras.Model) -> keras.Model:
    """Cut a classifier where its last feature maps are; its layers and weights are the same.

    Raises:
        InputError: If the model is not functional, or no feature maps lead to its output.
    """
    maps = [cut for cut in Graph(model).cuts() if len(cut.output.shape) == 4]
    maps = [cut for cut in maps if not isinstance(cut, keras.layers.InputLayer)]
    if not maps:
        raise InputError(
            _("{name} has no feature maps that all of its output comes from.").format(
                name=model.name
            )
        )
    # A pooling that keeps rows and columns of one pixel is the head's already.
    last = next(cut for cut in reversed(maps) if cut.output.shape[1:3] != (1, 1))
    return keras.Model(model.inputs[0], last.output, name=model.name)


def weights_folder() -> Path:
    """Give the folder where Keras keeps weights: `$KERAS_HOME/models`, else `~/.keras/models`."""
    return keras_folder("models")


def _load(name: str, model: keras.Model, weights: str, offline: bool) -> None:
    if weights == RANDOM:
        return
    if weights == IMAGENET:
        _copy(name, _pretrained(name, model.input_shape[1:], offline), model)
    elif Path(weights).is_file():
        _load_file(name, model, Path(weights))
    else:
        raise InputError(
            _("There is no file of weights {path}; give one, or `imagenet` or `random`.").format(
                path=weights
            )
        )


def _pretrained(name: str, shape: Shape, offline: bool) -> keras.Model:
    """Give Keras' own model with the weights it gives out, fetched if they are not here."""
    known = backbones.BACKBONES[name]
    path = weights_folder() / known.weights_file.format(size=_published_size(name, shape))
    if is_offline(offline) and not path.is_file():
        raise InputError(
            _(
                "The ImageNet weights of {name} are not on this machine: {file} was looked for in "
                "{folder}. Fetch them without --offline, or take other weights."
            ).format(name=name, file=path.name, folder=path.parent)
        )
    builder = getattr(keras.applications, known.keras_name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that no weights are published for this size
            return builder(weights=IMAGENET, include_top=False, input_shape=shape)
    except Exception as error:
        if "URL fetch failure" not in str(error) and not isinstance(error, OSError):
            raise
        raise InputError(
            _(
                "The ImageNet weights of {name} could not be fetched ({reason}). Put {file} into "
                "{folder}, or take other weights."
            ).format(
                name=name,
                reason=" ".join(str(error).split())[-160:],
                file=path.name,
                folder=path.parent,
            )
        ) from None


def _published_size(name: str, shape: Shape) -> int:
    """Give the size whose weights Keras takes for images of a shape."""
    sizes = {"mobilenet_v1": (128, 160, 192, 224), "mobilenet_v2": (96, 128, 160, 192, 224)}
    rows, columns, _channels = shape
    return rows if rows == columns and rows in sizes.get(name, ()) else 224


def _copy(name: str, source: keras.Model, target: keras.Model) -> None:
    transferred.copy(source, target)
    norm = _normalisation(name, target)
    if norm is not None:  # see `_scale_as_pretrained`
        mean, variance, *count = norm.get_weights()
        norm.set_weights([mean, variance * _DEVIATION.astype(np.float32), *count])
        transferred.refresh(target)


def _load_file(name: str, model: keras.Model, path: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Keras warns where it leaves weights as they are
            model.load_weights(path)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(
            _("{path} does not hold the weights of {name} without its head: {reason}").format(
                path=path, name=name, reason=reason
            )
        ) from None


def _scale_as_pretrained(name: str, model: keras.Model) -> None:
    """Scale images of an EfficientNet as its ImageNet weights expect, whatever its weights are.

    Keras builds these nets (version 1) with one more scaling where they are pretrained, and
    without any where they are not: a comparison with training from scratch would compare that,
    too. (x − mean) / √variance / √deviation is the same as one normalisation by variance ×
    deviation.
    """
    norm = _normalisation(name, model)
    if norm is not None:
        scaled = [_MEAN, _DEVIATION**3]
        norm.set_weights([np.array(x, np.float32) for x in scaled] + norm.get_weights()[2:])
        transferred.refresh(model)


def _normalisation(name: str, model: keras.Model) -> Any:
    if not name.startswith("efficientnet_b"):
        return None
    kind = keras.layers.Normalization
    return next(layer for layer in model.layers if isinstance(layer, kind))
