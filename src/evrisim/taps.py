"""Watch or alter what the layers of a model give while it runs, and leave the model as it was.

A *step* is a layer or a bare operation (`x + y` in a functional model). Keras looks up a step's
`call` on the instance each time it runs the step (3.15, `Operation.__call__`), so an instance
attribute of that name taps it, in functional, sequential, nested and subclassed models alike
and on every backend. While a model is tapped it must not run in another thread.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import keras

from evrisim._validate import InputError
from evrisim.messages import translate as _

Tap = Callable[[Any], Any]
_ABSENT = object()


@dataclass(frozen=True, eq=False)
class Seen:
    """One call of a step during a pass.

    Attributes:
        path: the step's name, after those of the models and blocks it lies in: `backbone/conv1`.
        step: the layer or operation itself.
        call: how many calls of this step came before, 0 for the first.
        shape: of its output with a batch of one; None when the output is not one tensor.
        passed_on: the output is what an earlier step gave (a model gives what its last layer
            gave; dropout does nothing in inference).
    """

    path: str
    step: Any
    call: int
    shape: tuple[int, ...] | None
    passed_on: bool


@dataclass(frozen=True, eq=False)
class Pass:
    """What happened in one pass: every call of a step in the order of completion.

    Attributes:
        seen: the calls.
        shape: of the model's output with a batch of one; None when it is not one tensor.
        last: the call that made the model's output, None when code outside any step did.
    """

    seen: tuple[Seen, ...]
    shape: tuple[int, ...] | None
    last: Seen | None


def steps(model: keras.Model) -> dict[str, Any]:
    """Give every step of a model by its path, those of nested models and blocks included.

    A step reachable in two ways is listed once; of two paths alike the second ends in `#2`.
    """
    found: dict[str, Any] = {}
    visited = {id(model)}

    def walk(parent: Any, prefix: str) -> None:
        for part in _parts(parent):
            if id(part) in visited or isinstance(part, keras.layers.InputLayer):
                continue
            visited.add(id(part))
            path = _unused(prefix + part.name, found)
            found[path] = part
            walk(part, path + "/")

    walk(model, "")
    return found


def record(model: keras.Model, image_shape: tuple[int, ...] | None = None) -> Pass:
    """Run one black image through a model in inference mode and tell what each step gave.

    Args:
        model: takes `(batch, height, width, channels)`.
        image_shape: `(height, width, channels)`, for a model that does not fix it.

    Raises:
        InputError: When neither the model nor `image_shape` says how large images are.
    """
    image = keras.ops.zeros((1, *known_image_shape(model, image_shape)), "float32")
    if not all(getattr(step, "built", True) for step in [model, *steps(model).values()]):
        model(image, training=False)  # building may run a step more often than a pass does
    seen: list[Seen] = []
    outputs: list[Any] = []  # kept until the end, or a new tensor could take an old one's place
    calls: dict[str, int] = {}

    def watch(path: str, step: Any, output: Any) -> Any:
        passed_on = any(output is earlier for earlier in outputs)
        seen.append(Seen(path, step, calls.get(path, 0), _shape(output), passed_on))
        calls[path] = calls.get(path, 0) + 1
        outputs.append(output)
        return output

    watched = [(s, functools.partial(watch, path, s)) for path, s in steps(model).items()]
    with tapped(watched):
        result = model(image, training=False)
    makers = [one for one, output in zip(seen, outputs, strict=True) if output is result]
    return Pass(tuple(seen), _shape(result), makers[0] if makers else None)


def check_path(model: keras.Model, path: str, known: Iterable[str]) -> str:
    """Return `path` if it is one of the paths known, else name those nearest to it.

    Raises:
        InputError: If it is not; only near ones are listed, as large models have hundreds.
    """
    paths = list(known)
    if path in paths:
        return path
    near = nearest(path, paths) or paths[:3]
    raise InputError(
        _("The model {name} has no layer {path!r}; near to it are: {near}.").format(
            name=model.name, path=path, near=", ".join(near) or "–"
        )
    )


def nearest(name: str, paths: Iterable[str], count: int = 3) -> list[str]:
    """Give the paths most like a name: like the whole of it, or like its last part."""
    known = list(paths)
    near = get_close_matches(name, known, n=count)
    last = name.rpartition("/")[2]
    tails: dict[str, list[str]] = {}
    for path in known:
        tails.setdefault(path.rpartition("/")[2], []).append(path)
    for tail in get_close_matches(last, tails, n=count):
        near += tails[tail]
    return list(dict.fromkeys(near))[:count]


def known_inputs(model: keras.Model) -> Any:
    """Give the inputs a model was built for, in its own structure; None when it does not say."""
    inputs = getattr(model, "inputs", None)
    if not inputs:
        return None
    return inputs[0] if isinstance(model, keras.Sequential) else model.input


def known_image_shape(
    model: keras.Model, image_shape: tuple[int, ...] | None = None
) -> tuple[int, ...]:
    """Give `(height, width, channels)`: what was said, else what the model was built for.

    Raises:
        InputError: When neither says it.
    """
    known = tuple(image_shape) if image_shape is not None else input_shape(model)
    if len(known) != 3 or None in known:
        raise InputError(
            _(
                "The model {name} does not say how large its images are; "
                "give `image_shape` as (height, width, channels)."
            ).format(name=model.name)
        )
    return tuple(int(size) for size in known if size is not None)


def input_shape(model: keras.Model) -> tuple[int | None, ...]:
    """Give `(height, width, channels)` of a model's input, None where open; `()` when unknown."""
    try:
        shape = model.input_shape
    except (AttributeError, ValueError):  # a subclassed model, or one not built yet
        return ()
    return tuple(shape[1:]) if isinstance(shape, tuple) else ()


@contextmanager
def tapped(taps: Sequence[tuple[Any, Tap]]) -> Iterator[None]:
    """Send each step's output through its tap within the block; afterwards nothing is left."""
    with ExitStack() as stack:
        for step, tap in taps:
            stack.enter_context(overridden(step, "call", _through(step.call, tap)))
        yield


@contextmanager
def overridden(step: Any, name: str, value: Any) -> Iterator[None]:
    """Give a step an attribute of its own within the block, past Keras' tracking."""
    own = vars(step)
    before = own.get(name, _ABSENT)
    own[name] = value
    try:
        yield
    finally:
        if before is _ABSENT:
            del own[name]
        else:
            own[name] = before


def _through(call: Callable[..., Any], tap: Tap) -> Callable[..., Any]:
    @functools.wraps(call)
    def tapped_call(*args: Any, **kwargs: Any) -> Any:
        return tap(call(*args, **kwargs))

    return tapped_call


def _parts(step: Any) -> list[Any]:
    """List what a step is made of; bare operations are known to functional models only."""
    parts = list(getattr(step, "operations", []))
    if isinstance(step, keras.layers.Layer):
        # The public `layers` exists on models only; a block is a plain layer holding layers.
        parts += step._flatten_layers(include_self=False, recursive=False)
    return parts


def _unused(path: str, taken: dict[str, Any]) -> str:
    number, found = 1, path
    while found in taken:
        number += 1
        found = f"{path}#{number}"
    return found


def _shape(output: Any) -> tuple[int, ...] | None:
    shape = getattr(output, "shape", None)
    return None if shape is None else tuple(int(size) for size in shape)
