"""Which layers of a model give feature maps, how they are called, and which to look at first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from evrisim import taps
from evrisim._validate import InputError
from evrisim.messages import translate as _


@dataclass(frozen=True, eq=False)
class LayerCall:
    """One call of a layer or operation that gives `(batch, rows, columns, maps)`.

    Attributes:
        path: names of the models and blocks it lies in and its own: `backbone/block6_conv`.
        step: the layer or operation itself.
        call: which of its calls is meant, 1 for the first.
        calls: how often a pass calls it; more than once when the layer is shared.
        shape: `(rows, columns, maps)` of what it gives.
    """

    path: str
    step: Any
    call: int
    calls: int
    shape: tuple[int, int, int]

    @property
    def name(self) -> str:
        """The path; of a shared layer also which call: `conv@2`."""
        return self.path if self.calls == 1 else f"{self.path}@{self.call}"

    @property
    def kind(self) -> str:
        """The class of the layer, such as `Conv2D`."""
        return type(self.step).__name__


def list_layers(
    model: keras.Model, image_shape: tuple[int, ...] | None = None
) -> tuple[LayerCall, ...]:
    """List every call of a layer that gives feature maps, in the order in which they finish.

    Found by running one black image. A layer without rows and columns (Dense after pooling) or
    with several outputs gives no feature maps and is not listed.

    Args:
        model: any Keras model of images: functional, sequential, nested, or subclassed.
        image_shape: `(height, width, channels)`, for a model that does not fix it.

    Raises:
        InputError: When the size of images is unknown.
    """
    return _with_maps(taps.record(model, image_shape))


def find_layers(
    model: keras.Model,
    names: str | Sequence[str] | None,
    image_shape: tuple[int, ...] | None = None,
) -> tuple[LayerCall, ...]:
    """Find layers by path, one or several, or those of `default_layers` when `names` is None.

    A shared layer runs several times: its path alone means the last call, `path@1` the first.

    Raises:
        InputError: For an unknown name (the nearest are suggested), for a layer or call without
            feature maps, or when the size of images is unknown.
    """
    if names is None:
        return default_layers(model, image_shape)
    if not names:
        raise InputError(_("No layer was named; name at least one, or none for the usual choice."))
    wanted = dict.fromkeys([names] if isinstance(names, str) else names)
    trace = taps.record(model, image_shape)
    known = _with_maps(trace)
    return tuple(_named(model, trace, known, name) for name in wanted)


def default_layers(
    model: keras.Model, image_shape: tuple[int, ...] | None = None
) -> tuple[LayerCall, ...]:
    """Choose what to look at first: the first convolution and the last layer of each stage.

    From the first convolution on, a stage is a run of layers that give equal rows × columns, at
    least one of which has a kernel (padding alone makes no stage). Layers that give a single
    position (squeeze-and-excitation) or hand on what they got (dropout) do not count. While a
    model condenses, layers of one size belong together even if a shortcut of the next size runs
    between them; where it grows again after its smallest size (a decoder), sizes come anew.

    Raises:
        InputError: For a model without a convolution that gives feature maps.
    """
    trace = taps.record(model, image_shape)
    first = next((i for i, one in enumerate(trace.seen) if _is_convolution(one)), None)
    if first is None:
        raise InputError(
            _(
                "The model {name} has no convolution, so it has no feature maps; "
                "its layers give: {layers}."
            ).format(name=model.name, layers=_ends(trace.seen))
        )
    counted = [one for one in trace.seen[first:] if _counts(one)]
    chosen = {id(one): one for one in [trace.seen[first], *_stage_ends(counted)]}
    known = {(one.path, one.call): one for one in _with_maps(trace)}
    return tuple(known[one.path, one.call + 1] for one in chosen.values())


def has_convolution_kernel(step: Any) -> bool:
    """Tell whether a layer owns a kernel of rows, columns and channels; a block does not."""
    holds_layers = isinstance(step, keras.layers.Layer) and any(
        step._flatten_layers(include_self=False)
    )
    return not holds_layers and any(len(w.shape) == 4 for w in getattr(step, "weights", ()))


def _stage_ends(counted: Sequence[taps.Seen]) -> list[taps.Seen]:
    """Give the last call at each size: on the way down to the smallest, then on the way up."""
    areas = [one.shape[1] * one.shape[2] for one in counted if one.shape]
    if not areas:
        return []
    turn = len(areas) - areas[::-1].index(min(areas))
    ends: list[taps.Seen] = []
    for part in (counted[:turn], counted[turn:]):
        last: dict[Any, taps.Seen] = {}
        kernels = {_size(one) for one in part if _has_kernel(one.step)}
        for one in part:
            last.pop(_size(one), None)  # the order of the ends, not of the beginnings
            last[_size(one)] = one
        ends += [one for size, one in last.items() if size in kernels]
    return ends


def _named(
    model: keras.Model, trace: taps.Pass, known: Sequence[LayerCall], name: str
) -> LayerCall:
    path, call = _path_and_call(name, {one.path for one in trace.seen})
    found = [one for one in known if one.path == path and call in (None, one.call)]
    if found:
        return found[-1]
    seen = [one for one in trace.seen if one.path == path]
    usable = list(dict.fromkeys(one.path for one in known))
    if not seen:
        near = taps.nearest(path, usable) or usable
        raise InputError(
            _(
                "The model {name} has no layer {layer!r} with feature maps; nearest: {near} "
                "(`list_layers`, on the command line --layers, lists all)."
            ).format(name=model.name, layer=name, near=_shortened(near))
        )
    if call is not None and call > len(seen):
        raise InputError(
            _("{layer!r}: the layer {path} runs {calls} times in a pass.").format(
                layer=name, path=path, calls=len(seen)
            )
        )
    shape = seen[-1 if call is None else call - 1].shape
    raise InputError(
        _(
            "The layer {layer!r} gives {shape}, no feature maps (batch, rows, columns, maps). "
            "Layers that can be used: {known}."
        ).format(
            layer=name,
            shape=_("several tensors") if shape is None else _with_batch(shape),
            known=_shortened(usable) or _("none"),
        )
    )


def _path_and_call(name: str, paths: set[str]) -> tuple[str, int | None]:
    match = re.fullmatch(r"(.+)@([1-9]\d{0,5})", name)
    if match is None or name in paths:
        return name, None
    return match[1], int(match[2])


def _with_maps(trace: taps.Pass) -> tuple[LayerCall, ...]:
    calls: dict[str, int] = {}
    for one in trace.seen:
        calls[one.path] = calls.get(one.path, 0) + 1
    return tuple(
        LayerCall(one.path, one.step, one.call + 1, calls[one.path], one.shape[1:])
        for one in trace.seen
        if one.shape is not None and len(one.shape) == 4
    )


def _is_convolution(one: taps.Seen) -> bool:
    return one.shape is not None and len(one.shape) == 4 and has_convolution_kernel(one.step)


def _counts(one: taps.Seen) -> bool:
    shape = one.shape
    return shape is not None and len(shape) == 4 and shape[1] * shape[2] > 1 and not one.passed_on


def _has_kernel(step: Any) -> bool:
    return any(len(weight.shape) > 1 for weight in getattr(step, "weights", ()))


def _size(one: taps.Seen) -> Any:
    return one.shape and one.shape[1:3]


def _with_batch(shape: tuple[int, ...]) -> str:
    return f"({', '.join(['batch', *map(str, shape[1:])])})"


def _ends(seen: Sequence[taps.Seen]) -> str:
    named = [f"{one.path} {one.shape[1:] if one.shape else '?'}" for one in seen]
    return _shortened(named, longest=6)


def _shortened(names: Sequence[str], longest: int = 8) -> str:
    """List a few: the first ones, dots, the last ones."""
    if len(names) <= longest:
        return ", ".join(names)
    half = longest // 2
    return ", ".join([*names[:half], "…", *names[-half:]])
