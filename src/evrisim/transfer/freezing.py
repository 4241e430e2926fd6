"""Which layers of a trunk train, and what its batch normalisations do meanwhile."""

from collections.abc import Collection
from dataclasses import dataclass

import keras

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.graph import Graph
from evrisim.messages import translate as _

NORM_POLICIES = ("frozen", "statistics", "trainable")

MOMENTUM = 0.9
"""Of statistics that are taken anew. At a trunk's own, 0.999 in some, they would lag a thousand
steps behind, longer than most fine-tunings: a net that learns would look as if it did not."""

LAST_LAYERS = 30
"""How many layers the course thaws."""


@dataclass(frozen=True)
class Freezing:
    """Which layers of a trunk train.

    Attributes:
        trained: Names of those that do, in the order of the graph.
        norm: What batch normalisations among them do. `frozen`: nothing, they normalise by the
            statistics they came with. `statistics`: they normalise by the batch and keep running
            statistics of the new images, scale and shift stay. `trainable`: as any other layer.
            Below the layers that train they are always frozen.
    """

    trained: tuple[str, ...]
    norm: str = "frozen"

    def __post_init__(self) -> None:
        check_choice("norm", self.norm, NORM_POLICIES)


def frozen(model: keras.Model) -> Freezing:
    """Train nothing of the trunk: only the head learns."""
    Graph(model)
    return Freezing(())


def partial(
    model: keras.Model,
    layers: int = LAST_LAYERS,
    *,
    block: str | None = None,
    norm: str = "frozen",
) -> Freezing:
    """Train the end of the trunk.

    Args:
        model: The trunk.
        layers: How many of its last layers, counted as Keras lists them, those without weights too.
        block: Instead of a number: from the first layer whose name begins with this.
        norm: As in `Freezing`.

    Raises:
        InputError: If there are not so many layers, or no layer of such a name.
    """
    if block is not None:
        names = [operation.name for operation in Graph(model).order]
        first = next((n for n, name in enumerate(names) if name.startswith(block)), None)
        if first is None:
            raise InputError(
                _("No layer of {model} has a name that begins with {block!r}.").format(
                    model=model.name, block=block
                )
            )
        return Freezing(tuple(names[first:]), norm)
    check_whole("layers", layers, 1)
    if layers > len(model.layers):
        raise InputError(
            _("{model} has {count} layers; {layers} of them cannot be trained.").format(
                model=model.name, count=len(model.layers), layers=layers
            )
        )
    return Freezing(tuple(layer.name for layer in model.layers[-layers:]), norm)


def full(model: keras.Model, *, norm: str = "frozen") -> Freezing:
    """Train all of the trunk."""
    return Freezing(tuple(layer.name for layer in model.layers), norm)


def apply(freezing: Freezing, model: keras.Model) -> None:
    """Set what trains in a trunk; a model around it must be compiled afterwards, not before.

    With normalisations `frozen` the trunk computes the same in training as in inference: what
    drops features or whole blocks in training is switched off. `training=False` in the call that
    puts a trunk into a model does not do it: Keras 3 passes the outer model's mode on all the same.
    """
    trained = set(freezing.trained)
    if freezing.norm == "frozen":
        _never_drop(model)
    for layer in model.layers:
        layer.trainable = layer.name in trained
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            _set_norm(layer, freezing.norm)


def cut(freezing: Freezing, model: keras.Model) -> str | None:
    """Name the last layer below which nothing trains and whose output alone leads on.

    All that lies above it can be trained from its output, computed once. None where the trunk
    trains from its first layer on.
    """
    graph, trained = Graph(model), with_weights(freezing.trained, model)
    places = {operation.name: place for place, operation in enumerate(graph.order)}
    first = min((places[name] for name in trained), default=len(places))
    below = [one for one in graph.cuts() if places[one.name] < first]
    found = [one.name for one in below if not isinstance(one, keras.layers.InputLayer)]
    return found[-1] if found else None


def with_weights(names: Collection[str], model: keras.Model) -> list[str]:
    """Give those of some layers that have weights."""
    return [layer.name for layer in model.layers if layer.name in names and layer.weights]


def _never_drop(model: keras.Model) -> None:
    for layer in model.layers:
        for rate in ("rate", "drop_path_rate"):
            if isinstance(getattr(layer, rate, None), float | int):
                setattr(layer, rate, 0.0)


def _set_norm(layer: keras.Layer, norm: str) -> None:
    layer.trainable = norm != "frozen"
    if layer.trainable:
        layer.momentum = min(layer.momentum, MOMENTUM)
    for weight in (layer.gamma, layer.beta):
        if weight is not None:
            weight.trainable = norm == "trainable"
