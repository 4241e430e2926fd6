"""How sums, products and rearrangements of axes pass positions on."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from evrisim.cost import spans
from evrisim.cost.spans import Window
from evrisim.cost.strands import (
    Passage,
    Placed,
    Strand,
    Unknowable,
    broadcast,
    listed,
    reduced,
    reshaped,
)


def reduction(call: Passage) -> list[Strand]:
    """Follow a sum, average, maximum or the like."""
    axes = call.step.axis
    axes = None if axes is None else listed(axes)
    return reduced(call.inputs[0], axes, keepdims=bool(getattr(call.step, "keepdims", False)))


def moments(call: Passage) -> list[Strand]:
    """Follow mean and variance over some axes."""
    return reduced(call.inputs[0], listed(call.step.axes), keepdims=call.step.keepdims)


def along_axis(call: Passage) -> list[Strand]:
    """Normalise over some axes: each number there depends on all the others."""
    axes = getattr(call.step, "axis", -1)
    given = call.inputs[0]
    mixed = given.mixed(range(len(given.shape)) if axes is None else listed(axes))
    return [*mixed.strands, *(s for one in call.inputs[1:] for s in broadcast(one, call.shape))]


def activation(call: Passage) -> list[Strand]:
    """Most act on each number, a softmax on the last axis."""
    return list(call.inputs[0].mixed([-1]).strands)


def group_normalisation(call: Passage) -> list[Strand]:
    """Follow a normalisation over all positions: each depends on all others."""
    given = call.inputs[0]
    return list(given.mixed(range(1, len(given.shape))).strands)


def dense(call: Passage) -> list[Strand]:
    """Follow a product with a matrix over the last axis."""
    return list(call.inputs[0].mixed([-1]).strands)


def reshape(call: Passage) -> list[Strand]:
    """Follow the same numbers into other axes."""
    return reshaped(call.inputs[0], call.shape)


def _order(axes: Sequence[int]) -> dict[int, int]:
    return {axis % len(axes): place for place, axis in enumerate(axes)}


def permute(call: Passage) -> list[Strand]:
    """Follow the layer that reorders axes, the batch not counted."""
    return call.inputs[0].moved(_order([0, *call.step.dims]))


def transpose(call: Passage) -> list[Strand]:
    """Follow a reordering of all axes."""
    axes = call.step.axes
    return call.inputs[0].moved(_order(axes or range(len(call.shape))[::-1]))


def swapaxes(call: Passage) -> list[Strand]:
    """Follow two axes that change places."""
    order = list(range(len(call.shape)))
    one, other = call.step.axis1, call.step.axis2
    order[one], order[other] = order[other], order[one]
    return call.inputs[0].moved(_order(order))


def moveaxis(call: Passage) -> list[Strand]:
    """Follow axes to new places."""
    ndim = len(call.shape)
    pairs = zip(listed(call.step.source), listed(call.step.destination), strict=True)
    order = [axis for axis in range(ndim) if axis not in {s % ndim for s in call.step.source}]
    for to, source in sorted((to % ndim, source % ndim) for source, to in pairs):
        order.insert(to, source)
    return call.inputs[0].moved(_order(order))


def concatenate(call: Passage) -> list[Strand]:
    """Follow tensors laid behind each other, along an axis without positions."""
    axis = call.step.axis % len(call.shape)
    strands = [strand for given in call.inputs for strand in given.strands]
    if any(strand.axis == axis for strand in strands) and len(call.inputs) > 1:
        raise Unknowable
    return strands


def stack(call: Passage) -> list[Strand]:
    """Follow tensors stacked along a new axis."""
    place = call.step.axis % len(call.shape)
    ahead = {axis: axis + (axis >= place) for axis in range(len(call.shape) - 1)}
    return [strand for given in call.inputs for strand in given.moved(ahead)]


def split(call: Passage) -> list[Strand]:
    """Follow a tensor cut up, or unstacked, along an axis without positions."""
    axis = call.step.axis % len(call.inputs[0].shape)
    if any(strand.axis == axis for strand in call.inputs[0].strands):
        raise Unknowable
    kept = [a for a in range(len(call.inputs[0].shape)) if a != axis]
    if len(call.shape) == len(kept):  # unstacked
        return call.inputs[0].moved(_order_of(kept))
    return list(call.inputs[0].strands)


def _order_of(kept: Sequence[int]) -> dict[int, int]:
    return {axis: place for place, axis in enumerate(kept)}


def item(call: Passage) -> list[Strand]:
    """Follow `x[...]` made of slices, numbers, new axes and dots."""
    given, key = call.inputs[0], call.args[1]
    windows: dict[int, Window] = {}
    places: dict[int, int] = {}
    axis = place = 0
    for part in _spelled_out(key, len(given.shape)):
        if part is None:
            place += 1
        elif isinstance(part, slice):
            start, _stop, step = part.indices(given.shape[axis])
            windows[axis], places[axis] = spans.picked(start, step), place
            axis, place = axis + 1, place + 1
        else:
            windows[axis], places[axis] = Window(np.array([[part % given.shape[axis]]]), 0), -1
            axis += 1
    moved = Placed(tuple(given.slid(windows)), given.shape, given.frame).moved(places)
    return [Strand(s.side, None, s.span) if s.axis == -1 else s for s in moved]


def _spelled_out(key: Any, ndim: int) -> Iterator[Any]:
    parts = list(key) if isinstance(key, tuple | list) else [key]
    if not all(part is None or part is ... or isinstance(part, int | slice) for part in parts):
        raise Unknowable
    dots = next((n for n, part in enumerate(parts) if part is ...), len(parts))
    given = sum(part is not None and part is not ... for part in parts)
    return iter([*parts[:dots], *[slice(None)] * (ndim - given), *parts[dots + 1 :]])


def einsum(call: Passage) -> list[Strand]:
    """Follow a product in Einstein notation."""
    return _contracted(call, call.step.subscripts)


def einsum_dense(call: Passage) -> list[Strand]:
    """Follow the layer of such a product with weights."""
    return _contracted(call, call.step.equation)


def _contracted(call: Passage, equation: str) -> list[Strand]:
    """Follow the letters of a product: those that are gone were summed over."""
    terms, _arrow, result = equation.replace(" ", "").partition("->")
    if not result:
        raise Unknowable
    names = terms.split(",")
    letters = _letters(result, len(call.shape))
    found: list[Strand] = []
    for name, given in zip(names, call.inputs, strict=False):
        own = _letters(name, len(given.shape))
        summed = [axis for axis, letter in enumerate(own) if letter not in letters]
        places = {a: letters.index(x) for a, x in enumerate(own) if x in letters}
        found += given.mixed(summed).moved(places)
    return found


def _letters(term: str, ndim: int) -> list[str]:
    head, dots, tail = term.partition("...")
    rest = [f".{back}" for back in range(ndim - len(head) - len(tail), 0, -1)] if dots else []
    return [*head, *rest, *tail]


def matmul(call: Passage) -> list[Strand]:
    """Follow a product of matrices."""
    if len(call.inputs) < 2:  # with weights: as a dense layer
        if call.inputs[0].shape[:-1] != call.shape[:-1]:
            raise Unknowable
        return dense(call)
    one, other = call.inputs
    if len(one.shape) != len(other.shape) or one.shape[:-2] != other.shape[:-2]:
        raise Unknowable
    return [*one.mixed([-1]).strands, *other.mixed([-2]).strands]


def attention_heads(call: Passage) -> list[Strand]:
    """Follow attention over all positions, or the axes it was given."""
    query, *memory = call.inputs
    axes = call.step.get_config().get("attention_axes") or range(1, len(query.shape) - 1)
    return _attending(query, memory or [query], listed(axes))


def attention(call: Passage) -> list[Strand]:
    """Follow attention along the first axis after the batch."""
    return _attending(call.inputs[0], list(call.inputs[1:]), [1])


def _attending(query: Placed, memory: list[Placed], axes: Sequence[int]) -> list[Strand]:
    """Each query sees itself and all that keys and values see along the axes attended."""
    seen = [strand for given in memory for strand in given.mixed([*axes, -1]).strands]
    return [*query.mixed([-1]).strands, *seen]
