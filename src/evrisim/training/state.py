"""What a training knows between epochs, and how it goes into a checkpoint and comes back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from evrisim.training import lookahead
from evrisim.training.checkpoint import Checkpoint

SLOW = "slow/"
"""What names of slow weights begin with in a checkpoint."""


@dataclass
class State:
    """Where a training is. The loop alone changes it, once an epoch.

    Attributes:
        history: one row an epoch; one on smaller images has their `image_size`.
        best: the row with the best validation result so far, None before the first epoch. Any
            epoch on whole images is better than all on smaller ones.
        best_weights: the weights evaluated in that epoch.
        waited: epochs on whole images since then.
        slow: the slow weights of `lookahead`, on the device; none without it.
    """

    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] | None = None
    best_weights: list[np.ndarray] = field(default_factory=list)
    waited: int = 0
    slow: list[Any] = field(default_factory=list)

    @property
    def epoch(self) -> int:
        """Epochs completed."""
        return len(self.history)

    def record(self, row: dict[str, Any], weights: list[np.ndarray]) -> None:
        """Add an epoch; its weights become the best if validation says so."""
        self.history.append(row)
        if self.best is None or _rank(row) > _rank(self.best):
            self.best, self.best_weights, self.waited = row, weights, 0
        elif "image_size" not in row:
            self.waited += 1


def _rank(row: dict[str, Any]) -> tuple[bool, float, float]:
    """Rank epochs by validation accuracy, ties by loss. Only finite rows are ever recorded.

    A result on smaller images says little of the whole ones that the model is made for.
    """
    return "image_size" not in row, row["val_accuracy"], -row["val_loss"]


def to_checkpoint(state: State, model: keras.Model) -> Checkpoint:
    """Copy everything that decides how the training goes on."""
    kept = {**_variables(model), **{f"{SLOW}{i}": value for i, value in enumerate(state.slow)}}
    return Checkpoint(
        epoch=state.epoch,
        variables={name: keras.ops.convert_to_numpy(value) for name, value in kept.items()},
        best={str(i): weight for i, weight in enumerate(state.best_weights)},
        progress={"history": state.history, "best": state.best, "waited": state.waited},
    )


def from_checkpoint(checkpoint: Checkpoint, model: keras.Model) -> State:
    """Put a checkpoint's values into a compiled model and give the state it was in.

    Raises:
        ValueError: If the model has other variables than the one that was saved.
    """
    variables = _variables(model)
    slow = {name: one for name, one in checkpoint.variables.items() if name.startswith(SLOW)}
    saved = {name: one.shape for name, one in checkpoint.variables.items() if name not in slow}
    if saved != {name: tuple(variable.shape) for name, variable in variables.items()}:
        raise ValueError("the checkpoint belongs to another model")
    for name, variable in variables.items():
        variable.assign(checkpoint.variables[name])
    best = [checkpoint.best[str(i)] for i in range(len(checkpoint.best))]
    slow_weights = [keras.ops.convert_to_tensor(slow[f"{SLOW}{i}"]) for i in range(len(slow))]
    return State(best_weights=best, slow=slow_weights, **checkpoint.progress)


def take_over(model: keras.Model, other: keras.Model) -> None:
    """Give every variable of a compiled model and its optimizer the value it has in an equal one.

    Values are copied: JAX reuses the memory of a model's own at each step.
    """
    values = _variables(other)
    for name, variable in _variables(model).items():
        variable.assign(np.array(values[name]))


@contextmanager
def evaluated_weights(model: keras.Model, slow: Sequence[Any] = ()) -> Iterator[None]:
    """Put averaged weights into the model for the block, if its training keeps any.

    Args:
        model: Compiled; its optimizer may keep an average.
        slow: The slow weights of `lookahead`, if it is used.
    """
    if not (slow or model.optimizer.use_ema):
        yield
        return
    training = [np.array(variable) for variable in model.weights]
    if slow:
        lookahead.put(model, slow)
    else:
        model.optimizer.finalize_variable_values(model.trainable_variables)
        for variable in model.trainable_variables:  # JAX would have both share their memory
            variable.assign(np.array(variable))
    try:
        yield
    finally:
        for variable, value in zip(model.weights, training, strict=True):
            variable.assign(value)


def _variables(model: keras.Model) -> dict[str, Any]:
    """Name every variable by its position: the model's (random states too), the optimizer's."""
    named = {f"model/{i}": variable for i, variable in enumerate(model.variables)}
    own = {f"optimizer/{i}": variable for i, variable in enumerate(model.optimizer.variables)}
    return {**named, **own}
