"""Count what a model costs from the shapes that flow through it; nothing is computed."""

import functools
import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import keras

from evrisim import taps
from evrisim._validate import InputError
from evrisim.cost.formulas import WITHOUT_PRODUCTS, Call, work
from evrisim.messages import translate as _


@dataclass(frozen=True)
class LayerCost:
    """What one layer, or one operation between layers, costs in one forward pass.

    Attributes:
        path: its name, after those of the models and blocks it lies in.
        kind: its class.
        output_shape: of its first output in its first call, batch included; `()` if never called.
        parameters: its own numbers, without those of layers inside it.
        formula: how the MACs of the first call come about, as text; empty where there are none.
        macs: multiply–accumulates of all its calls.
        activation_bytes: what all its outputs take; 0 for what only holds other layers.
        calls: how often it runs in one pass: a shared layer runs more than once.
        training_macs: MACs of forward and backward.
    """

    path: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    formula: str
    macs: int
    activation_bytes: int
    calls: int
    training_macs: int

    @property
    def flops(self) -> int:
        """Floating-point operations: two a MAC."""
        return 2 * self.macs


@dataclass(frozen=True)
class Cost:
    """What a model costs for one batch.

    Attributes:
        layers: layer by layer, in the order of their first call.
        parameters: all numbers it holds, as Keras counts them; a shared layer's once.
        trainable_parameters: those that training changes.
        batch_size: the images the other figures are for.
        uncounted: paths of layers with matrices of weights whose kind is unknown here: their work
            is missing from the MACs.
    """

    layers: tuple[LayerCost, ...]
    parameters: int
    trainable_parameters: int
    batch_size: int
    uncounted: tuple[str, ...]

    @property
    def macs(self) -> int:
        """Multiply–accumulates of one forward pass."""
        return sum(layer.macs for layer in self.layers)

    @property
    def flops(self) -> int:
        """Floating-point operations of one forward pass: two a MAC, nothing else counted."""
        return 2 * self.macs

    @property
    def training_macs(self) -> int:
        """MACs of one training step, forward and backward.

        Backward takes the forward's work twice: for the gradients of the weights and of the
        input. Frozen layers below the first trainable one need neither (1 ×), frozen ones above it
        only pass the gradient on (2 ×), trainable ones and products without weights take 3 ×.
        """
        return sum(layer.training_macs for layer in self.layers)

    @property
    def activation_bytes(self) -> int:
        """Bytes of all layers' outputs: about what training keeps for the backward pass."""
        return sum(layer.activation_bytes for layer in self.layers)


def measure(model: keras.Model, *, input_shape: Any = None, batch_size: int = 1) -> Cost:
    """Count parameters, MACs and activations of a model, layer by layer.

    The model's own code is traced with symbols in place of numbers, so nested and shared layers,
    branches and layers of one's own making are counted as they are called, on every backend. What
    counts as a MAC stands in `evrisim.cost.formulas`. The model is built if it was not, and else
    left as it was.

    Args:
        model: Any Keras model.
        input_shape: Shape of one input without the batch, such as `(224, 224, 3)`; for several
            inputs a list or dictionary of shapes, as the model takes them. None: as the model says.
        batch_size: Images in the batch; all but the parameters grows with it.

    Raises:
        InputError: If neither the model nor `input_shape` says how large the input is.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
        >>> cost = measure(model)
        >>> cost.layers[0].formula, cost.macs, cost.parameters
        ('36 × 3 × 3 × 3 × 4', 3888, 112)
    """
    inputs = _inputs(model, input_shape, batch_size)
    if not model.built:
        model(inputs)
    steps = taps.steps(model)
    seen = {path: _Seen(step) for path, step in steps.items()}
    order: list[str] = []
    with ExitStack() as stack:
        for path, step in steps.items():
            watched = _watched(step.call, seen[path], functools.partial(order.append, path))
            stack.enter_context(taps.overridden(step, "call", watched))
        _Forward(model)(inputs)
    own = _own_weights(model, steps)
    rows = tuple(_rows(seen, order, own))
    unknown = [path for path, one in seen.items() if _is_unknown(one, own[path])]
    return Cost(
        layers=rows,
        parameters=model.count_params(),
        trainable_parameters=sum(math.prod(weight.shape) for weight in model.trainable_weights),
        batch_size=batch_size,
        uncounted=tuple(unknown),
    )


class _Forward(keras.Operation):
    """A model's pass as one operation: given symbols, Keras runs the code of `call` with them."""

    def __init__(self, model: keras.Model):
        super().__init__()
        self.model = model

    def call(self, inputs: Any) -> Any:
        return self.model(inputs, training=False)


@dataclass
class _Seen:
    """A step and the shapes of its calls so far."""

    step: Any
    calls: list[Call] = field(default_factory=list)
    bytes: int = 0


