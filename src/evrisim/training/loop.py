"""The training loop: epochs of steps, a validation after each, a checkpoint after each."""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from evrisim import _files, inference, metrics
from evrisim._validate import InputError
from evrisim.data.batches import (
    AHEAD,
    Draw,
    Place,
    draw_batch,
    epoch_order,
    steps_per_epoch,
    training_batches,
)
from evrisim.data.dataset import DataSet
from evrisim.messages import translate as _
from evrisim.training import checkpoint, growing, lookahead, placing
from evrisim.training.recipe import Recipe
from evrisim.training.state import State, evaluated_weights, to_checkpoint


class TrainingDivergedError(InputError):
    """The loss stopped being a number; the best weights before that are kept."""


@dataclass(frozen=True)
class Progress:
    """Where a training is, for whoever shows it.

    Attributes:
        epoch, epochs: the running one from 1, of how many.
        step, steps: steps done in this epoch, of how many.
        images_per_second: training speed of this epoch so far.
        seconds_left: estimate for the rest of the training, validations included.
        row: the epoch's row of history at its end, else None.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    images_per_second: float
    seconds_left: float
    row: dict[str, Any] | None = None


Show = Callable[[Progress], None]


def train(
    model: keras.Model,
    dataset: DataSet,
    recipe: Recipe,
    state: State,
    *,
    folder: Path,
    show: Show,
    way: str = placing.PIPELINE,
) -> None:
    """Train a compiled model from `state` to the recipe's end, or until early stopping.

    After each epoch a checkpoint is written into `folder/checkpoint/` and a line to
    `folder/history.jsonl`. `state` is changed in place and ends with the best weights. Images are
    augmented the `way` that `placing` found faster.

    Raises:
        TrainingDivergedError: At the first loss that is not a finite number.
    """
    if recipe.lookahead and not state.slow:
        state.slow = lookahead.begin(model)
    steps = steps_per_epoch(len(dataset.train), recipe.batch_size)
    pixels = growing.pixels(recipe, dataset.image_shape)
    while state.epoch < recipe.epochs and not stopped_early(state, recipe):
        started = time.perf_counter()
        row = _train_epoch(model, dataset, recipe, state, show, way)
        with evaluated_weights(model, state.slow):
            row |= _validate(model, dataset, recipe, state.epoch)
            weights = [np.array(weight) for weight in model.weights]
        # ReLU may turn NaN into 0, so a loss can be finite though the weights are not.
        sound = all(np.isfinite(weight).all() for weight in weights)
        _check_finite(row["val_loss"] if sound else math.nan, recipe, state.epoch, row.pop("steps"))
        row["seconds"] = round(time.perf_counter() - started, 3)
        state.record(row, weights)
        checkpoint.save(folder / "checkpoint", to_checkpoint(state, model))
        _files.append_line(folder / "history.jsonl", json.dumps(row, allow_nan=False))
        show(_finished(recipe, state, row, steps, pixels))


def stopped_early(state: State, recipe: Recipe) -> bool:
    """Tell whether validation has not improved for as many epochs as the recipe allows."""
    return recipe.early_stopping is not None and state.waited >= recipe.early_stopping


def _train_epoch(
    model: keras.Model, dataset: DataSet, recipe: Recipe, state: State, show: Show, way: str
) -> dict[str, Any]:
    steps = steps_per_epoch(len(dataset.train), recipe.batch_size)
    batch = min(recipe.batch_size, len(dataset.train))
    prepared = batches(dataset, recipe, state.epoch, way=way)
    sums = np.zeros(2)
    pixels = growing.pixels(recipe, dataset.image_shape)
    started = time.perf_counter()
    with growing.sized(model, recipe, state.epoch, dataset) as (trained, shrunk):
        for step, (images, labels) in enumerate(prepared, start=1):
            logs = trained.train_on_batch(shrunk(images), labels, return_dict=True)
            _check_finite(logs["loss"], recipe, state.epoch, step)
            sums += logs["loss"], logs["accuracy"]
            _look_ahead(trained, recipe, state, step, steps)
            seconds = time.perf_counter() - started
            left = _seconds_left(pixels, state, seconds, step / steps)
            speed = step * batch / seconds
            show(Progress(state.epoch + 1, recipe.epochs, step, steps, speed, left))
    loss, accuracy = sums / steps
    return {
        "epoch": state.epoch + 1,
        "loss": float(loss),
        "accuracy": float(accuracy),
        "learning_rate": float(np.array(model.optimizer.learning_rate)),
        "images_per_second": round(steps * batch / seconds, 1),
        "steps": steps,
    }


def _look_ahead(model: keras.Model, recipe: Recipe, state: State, step: int, steps: int) -> None:
    """Let the slow weights follow after a step of an epoch of so many."""
    if recipe.lookahead:
        done, of = state.epoch * steps + step, recipe.epochs * steps
        state.slow = lookahead.follow(
            model, state.slow, step=done, steps=of, every=recipe.lookahead
        )


def batches(
    dataset: DataSet,
    recipe: Recipe,
    epoch: int,
    *,
    ahead: int = AHEAD,
    draw: Draw = draw_batch,
    way: str = placing.PIPELINE,
) -> Iterator[tuple[Any, Any]]:
    """Give an epoch's batches as the recipe augments them.

    Args:
        dataset: Whose training split is meant.
        recipe: How to train.
        epoch: From 0.
        ahead: Batches prepared before they are asked for.
        draw: What makes a batch, as in `training_batches`.
        way: Where images are augmented, `placing.PIPELINE` or `placing.DEVICE`.
    """
    place, policy = Place(recipe.seed, epoch, classes=dataset.num_classes), recipe.policy
    on_device = policy is not None and way == placing.DEVICE
    prepared = training_batches(
        dataset.train,
        recipe.batch_size,
        place,
        None if on_device else policy,
        ahead=ahead,
        draw=draw,
    )
    if policy is None or not on_device:
        return prepared
    order = epoch_order(len(dataset.train), seed=recipe.seed, epoch=epoch)
    return placing.moved(prepared, policy, place, order)


def _validate(model: keras.Model, dataset: DataSet, recipe: Recipe, epoch: int) -> dict[str, Any]:
    """Measure loss and accuracy on validation images, shrunk as those of the epoch."""
    split = dataset.validation
    with growing.sized(model, recipe, epoch, dataset) as (seen, shrunk):
        scores = inference.outputs(seen, split.images, before=shrunk)
    small = {} if seen is model else {"image_size": list(seen.input_shape[1:3])}
    if not np.isfinite(scores).all():
        return {**small, "val_loss": math.nan, "val_accuracy": 0.0}
    logits = scores if model.loss.from_logits else metrics.log_probabilities(scores)
    return {
        **small,
        "val_loss": metrics.negative_log_likelihood(split.labels, logits),
        "val_accuracy": metrics.top_k_accuracy(split.labels, logits),
    }


def _check_finite(loss: float, recipe: Recipe, epoch: int, step: int) -> None:
    if math.isfinite(loss):
        return
    raise TrainingDivergedError(
        _(
            "The loss or a weight became {loss} in epoch {epoch}, step {step}; the best weights "
            "before that are kept. Try a lower learning rate (it is {rate}) or `clip_norm`, for "
            "example: --set learning_rate={lower} --set clip_norm=1"
        ).format(
            loss=loss,
            epoch=epoch + 1,
            step=step,
            rate=recipe.learning_rate,
            lower=recipe.learning_rate / 10,
        )
    )


def _seconds_left(pixels: list[int], state: State, seconds: float, share: float) -> float:
    """Estimate the rest from the last whole epoch, or from this one: time goes with pixels.

    Args:
        pixels: Of an image in each epoch.
        state: How many of them are done.
        seconds: Of this epoch so far.
        share: Of this epoch, done.
    """
    now = state.epoch
    done = share * sum(pixels[now : now + 1])  # there is none after the last
    pace = state.history[-1]["seconds"] / pixels[now - 1] if state.history else seconds / done
    return max(pace * (sum(pixels[now:]) - done), 0.0)


def _finished(
    recipe: Recipe, state: State, row: dict[str, Any], steps: int, pixels: list[int]
) -> Progress:
    left = _seconds_left(pixels, state, 0.0, 0.0)
    speed = row["images_per_second"]
    return Progress(state.epoch, recipe.epochs, steps, steps, speed, left, row)
