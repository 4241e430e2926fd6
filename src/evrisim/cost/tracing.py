"""Run a model with symbols in place of numbers and note what goes through its steps."""

import functools
import inspect
import math
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import keras

from evrisim import taps
from evrisim._validate import InputError
from evrisim.cost.formulas import Call
from evrisim.messages import translate as _


@dataclass
class Seen:
    """A step, its own weights, the shapes of its calls so far and the bytes that came out."""

    step: Any
    weights: list[Any]
    calls: list[Call] = field(default_factory=list)
    bytes: int = 0

    @property
    def is_holder(self) -> bool:
        """Whether it is made of other layers, whose outputs are noted as theirs."""
        return isinstance(self.step, keras.Layer) and bool(
            self.step._flatten_layers(include_self=False)
        )

    @property
    def learns(self) -> bool:
        """Whether training changes a weight of its own."""
        return any(weight.trainable for weight in self.weights)


def trace(model: keras.Model, input_shape: Any, batch_size: int) -> dict[str, Seen]:
    """Give all steps of a model by path in the order of their first call, the uncalled ones last.

    Raises:
        InputError: If the size of the input is not known, or the model cannot take it.
    """
    inputs = _inputs(model, input_shape, batch_size)
    try:
        if not model.built:
            model(inputs)
        steps = taps.steps(model)
        own = _own_weights(steps)
        seen = {path: Seen(step, own[path]) for path, step in steps.items()}
        watch = _Watch(seen)
        with ExitStack() as stack:
            for path, one in seen.items():
                call = watch.watched(one, functools.partial(watch.order.append, path))
                stack.enter_context(taps.overridden(one.step, "call", call))
            _Forward(model, watch)(inputs)
    except (ValueError, RuntimeError) as error:  # PyTorch's own are of the second kind
        if input_shape is None:
            raise
        raise _cannot_take(model, input_shape, error) from None
    return {path: seen[path] for path in dict.fromkeys([*watch.order, *seen])}


class _Forward(keras.Operation):
    """A model's pass as one operation: given symbols, Keras runs the code of `call` with them."""

    def __init__(self, model: keras.Model, watch: "_Watch"):
        super().__init__()
        self.model, self.watch = model, watch

    def call(self, inputs: Any) -> Any:
        self.watch.begin(tensors(inputs))
        return self.model(inputs, training=False)


class _Watch:
    """Which tensors depend on something that training changes, and in what order steps end.

    A tensor made by code between steps is not known here; it is taken to depend on all that ran
    before it, so that no gradient is forgotten.
    """

    def __init__(self, seen: dict[str, Seen]) -> None:
        self.order: list[str] = []
        self.learning = False
        self._seen = seen
        self._learnt: dict[int, bool] = {}
        self._kept: list[Any] = []  # or a new tensor could take the place, and name, of an old one

    def begin(self, inputs: Sequence[Any]) -> None:
        """Start a pass: Keras may try several ways of finding shapes, and only the last counts."""
        for one in self._seen.values():
            one.calls.clear()
            one.bytes = 0
        self.order.clear()
        self.learning = False
        self._learnt.clear()
        self.note(inputs, learnt=False)

    def note(self, made: Sequence[Any], *, learnt: bool) -> None:
        for tensor in made:
            self._kept.append(tensor)
            self._learnt.setdefault(id(tensor), learnt)

    def is_learnt(self, tensor: Any) -> bool:
        return self._learnt.get(id(tensor), self.learning)

    def watched(self, seen: Seen, ended: Callable[[], None]) -> Callable[..., Any]:
        call = seen.step.call
        signature = inspect.signature(call)
        holder, learns = seen.is_holder, seen.learns

        @functools.wraps(call)
        def watched(*args: Any, **kwargs: Any) -> Any:
            given = tensors(_in_order(signature, args, kwargs))
            learnt = [self.is_learnt(tensor) for tensor in given]
            output = call(*args, **kwargs)
            self.learning = self.learning or learns
            made = tensors(output)
            self.note(made, learnt=self.learning if holder else learns or any(learnt))
            shapes = tuple(map(_shape, made))
            seen.calls.append(Call(tuple(map(_shape, given)), shapes, sum(learnt)))
            seen.bytes += sum(
                math.prod(shape) * _item_bytes(tensor)
                for shape, tensor in zip(shapes, made, strict=True)
            )
            ended()
            return output

        return watched


