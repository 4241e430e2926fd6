"""The graph of a functional model: what comes before what, and where one tensor alone goes on."""

from collections.abc import Sequence
from typing import Any

import keras

from evrisim._validate import InputError
from evrisim.messages import translate as _


class Graph:
    """The operations of a functional model, each after all whose tensors it takes.

    Args:
        model: Functional or sequential, every operation called once, with one tensor each.

    Raises:
        InputError: If it is none of these: a model with code of its own has no graph to read.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.order: list[Any] = []
        """Operations, from the input's to the output's."""
        self._makers: dict[int, Any] = {}
        known = getattr(model, "operations", None)
        if known is None or len(model.outputs) != 1:
            raise InputError(
                _(
                    "{name} cannot be taken apart: it is not a functional model of one output."
                ).format(name=model.name)
            )
        for operation in known:
            for tensor in outputs_of(operation):
                self._makers[id(tensor)] = operation
        taken = [tensor for operation in known for tensor in inputs_of(operation)]
        if not all(id(tensor) in self._makers for tensor in (*taken, *model.outputs)):
            raise InputError(
                _("{name} cannot be taken apart: a layer is called more than once.").format(
                    name=model.name
                )
            )
        self._sort(known)

    def before(self, operation: Any) -> list[Any]:
        """Give the operations whose tensors one takes."""
        return [self._makers[id(tensor)] for tensor in inputs_of(operation)]

    def after(self) -> dict[str, list[Any]]:
        """Give the operations that take each one's tensor, by its name."""
        found: dict[str, list[Any]] = {operation.name: [] for operation in self.order}
        for operation in self.order:
            for earlier in self.before(operation):
                found[earlier.name].append(operation)
        return found

    def cuts(self) -> list[Any]:
        """Give the operations whose output alone leads on: all later ones can be had from it."""
        place = {operation.name: number for number, operation in enumerate(self.order)}
        after = self.after()
        reach, found = 0, []
        for number, operation in enumerate(self.order):
            if reach <= number:  # nothing before it is asked for by anything after it
                found.append(operation)
            reach = max(reach, *(place[one.name] for one in after[operation.name]), number)
        return found

    def _sort(self, known: Sequence[Any]) -> None:
        done: set[str] = set()
        waiting = list(known)
        while waiting:
            ready = [one for one in waiting if all(b.name in done for b in self.before(one))]
            self.order += ready
            done |= {one.name for one in ready}
            waiting = [one for one in waiting if one.name not in done]


def inputs_of(operation: Any) -> list[Any]:
    """Give the symbolic tensors that an operation takes; none for an input."""
    if isinstance(operation, keras.layers.InputLayer):
        return []
    return list(keras.tree.flatten(operation.input))


def outputs_of(operation: Any) -> list[Any]:
    """Give the symbolic tensors that an operation gives."""
    return list(keras.tree.flatten(operation.output))
