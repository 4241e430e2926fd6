"""How far each layer of a model sees: theoretical receptive fields, right through any graph."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import keras

from evrisim import taps
from evrisim._validate import InputError
from evrisim.cost import field, spans
from evrisim.cost.field import Field
from evrisim.cost.passing import rule
from evrisim.cost.strands import COLUMNS, ROWS, Passage, Placed, Strand, Unknowable, gather
from evrisim.messages import translate as _


def receptive_fields(
    model: keras.Model, *, image_shape: tuple[int, ...] | None = None
) -> dict[str, Field]:
    """Give the theoretical receptive field of every layer, in the order of their first calls.

    The model's own code is run with symbols in place of numbers, and the pixels behind each
    tensor are followed from one operation to the next: through nested, sequential and
    subclassed models, shared layers (their first call counts), branches and sums of all kinds,
    and code of one's own as far as it is written with `keras.ops`. Nothing is computed. Inference
    is meant: batch normalisation, dropout and augmentation pass positions on. What can't be
    followed is flagged as unknown, it and all that depends on it, never guessed. The model is built
    if it was not, and else left as it was.

    Args:
        model: Any Keras model with one image `(batch, rows, columns, channels)` among its inputs.
        image_shape: `(rows, columns, channels)`, for a model that does not fix it.

    Returns:
        A `Field` by the path of each step that ran, named as in `evrisim.taps`; of a step with
        several outputs the first one's.

    Raises:
        InputError: If the size of the image is unknown, or there is not exactly one image input.

    Example:
        >>> image = keras.Input((9, 9, 3))
        >>> x = keras.layers.Conv2D(4, 3, padding="same", name="a")(image)
        >>> y = keras.layers.Conv2D(4, 3, padding="same", dilation_rate=2, name="b")(x)
        >>> model = keras.Model(image, keras.layers.Add(name="sum")([x, y]))
        >>> {path: field.size for path, field in receptive_fields(model).items()}
        {'a': (3, 3), 'b': (7, 7), 'sum': (7, 7)}

    Reference:
        Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks",
        https://doi.org/10.23915/distill.00021; Dumoulin and Visin 2016, "A guide to convolution
        arithmetic for deep learning", https://arxiv.org/abs/1603.07285.
    """
    inputs, image = _symbols(model, image_shape)
    if not model.built:
        model(inputs)
    follow = _Follow(image)
    with follow.watching(model):
        model(inputs, training=False)
    return follow.fields


def landmarks(fields: Mapping[str, Field], most: int = 6) -> list[str]:
    """Choose at most so many layers worth a picture: the first, and the last of each stride.

    Left out are layers that only see their own pixel, have no map, or whose field is not known.

    Example:
        >>> parts = [keras.layers.Conv2D(4, 3, padding="same", name=name) for name in "abc"]
        >>> parts += [keras.layers.MaxPooling2D(name="half"), keras.layers.ReLU(name="last")]
        >>> landmarks(receptive_fields(keras.Sequential([keras.Input((8, 8, 3)), *parts])))
        ['a', 'c', 'last']
    """
    maps = {
        path: one
        for path, one in fields.items()
        if max(one.cells) > 1 and None not in one.stride and one.size != (1, 1)
    }
    sizes = Counter(one.cells for one in maps.values())
    last = {
        # Where all cells see everything, the size of the map tells; a single map is a padded one.
        one.stride if any(one.stride) else one.cells: path
        for path, one in maps.items()
        if any(one.stride) or sizes[one.cells] > 1
    }
    kept = {*list(maps)[:1], *list(last.values())[max(0, len(last) + 1 - most) :]}
    return [path for path in fields if path in kept]


def _symbols(model: keras.Model, image_shape: tuple[int, ...] | None) -> tuple[Any, Any]:
    """Make the symbols that go in, and say which of them is the image."""
    known = taps.known_inputs(model)
    if known is None:
        symbol = keras.KerasTensor((1, *taps.known_image_shape(model, image_shape)))
        return symbol, symbol
    specs = keras.tree.flatten(known)
    pictures = [number for number, spec in enumerate(specs) if len(spec.shape) == 4]
    if len(pictures) != 1:
        raise InputError(
            _(
                "A receptive field needs one input of images, (batch, rows, columns, channels); "
                "the model {name} has {count}."
            ).format(name=model.name, count=len(pictures))
        )
    (place,) = pictures
    shapes = [tuple(spec.shape[1:]) for spec in specs]
    shapes[place] = taps.known_image_shape(model, image_shape or shapes[place])
    symbols = [
        keras.KerasTensor((1, *shape), spec.dtype)
        for shape, spec in zip(shapes, specs, strict=True)
    ]
    return keras.tree.pack_sequence_as(known, symbols), symbols[place]


class _Follow:
    """One pass of symbols through a model, and what each tensor in it sees.

    What a tensor sees is a `Placed`, or the path of the step it could not be followed through.
    """

    def __init__(self, image: Any):
        self.frame = (image.shape[1], image.shape[2])
        self.fields: dict[str, Field] = {}
        self.trail: list[str] = []
        self.opaque: list[str] = []
        # By identity; the tensor is kept, or a new one could take its place.
        self.known: dict[int, tuple[Any, Placed | str]] = {}
        start = (Strand(ROWS, 1, spans.pixels()), Strand(COLUMNS, 2, spans.pixels()))
        self.learn(image, Placed(start, tuple(image.shape), self.frame))

    def learn(self, tensor: Any, seen: Placed | str) -> None:
        self.known[id(tensor)] = (tensor, seen)

    @contextmanager
    def watching(self, model: keras.Model) -> Iterator[None]:
        """Let symbols run through the code of all steps, and leave no trace of them."""
        steps = taps.steps(model)
        with ExitStack() as stack:
            for path, step in [("", model), *steps.items()]:
                for part in (step, getattr(step, "_functional", None)):  # of a sequential model
                    for name, value in _untouched(part):
                        stack.enter_context(taps.overridden(part, name, value))
                call = self.followed(path, step)
                stack.enter_context(taps.overridden(step, "symbolic_call", call))
            yield
        for path in steps:  # what ran out of sight, in code that needs numbers
            culprit = next((one for one in self.opaque if _is_inside(path, one)), None)
            if culprit is not None:
                self.fields.setdefault(path, field.unknown(culprit or model.name, self.frame))

    def followed(self, path: str, step: Any) -> Callable[..., Any]:
        """Make what a step does with symbols: as its kind is known to, or as its code says."""
        known = rule(step)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.trail.append(path)
            try:
                outputs = None if known else self.by_code(step, args, kwargs)
                if outputs is None:
                    self.opaque += [] if known else [path]
                    outputs = step.compute_output_spec(*args, **kwargs)
                    self.by_rule(path, step, (args, kwargs), outputs)
            finally:
                self.trail.pop()
            self.note(path, outputs)
            return outputs

        return call

    def by_code(self, step: Any, args: Any, kwargs: Any) -> Any:
        """Run a step's own code on symbols; None if it needs numbers."""
        if not isinstance(step, keras.Layer):
            return None
        try:
            outputs = step.call(*args, **kwargs)
        except Exception:  # whatever code of a stranger raises when it gets no numbers
            return None
        tensors = keras.tree.flatten(outputs)
        if not tensors or not all(map(keras.utils.is_keras_tensor, tensors)):
            return None
        for tensor in tensors:  # now: the step will put its name on them
            self.learn(tensor, self.seen(tensor))
        return outputs

    def by_rule(self, path: str, step: Any, given: Any, outputs: Any) -> None:
        """Learn what the outputs of a step see from what its inputs see."""
        args, kwargs = given
        inputs = [self.seen(tensor) for tensor in _symbols_in((args, kwargs))]
        lost = next((seen for seen in inputs if isinstance(seen, str)), None)
        for output in _symbols_in(outputs):
            self.learn(output, lost or self.passed(path, step, args, inputs, output))

    def passed(self, path: str, step: Any, args: Any, inputs: list[Any], output: Any) -> Any:
        known, shape = rule(step), tuple(output.shape)
        try:
            if known is None:
                raise Unknowable
            return gather(known(Passage(step, args, tuple(inputs), shape)), shape, self.frame)
        except Unknowable:
            return path

    def seen(self, tensor: Any) -> Placed | str:
        """Give what a tensor sees; one made by a bare operation is followed back to its inputs."""
        found = self.known.get(id(tensor))
        if found is not None:
            return found[1]
        operation, number, _index = getattr(tensor, "_keras_history", (None, 0, 0))
        if operation is None:  # not made of the image
            self.learn(tensor, Placed((), tuple(tensor.shape), self.frame))
        else:
            node = operation._inbound_nodes[number]
            path = "/".join(part for part in (self.trail[-1], operation.name) if part)
            given = (node.arguments.args, node.arguments.kwargs)
            self.by_rule(path, operation, given, node.outputs)
        return self.known[id(tensor)][1]

    def note(self, path: str, outputs: Any) -> None:
        tensors = _symbols_in(outputs)
        if path and tensors:
            seen = self.seen(tensors[0])
            found = field.unknown(seen, self.frame) if isinstance(seen, str) else field.field(seen)
            self.fields.setdefault(path, found)


def _symbols_in(structure: Any) -> list[Any]:
    return [item for item in keras.tree.flatten(structure) if keras.utils.is_keras_tensor(item)]


def _is_inside(path: str, holder: str) -> bool:
    return not holder or path.startswith(holder + "/")


def _untouched(step: Any) -> list[tuple[str, Any]]:
    """List what to set aside: the records Keras keeps of symbolic calls, and its conversions."""
    if step is None:
        return []
    kept: list[tuple[str, Any]] = [
        (name, list(getattr(step, name))) for name in ("_inbound_nodes", "_outbound_nodes")
    ]
    if hasattr(step, "_convert_inputs_to_tensors"):  # a functional model's: they refuse symbols
        kept.append(("_convert_inputs_to_tensors", lambda tensors: tensors))
    return kept