def _watched(call: Any, seen: _Seen, note: Any) -> Any:
    @functools.wraps(call)
    def watched(*args: Any, **kwargs: Any) -> Any:
        output = call(*args, **kwargs)
        tensors = _tensors(output)
        shapes = tuple(map(_shape, tensors))
        seen.calls.append(Call(tuple(map(_shape, _tensors((args, kwargs)))), shapes))
        seen.bytes += sum(
            math.prod(shape) * _item_bytes(tensor)
            for shape, tensor in zip(shapes, tensors, strict=True)
        )
        note()
        return output

    return watched


def _tensors(structure: Any) -> list[Any]:
    return [item for item in keras.tree.flatten(structure) if keras.ops.is_tensor(item)]


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.shape)


def _item_bytes(tensor: Any) -> int:
    name = keras.backend.standardize_dtype(tensor.dtype)
    bits = "".join(letter for letter in name.removeprefix("bfloat") if letter.isdigit())
    return max(1, int(bits or 8) // 8)


def _inputs(model: keras.Model, given: Any, batch_size: int) -> Any:
    """Make the symbols that go in: of the shapes given, else of those the model was built for."""
    known = _known(model)
    if given is None and known is None:
        raise _no_shape(model)
    if given is None:
        return keras.tree.map_structure(
            lambda spec: _symbol(model, tuple(spec.shape[1:]), batch_size, spec.dtype), known
        )
    if _is_shape(given):
        specs = [] if known is None else keras.tree.flatten(known)
        dtype = specs[0].dtype if specs else "float32"
        symbol = _symbol(model, tuple(given), batch_size, dtype)
        # A model may have been made with a list or dictionary of its one input.
        return keras.tree.pack_sequence_as(known, [symbol]) if len(specs) == 1 else symbol
    items = given.items() if isinstance(given, dict) else enumerate(given)
    symbols = {key: _symbol(model, tuple(shape), batch_size, "float32") for key, shape in items}
    return symbols if isinstance(given, dict) else list(symbols.values())


def _known(model: keras.Model) -> Any:
    """Give the inputs a model was built for, in its own structure; None when it does not say."""
    inputs = getattr(model, "inputs", None)
    if not inputs:
        return None
    return inputs[0] if isinstance(model, keras.Sequential) else model.input


def _is_shape(given: Any) -> bool:
    return not isinstance(given, dict) and all(
        size is None or isinstance(size, int) for size in given
    )


def _symbol(
    model: keras.Model, shape: tuple[int | None, ...], batch_size: int, dtype: str
) -> keras.KerasTensor:
    if None in shape:
        raise _no_shape(model)
    return keras.KerasTensor((batch_size, *shape), dtype)


def _no_shape(model: keras.Model) -> InputError:
    return InputError(
        _(
            "The model {name} does not say how large its input is; give `input_shape` without the "
            "batch, such as (32, 32, 3)."
        ).format(name=model.name)
    )


def _own_weights(model: keras.Model, steps: dict[str, Any]) -> dict[str, list[Any]]:
    """Give each step's weights without those of the steps inside it; a weight goes to one step."""
    own: dict[str, list[Any]] = {}
    taken: set[int] = set()
    for path in sorted(steps, key=lambda path: -path.count("/")):  # the innermost first
        weights = getattr(steps[path], "weights", [])
        own[path] = [weight for weight in weights if id(weight) not in taken]
        taken.update(map(id, weights))
    return own


def _is_holder(step: Any) -> bool:
    return isinstance(step, keras.Layer) and bool(step._flatten_layers(include_self=False))


def _is_unknown(seen: _Seen, own: list[Any]) -> bool:
    """Say whether a step's own weights do work that no formula describes; vectors only scale."""
    tables = [weight for weight in own if len(weight.shape) > 1]
    if not tables or not seen.calls or isinstance(seen.step, WITHOUT_PRODUCTS):
        return False
    return work(seen.step, seen.calls[0]) is None


def _rows(
    seen: dict[str, _Seen], order: list[str], own: dict[str, list[Any]]
) -> Iterator[LayerCost]:
    """Put the layers in the order of their first call; those never called come last."""
    learning = False
    for path in dict.fromkeys([*order, *seen]):
        step, calls = seen[path].step, seen[path].calls
        found = [work(step, call) or (0, "") for call in calls]
        holder = _is_holder(step)
        if holder and not own[path] and not any(macs for macs, _text in found):
            continue
        macs = sum(macs for macs, _text in found)
        trainable = any(weight.trainable for weight in own[path])
        learning = learning or (trainable and bool(calls))
        weightless = not getattr(step, "weights", [])
        times = 1 if not learning else 3 if trainable or weightless or holder else 2
        yield LayerCost(
            path=path,
            kind=type(step).__name__,
            output_shape=calls[0].outputs[0] if calls and calls[0].outputs else (),
            parameters=sum(math.prod(weight.shape) for weight in own[path]),
            formula=found[0][1] if found else "",
            macs=macs,
            activation_bytes=0 if holder else seen[path].bytes,
            calls=len(calls),
            training_macs=times * macs,
        )
