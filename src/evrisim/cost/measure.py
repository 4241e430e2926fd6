"""Count what a model costs from the shapes that flow through it; nothing is computed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from evrisim._validate import check_whole
from evrisim.cost import parameters
from evrisim.cost.formulas import is_unknown, work
from evrisim.cost.tracing import Seen, trace


@dataclass(frozen=True)
class LayerCost:
    """What one layer, or one operation between layers, costs in one forward pass.

    Attributes:
        path: its name, after those of the models and blocks it lies in.
        kind: its class.
        output_shape: of its first output in its first call, batch included; `()` if never called.
        parameters: its own numbers, without those of layers inside it.
        trainable_parameters: those of them that training changes.
        parameter_formula: how its parameters come about, such as `(3 × 3 × 3 + 1) × 64`; empty
            where there are none.
        macs: multiply–accumulates of all its calls; None where they are not known.
        formula: how the MACs of the first call come about, as text; empty where there are none.
        activation_bytes: what all its outputs take; 0 for what only holds other layers.
        calls: how often it runs in one pass: a shared layer runs more than once.
        training_macs: MACs of forward and backward; None where they are not known.
    """

    path: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    trainable_parameters: int
    parameter_formula: str
    macs: int | None
    formula: str
    activation_bytes: int
    calls: int
    training_macs: int | None

    @property
    def flops(self) -> int | None:
        """Floating-point operations: two a MAC."""
        return None if self.macs is None else 2 * self.macs


@dataclass(frozen=True)
class Cost:
    """What a model costs for one batch.

    Attributes:
        layers: layer by layer, in the order of their first call.
        parameters: all numbers it holds, as Keras counts them; a shared layer's once.
        trainable_parameters: those that training changes.
        batch_size: the images the other figures are for.
    """

    layers: tuple[LayerCost, ...]
    parameters: int
    trainable_parameters: int
    batch_size: int

    @property
    def uncounted(self) -> tuple[str, ...]:
        """Paths of the layers whose work is not known: the MACs are at least what is given."""
        return tuple(layer.path for layer in self.layers if layer.macs is None)

    @property
    def macs(self) -> int:
        """Multiply–accumulates of one forward pass, those of `uncounted` layers left out."""
        return sum(layer.macs or 0 for layer in self.layers)

    @property
    def flops(self) -> int:
        """Floating-point operations of one forward pass: two a MAC, nothing else counted."""
        return 2 * self.macs

    @property
    def training_macs(self) -> int:
        """MACs of one training step, forward and backward.

        Backward takes the forward's work once for the gradient of the weights, if training
        changes them, and once for the gradient of the input, if anything before it learns. So a
        layer takes 3 × its forward work, the first one that learns 2 ×, a frozen one above it
        2 × and a frozen one below it 1 ×.
        """
        return sum(layer.training_macs or 0 for layer in self.layers)

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
        InputError: If neither the model nor `input_shape` says how large the input is, the model
            cannot take an input of that shape, or the batch holds no image.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
        >>> cost = measure(model)
        >>> cost.layers[0].formula, cost.macs, cost.parameters
        ('36 × 3 × 3 × 3 × 4', 3888, 112)
    """
    check_whole("batch_size", batch_size, 1)
    seen = trace(model, input_shape, batch_size)
    return Cost(
        layers=tuple(_rows(seen)),
        parameters=model.count_params(),
        trainable_parameters=sum(math.prod(weight.shape) for weight in model.trainable_weights),
        batch_size=batch_size,
    )


def _is_unknown(path: str, seen: dict[str, Seen]) -> bool:
    one, holder = seen[path], seen.get(path.rpartition("/")[0])
    if one.calls:
        return is_unknown(one.step, one.weights, one.calls[0])
    # Some backends compute a whole recurrent layer at once, past the cell that holds its weights.
    return holder is not None and bool(holder.calls) and isinstance(holder.step, keras.layers.RNN)


def _rows(seen: dict[str, Seen]) -> Iterator[LayerCost]:
    for path, one in seen.items():
        found = [work(one.step, call) or (0, "") for call in one.calls]
        unknown = _is_unknown(path, seen)
        holder = one.is_holder
        if holder and not unknown and not one.weights and not any(macs for macs, _text in found):
            continue
        yield LayerCost(
            path=path,
            kind=type(one.step).__name__,
            output_shape=one.calls[0].outputs[0] if one.calls and one.calls[0].outputs else (),
            parameters=_numbers(one.weights),
            trainable_parameters=_numbers(w for w in one.weights if w.trainable),
            parameter_formula=parameters.formula(one.step, one.weights),
            macs=None if unknown else sum(macs for macs, _text in found),
            formula=found[0][1] if found else "",
            activation_bytes=0 if holder else one.bytes,
            calls=len(one.calls),
            training_macs=None if unknown else sum(_training(one, [macs for macs, _t in found])),
        )


def _training(one: Seen, macs: list[int]) -> Iterator[int]:
    """Give the MACs of each call forward and backward."""
    has_weights = bool(getattr(one.step, "weights", []))
    inside = one.is_holder and any(weight.trainable for weight in one.step.weights)
    for count, call in zip(macs, one.calls, strict=True):
        if one.is_holder:  # attention: two factors, made of what its projections give
            gradients = 2 if inside or call.learnt else 0
        elif has_weights:
            gradients = int(one.learns) + bool(call.learnt)
        else:  # a product of two tensors: a gradient for each that depends on what learns
            gradients = min(2, call.learnt)
        yield count * (1 + gradients)


def _numbers(weights: Any) -> int:
    return sum(math.prod(weight.shape) for weight in weights)