def _in_order(signature: inspect.Signature, args: Any, kwargs: Any) -> list[Any]:
    """Put arguments into the order in which the layer declares them, however they were given."""
    return list(signature.bind(*args, **kwargs).arguments.values())


def tensors(structure: Any) -> list[Any]:
    """List the tensors of a nested structure."""
    return [item for item in keras.tree.flatten(structure) if keras.ops.is_tensor(item)]


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.shape)


def _item_bytes(tensor: Any) -> int:
    name = keras.backend.standardize_dtype(tensor.dtype)
    bits = "".join(letter for letter in name.removeprefix("bfloat") if letter.isdigit())
    return max(1, int(bits or 8) // 8)


def _own_weights(steps: dict[str, Any]) -> dict[str, list[Any]]:
    """Give each step's weights without those of the steps inside it; a weight goes to one step."""
    own: dict[str, list[Any]] = {}
    taken: set[int] = set()
    for path in sorted(steps, key=lambda path: -path.count("/")):  # the innermost first
        weights = getattr(steps[path], "weights", [])
        own[path] = [weight for weight in weights if id(weight) not in taken]
        taken.update(map(id, weights))
    return own


def _inputs(model: keras.Model, given: Any, batch_size: int) -> Any:
    """Make the symbols that go in: of the shapes given, else of those the model was built for."""
    known = taps.known_inputs(model)
    if given is None and known is None:
        raise _no_shape(model)
    if given is None:
        return keras.tree.map_structure(
            lambda spec: _symbol(model, tuple(spec.shape[1:]), batch_size, spec.dtype), known
        )
    specs = [] if known is None else keras.tree.flatten(known)
    if _is_shape(given):
        dtype = specs[0].dtype if specs else "float32"
        symbol = _symbol(model, tuple(given), batch_size, dtype)
        if len(specs) != 1:
            return symbol
        _check_fits(model, tuple(given), tuple(specs[0].shape[1:]))
        # A model may have been made with a list or dictionary of its one input.
        return keras.tree.pack_sequence_as(known, [symbol])
    items = given.items() if isinstance(given, dict) else enumerate(given)
    symbols = {key: _symbol(model, tuple(shape), batch_size, "float32") for key, shape in items}
    return symbols if isinstance(given, dict) else list(symbols.values())


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


def _check_fits(model: keras.Model, given: tuple[int, ...], built: tuple[int | None, ...]) -> None:
    fits = len(given) == len(built) and all(
        wanted in (None, size) for size, wanted in zip(given, built, strict=True)
    )
    if not fits:
        raise InputError(
            _("The model {name} is built for inputs of {built}; received {given}.").format(
                name=model.name, built=_times(built), given=_times(given)
            )
        )


def _times(shape: Sequence[int | None]) -> str:
    return "×".join("?" if size is None else str(size) for size in shape)


def _no_shape(model: keras.Model) -> InputError:
    return InputError(
        _(
            "The model {name} does not say how large its input is; give `input_shape` without the "
            "batch, such as (32, 32, 3)."
        ).format(name=model.name)
    )


def _cannot_take(model: keras.Model, given: Any, error: Exception) -> Exception:
    if isinstance(error, InputError):
        return error
    # Keras wraps the cause: `Exception encountered when calling ….call().`, then it in bold.
    cause = re.sub(r"\x1b\[\d*m", "", str(error)).rpartition(".call().")[2]
    reason = " ".join(cause.split("Arguments received")[0].split()).split(". ")[0]
    shape = _times(given) if _is_shape(given) else str(given)
    return InputError(
        _("The model {name} cannot take an input of {shape}: {reason}.").format(
            name=model.name, shape=shape, reason=reason[:160].rstrip(".")
        )
    )
