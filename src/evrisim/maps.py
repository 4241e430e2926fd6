"""The feature maps that a layer of any model gives for pictures of any size."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import keras
import numpy as np

from evrisim import images, pictures, taps
from evrisim._validate import InputError
from evrisim.inference import check_images
from evrisim.messages import translate as _


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """What a layer of a model gave for images.

    Attributes:
        layer: its path in the model.
        maps: `(count, rows, columns, channels)` float32.
    """

    layer: str
    maps: np.ndarray


def layer_maps(
    model: keras.Model, photographs: Sequence[np.ndarray], layer: str | None = None
) -> LayerMaps:
    """Run pictures through a model and give the feature maps of one of its layers.

    Args:
        model: of raw 0–255 images; one that leaves their size open gets the first picture's.
        photographs: `(rows, columns, 3)` uint8 each, of any size: they are brought to the model's.
        layer: its path in the model, nested ones included (`backbone/conv1`); default the first
            that has a kernel. Of a layer that is called several times, the last call.

    Raises:
        InputError: For a layer that is not there or gives no maps, with the nearest names.
    """
    shape = _image_shape(model, photographs[0])
    batch = np.stack([_prepared(picture, shape) for picture in photographs])
    check_images(model, batch)
    trace = taps.record(model, shape)
    path = _first_with_kernel(model, trace) if layer is None else _checked(model, trace, layer)
    step = next(one.step for one in trace.seen if one.path == path)
    kept: list[Any] = []

    def keep(output: Any) -> Any:
        kept.append(output)
        return output

    with taps.tapped([(step, keep)]):
        model(keras.ops.convert_to_tensor(batch, "float32"), training=False)
    return LayerMaps(path, keras.ops.convert_to_numpy(kept[-1]).astype(np.float32))


def _image_shape(model: keras.Model, picture: np.ndarray) -> tuple[int, ...]:
    wanted = taps.input_shape(model) or (None, None, None)
    own = (*pictures.at_most(picture).shape[:2], 3)
    return tuple(want or given for want, given in zip(wanted, own, strict=True))


def _prepared(picture: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    fitted = images.fit(picture, (shape[0], shape[1]))
    return np.rint(255 * pictures.grey(fitted))[..., None] if shape[2] == 1 else fitted


def _spatial(trace: taps.Pass) -> list[taps.Seen]:
    """List what gave feature maps with more than one cell."""
    return [
        one for one in trace.seen if one.shape and len(one.shape) == 4 and max(one.shape[1:3]) > 1
    ]


def _first_with_kernel(model: keras.Model, trace: taps.Pass) -> str:
    for one in _spatial(trace):
        if any(len(weight.shape) > 1 for weight in getattr(one.step, "weights", ())):
            return one.path
    raise InputError(
        _("The model {name} has no layer with a kernel that gives feature maps.").format(
            name=model.name
        )
    )


def _checked(model: keras.Model, trace: taps.Pass, layer: str) -> str:
    known = list(dict.fromkeys(one.path for one in _spatial(trace)))
    if layer in known:
        return layer
    near = get_close_matches(layer, known, n=3, cutoff=0.0)
    raise InputError(
        _(
            "The model {name} has no layer {layer!r} that gives feature maps; the nearest names "
            "are {near}."
        ).format(name=model.name, layer=layer, near=", ".join(near) or "–")
    )
