"""Which layer's feature maps to look at: the last with rows and columns, or one named."""

from typing import Any

import keras

from evrisim import taps
from evrisim._validate import InputError
from evrisim.messages import translate as _


def find_layer(model: keras.Model, image_shape: tuple[int, ...] | None = None) -> str:
    """Name the layer that is looked at by default: the last one that still has rows and columns.

    Found by running one black image: of all layers that give `(batch, rows, columns, channels)`
    with more than one position, after at least one layer with a kernel, the last to finish.
    Layers within nested models and blocks count, and have a path such as `backbone/block6_add`.
    Where branches lose their rows and columns before they meet, it is in the last one to run.

    Args:
        model: any Keras model of images.
        image_shape: `(height, width, channels)`, for a model that does not fix it.

    Raises:
        InputError: For a model without such a layer, or when the size of images is unknown.
    """
    return last_features(model, taps.record(model, image_shape)).path


def target(model: keras.Model, trace: taps.Pass, layer: str | None = None) -> taps.Seen:
    """Give the call whose output is looked at: of the layer named, or what `find_layer` finds.

    Raises:
        InputError: As `find_layer`, or if there is no layer of that name with feature maps.
    """
    return last_features(model, trace) if layer is None else _named(model, trace, layer)


def _candidates(trace: taps.Pass) -> dict[str, taps.Seen]:
    """List the last call of each step that gave feature maps, in the order of running."""
    spatial = [one for one in trace.seen if one.shape and _is_spatial(one.shape)]
    found: dict[str, taps.Seen] = {}
    for one in spatial:
        found.pop(one.path, None)  # a later call moves a step to the end
        found[one.path] = one
    return found


def _is_spatial(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[1] * shape[2] > 1


def last_features(model: keras.Model, trace: taps.Pass) -> taps.Seen:
    """Give the call that `find_layer` names, from one pass of the model."""
    with_kernel = [i for i, one in enumerate(trace.seen) if _has_kernel(one.step)]
    learned = trace.seen[with_kernel[0] :] if with_kernel else ()
    found = [
        one
        for one in _candidates(trace).values()
        if not one.passed_on and any(one is other for other in learned)
    ]
    if not found:
        raise InputError(
            _(
                "The model {name} has no layer after a kernel that still has rows and columns, so "
                "there is no map to show; its layers give: {layers}."
            ).format(name=model.name, layers=_listed(trace))
        )
    return found[-1]


def _has_kernel(step: Any) -> bool:
    return any(len(weight.shape) > 1 for weight in getattr(step, "weights", ()))


def _named(model: keras.Model, trace: taps.Pass, layer: str) -> taps.Seen:
    candidates = _candidates(trace)
    if layer not in candidates:
        raise InputError(
            _(
                "`layer` must name a layer of {name} that gives (batch, rows, columns, channels); "
                "received {layer!r}. There are: {known}."
            ).format(name=model.name, layer=layer, known=", ".join(candidates) or "–")
        )
    return candidates[layer]


def _listed(trace: taps.Pass) -> str:
    last = trace.seen[-6:]
    dots = "…, " if len(trace.seen) > len(last) else ""
    return dots + ", ".join(f"{one.path} {one.shape[1:] if one.shape else '?'}" for one in last)
