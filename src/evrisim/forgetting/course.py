"""A new task learned, and the old one asked again after each epoch: what was forgotten."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np

from evrisim import inference, metrics
from evrisim._validate import InputError
from evrisim.data.batches import Place, epoch_order, steps_per_epoch, training_batches
from evrisim.data.dataset import DataSet, Split
from evrisim.forgetting import anchors
from evrisim.forgetting.remedies import Remedy
from evrisim.forgetting.tasks import TaskCrossEntropy, Tasks
from evrisim.messages import translate as _
from evrisim.training.optimizers import optimizer
from evrisim.training.precision import seeded
from evrisim.training.recipe import Recipe
from evrisim.training.schedules import learning_rate
from evrisim.transfer import freezing

RECIPE = Recipe.create(
    {
        "epochs": 6,
        "batch_size": 64,
        "learning_rate": 0.02,
        "warmup_epochs": 0.5,
        "weight_decay": 0.0,
        "augmentation": "none",
        "precision": "float32",
    }
)
"""How a new task is learned: SGD at a tenth of the rate that trains `condensed` from the start."""

LOGITS = "logits"


@dataclass(frozen=True)
class Case:
    """How one learning of the new task went.

    Attributes:
        remedy: By which.
        seed: Of order and new head.
        old: Top-1 of the old task on validation images: before, and after each epoch.
        new: The same of the new task.
        old_test: Of the old task on test images, before and after.
        new_test: Of the new task on test images, before and after.
    """

    remedy: Remedy
    seed: int
    old: tuple[float, ...]
    new: tuple[float, ...]
    old_test: tuple[float, float]
    new_test: tuple[float, float]

    @property
    def forgetting(self) -> float:
        """What the old task lost on test images, as a share; below 0 if it gained."""
        return self.old_test[0] - self.old_test[1]

    @property
    def transfer(self) -> float:
        """Backward transfer: what learning the new task did for the old one.

        Reference:
            Lopez-Paz and Ranzato 2017, https://arxiv.org/abs/1706.08840.
        """
        return -self.forgetting

    @property
    def plasticity(self) -> float:
        """How well the new task was learned: its top-1 on test images afterwards."""
        return self.new_test[1]


def learn(
    tasks: Tasks,
    base: keras.Model,
    remedy: Remedy,
    recipe: Recipe = RECIPE,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Case:
    """Fine-tune a net that knows the old task on the new one, and ask both after each epoch.

    Each task's classes are told apart among themselves alone, as if it had a head of its own; so
    what is forgotten is forgotten by the trunk. Batch normalisations keep their statistics and
    scales.

    Args:
        tasks: What is old and what is new.
        base: A functional model that knows the old task; it is left as it is. Its last layer,
            `logits`, has one logit for each class of both.
        remedy: How.
        recipe: How long and how fast; its seed decides order and new head.
        progress: Called as `progress(done, total)`, in epochs.

    Raises:
        InputError: If the model has no layer `logits` of so many classes.
    """
    with seeded(recipe.seed):
        model = _copy(base, len(tasks.groups))
        _renew_head(model, tasks)
    loss = TaskCrossEntropy(tasks.groups)
    freezing.apply(freezing.full(model), model)
    importance = _importance(model, tasks, remedy, loss, recipe.seed)
    courses = [_asked(model, tasks, "validation")]
    test = [_asked(model, tasks, "test")]
    for epoch, train in enumerate(_epochs(model, tasks, remedy, recipe, loss, importance)):
        progress(epoch, recipe.epochs)
        train()
        courses.append(_asked(model, tasks, "validation"))
    progress(recipe.epochs, recipe.epochs)
    test.append(_asked(model, tasks, "test"))
    old, new = zip(*courses, strict=True)
    (old_before, new_before), (old_after, new_after) = test
    return Case(remedy, recipe.seed, old, new, (old_before, old_after), (new_before, new_after))


def _copy(base: keras.Model, classes: int) -> anchors.Anchored:
    names = [layer.name for layer in base.layers]
    if LOGITS not in names or base.output_shape[-1] != classes:
        raise InputError(
            _("{model} has no layer `{layer}` with a logit for each of {classes} classes.").format(
                model=base.name, layer=LOGITS, classes=classes
            )
        )
    same = base.__class__.from_config(base.get_config())
    model = anchors.Anchored(same.inputs, same.outputs, name=base.name)
    model.set_weights(base.get_weights())
    model.strength = 0.0
    return model


def _renew_head(model: keras.Model, tasks: Tasks) -> None:
    """Give the new classes fresh weights: the old task may have pushed them down."""
    layer = model.get_layer(LOGITS)
    fresh = keras.initializers.GlorotUniform()
    new = np.array(tasks.groups) == 1
    for weight in layer.weights:
        values = np.array(weight)
        drawn = np.array(fresh(weight.shape)) if len(weight.shape) > 1 else np.zeros(weight.shape)
        values[..., new] = drawn[..., new]
        weight.assign(values)


def _importance(
    model: anchors.Anchored, tasks: Tasks, remedy: Remedy, loss: Any, seed: int
) -> list[np.ndarray]:
    if remedy.important:
        return anchors.fisher(model, tasks.old, loss, seed=seed)
    return anchors.evenly(model)


def _epochs(
    model: anchors.Anchored,
    tasks: Tasks,
    remedy: Remedy,
    recipe: Recipe,
    loss: Any,
    importance: Sequence[np.ndarray],
) -> Iterator[Callable[[], None]]:
    """Give what trains each epoch: the head alone while a remedy says so, then all that learns."""
    each = steps_per_epoch(len(tasks.new.train), recipe.batch_size)
    probing = round(remedy.probe * recipe.epochs)
    for stage, epochs in enumerate((range(probing), range(probing, recipe.epochs))):
        if not epochs:
            continue
        trunk = remedy.trunk and stage == 1
        rate = recipe.learning_rate * (remedy.rate if stage == 1 else 1.0)
        part = recipe.with_settings({"epochs": len(epochs), "learning_rate": rate})
        for layer in model.layers:
            norm = isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = not norm and (trunk or layer.name == LOGITS)
        held = importance if trunk else anchors.evenly(model)
        model.hold(remedy.near + remedy.important if trunk else 0.0, held)
        model.compile(optimizer(part, model, learning_rate(part, each)), loss)
        for epoch in epochs:
            yield partial(_train, model, tasks, remedy, recipe, epoch)


def _train(model: keras.Model, tasks: Tasks, remedy: Remedy, recipe: Recipe, epoch: int) -> None:
    place = Place(recipe.seed, epoch, classes=len(tasks.groups))
    replayed = round(remedy.replay * recipe.batch_size)
    again = _replay(tasks.old.train, replayed, recipe.seed, epoch)
    batches = training_batches(tasks.new.train, recipe.batch_size, place, recipe.policy)
    for images, labels in batches:
        if replayed:
            old_images, old_labels = next(again)
            kept = len(images) - replayed
            images = np.concatenate([images[:kept], old_images])
            labels = np.concatenate([labels[:kept], old_labels])
        model.train_on_batch(images, labels)


def _replay(
    old: Split, count: int, seed: int, epoch: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give parts of old images without end, in a new order each time round."""
    turn = 0
    while True:
        order = epoch_order(len(old), seed=seed + 1, epoch=1000 * epoch + turn)
        for start in range(0, len(order) - count + 1, count):
            index = order[start : start + count]
            yield old.images[index], old.labels[index]
        turn += 1


def _asked(model: keras.Model, tasks: Tasks, split: str) -> tuple[float, float]:
    """Give top-1 of both tasks on a split, each among its own classes."""
    return (
        _top1(model, tasks, tasks.old, split, 0),
        _top1(model, tasks, tasks.new, split, 1),
    )


def _top1(model: keras.Model, tasks: Tasks, dataset: DataSet, split: str, task: int) -> float:
    images = dataset.splits[split]
    logits = tasks.logits(inference.outputs(model, images.images), task)
    return metrics.top_k_accuracy(images.labels, logits)
