"""Proof that augmentation is on, and only where it belongs: measured on a training's batches."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from evrisim import augment, inference
from evrisim._validate import InputError
from evrisim.augment.base import by_image
from evrisim.augment.steps import Code
from evrisim.data.batches import Place, draw_batch, epoch_order, steps_per_epoch
from evrisim.data.dataset import DataSet, Split
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.training import loop
from evrisim.training.findings import Finding, findings
from evrisim.training.placing import fastest
from evrisim.training.recipe import Recipe

BATCHES = 8
"""Batches that a whole check looks at; the line before a training looks at one."""

FEW = 64
"""Validation and test images that the line before a training compares."""

WRITING = ("digits", "mnist")
"""Data sets whose images mean something else when mirrored."""

Batch = tuple[np.ndarray, np.ndarray]
Draw = Callable[[int, int], Batch]
"""From number of the epoch and of the batch to images and labels."""


@dataclass(frozen=True)
class Proof:
    """What augmentation does to training images. Shares are of 1.

    Attributes:
        policy: The recipe's, written out.
        severity: Its strength, 0 to 1.
        images: Training images looked at.
        changed_images: Share of them that is not as stored.
        changed_pixels: Share of the pixels that is not as stored.
        mean_change: Mean absolute change of a value, of 255.
        changed_labels: Share of the images whose label is no longer one class alone.
        epochs_differ: Share of the images that look otherwise in the next epoch.
        own_draws: Share of copies of one image, drawn at once, that differ from the first; None
            where images are mixed, and copies with copies, or all draws follow from the image.
        clipped: Share of the values at 0 or 255, and before.
        clipped_before: The same as stored.
        drift: Largest change of a class's share of the labels, in standard errors.
        untouched: Whether validation and test images come as they are stored.
        compared: How many validation and test images were compared.
        kept: Whether the stored training images are what they were before.
        wrong_labels: Share of the images whose label is another, or shares that do not add up to 1.
        brightness: How much brighter images are on average, of 255.
        emptied: Share of the images left with less than a tenth of their contrast.
        mirrored_writing: Share of the images that are mirrored, where they are digits.
        dtype: Of the images.
    """

    policy: Any
    severity: float
    images: int
    changed_images: float
    changed_pixels: float
    mean_change: float
    changed_labels: float
    epochs_differ: float
    own_draws: float | None
    clipped: float
    clipped_before: float
    drift: float
    untouched: bool
    compared: int
    kept: bool
    wrong_labels: float
    brightness: float
    emptied: float
    mirrored_writing: float
    dtype: str

    @property
    def wanted(self) -> bool:
        """Whether anything should change."""
        return bool(augment.policy(self.policy, self.severity).parts)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, point by point."""
        return findings(self)

    @property
    def name(self) -> str:
        """The policy in a word."""
        return self.policy if isinstance(self.policy, str) else _("of your own")

    @property
    def sentence(self) -> str:
        """Say in a line that augmentation is on."""
        if not self.changed_images:
            return _("No augmentation: training images come as they are.")
        labels = (
            _("{share} of their labels become mixtures").format(
                share=numbers.percent(self.changed_labels, 0)
            )
            if self.changed_labels
            else _("their labels stay")
        )
        return _(
            "Augmentation {policy} changes {images} of the images and {pixels} of their pixels, "
            "{labels}; {epochs} look otherwise in the next epoch; validation and test stay."
        ).format(
            policy=self.name,
            pixels=numbers.percent(self.changed_pixels, 0),
            images=numbers.percent(self.changed_images, 0),
            labels=labels,
            epochs=numbers.percent(self.epochs_differ, 0),
        )

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)


def prove(dataset: DataSet, recipe: Recipe, *, batches: int = 1, draw: Draw | None = None) -> Proof:
    """Look at what a training by `recipe` is given, before it begins.

    Args:
        dataset: What is trained on.
        recipe: How, with its augmentation, severity and seed.
        batches: How many batches to look at.
        draw: What makes a batch, in place of what training uses.

    Raises:
        InputError: If nothing changes though something should; or labels, range or the other
            splits are not as they must be.
    """
    found = examine(dataset, recipe, batches=batches, draw=draw)
    for point in found.findings:
        if point.mark == "wrong":
            raise InputError(point.text)
    return found


def examine(
    dataset: DataSet, recipe: Recipe, *, batches: int = BATCHES, draw: Draw | None = None
) -> Proof:
    """Look at what a training by `recipe` is given, and leave the judgement to `findings`.

    With one batch a part of validation and test is compared, with more all of them, and the
    batches are those that come out of the training's own pipeline.

    Args:
        dataset: What is trained on.
        recipe: How, with its augmentation, severity and seed.
        batches: How many batches to look at.
        draw: What makes a batch, in place of what training uses.
    """
    order = epoch_order(len(dataset.train), seed=recipe.seed, epoch=0)
    size = recipe.batch_size
    order = order[: min(batches, steps_per_epoch(len(order), size)) * size]
    parts = [order[first : first + size] for first in range(0, len(order), size)]
    draw = draw or _training_draw(dataset, recipe, parts)
    compared = FEW if batches == 1 else None
    before = _digests(dataset, compared)
    stored = dataset.train.images[order]
    images, labels = _joined(draw(0, number) for number in range(len(parts)))
    again, _labels = _joined(draw(1, number) for number in range(len(parts)))
    moved = images != stored
    whole = labels.ndim == 1
    truth = dataset.train.labels[order]
    changed = np.flatnonzero(moved.any((1, 2, 3)))
    return Proof(
        policy=recipe.augmentation,
        severity=recipe.severity,
        images=len(order),
        changed_images=len(changed) / len(order),
        changed_pixels=float(moved.any(3).mean()),
        mean_change=float(np.abs(images.astype(np.int16) - stored).mean()),
        changed_labels=0.0 if whole else float((labels.max(axis=1) < 1).mean()),
        epochs_differ=float((images != again).any((1, 2, 3)).mean()),
        own_draws=_own_draws(dataset, recipe, order[changed[0]] if len(changed) else order[0]),
        clipped=_clipped(images),
        clipped_before=_clipped(stored),
        drift=_drift(labels, truth, dataset.num_classes),
        untouched=_digests(dataset, compared, given=True) == before,
        compared=sum(min(len(one), compared or len(one)) for one in _others(dataset)),
        kept=bool(np.array_equal(dataset.train.images[order], stored)),
        wrong_labels=float(np.mean(labels != truth if whole else _no_shares(labels))),
        brightness=float(images.mean() - stored.mean()),
        emptied=_emptied(images, stored),
        mirrored_writing=_mirrored(dataset, recipe, parts[0]),
        dtype=str(images.dtype),
    )


def _training_draw(dataset: DataSet, recipe: Recipe, parts: list[np.ndarray]) -> Draw:
    """Give batches as training makes them; where several are asked for, out of its pipeline."""
    direct = _direct_draw(dataset, recipe, parts)
    if len(parts) == 1:
        return direct
    coming = _pipeline(dataset, recipe)
    return lambda epoch, number: direct(epoch, number) if epoch else next(coming)


def _direct_draw(dataset: DataSet, recipe: Recipe, parts: list[np.ndarray]) -> Draw:
    """Draw for the same images in any epoch: the pipeline would come to them in another order."""

    def draw(epoch: int, number: int) -> Batch:
        place = Place(recipe.seed, epoch, number * recipe.batch_size, dataset.num_classes)
        return draw_batch(dataset.train, parts[number], recipe.policy, place)

    return draw


def _pipeline(dataset: DataSet, recipe: Recipe) -> Iterator[Batch]:
    for images, labels in loop.batches(dataset, recipe, 0, way=fastest(dataset, recipe).way):
        pixels, truth = (keras.ops.convert_to_numpy(one) for one in (images, labels))
        # On the device images are float32 that hold whole numbers.
        whole = pixels.astype(np.uint8)
        yield whole if np.array_equal(whole, pixels) else pixels, truth


def _joined(batches: Iterable[Batch]) -> Batch:
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _own_draws(dataset: DataSet, recipe: Recipe, which: int) -> float | None:
    """Draw for copies of one image at once: each must have a draw of its own."""
    policy = recipe.policy
    if policy is not None and (augment.mixes(policy) or len(by_image(policy)) == policy.needs):
        return None
    copies = np.full(64, which, np.int64)
    place = Place(recipe.seed, classes=dataset.num_classes)
    images, _labels = draw_batch(dataset.train, copies, recipe.policy, place)
    return float((images[1:] != images[:1]).any((1, 2, 3)).mean())


def _clipped(images: np.ndarray) -> float:
    return float(((images == 0) | (images == 255)).mean())


def _drift(labels: np.ndarray, before: np.ndarray, classes: int) -> float:
    """Compare each class's share of the labels with what it was, in standard errors of a draw."""
    was = np.bincount(before, minlength=classes) / len(before)
    shares = labels if labels.ndim == 2 else np.eye(classes)[labels]
    error = np.sqrt(np.maximum(was * (1 - was), 1 / len(before)) / len(before))
    return float((np.abs(shares.mean(axis=0) - was) / error).max())


def _no_shares(labels: np.ndarray) -> np.ndarray:
    """Tell which rows are not shares of one whole."""
    return (np.abs(labels.sum(axis=1) - 1) > 1e-3) | (labels.min(axis=1) < 0)


def _emptied(images: np.ndarray, stored: np.ndarray) -> float:
    left, was = (one.reshape(len(one), -1).std(axis=1) for one in (images, stored))
    return float((left < 0.1 * was).mean())


def _mirrored(dataset: DataSet, recipe: Recipe, part: np.ndarray) -> float:
    """Count the images of a batch whose move is a mirror (its area is negative)."""
    if dataset.name not in WRITING or recipe.policy is None:
        return 0.0
    places, size = np.arange(len(part)), dataset.image_shape[:2]
    mirrored = np.zeros(len(part), bool)
    steps = augment.draw(recipe.policy, places, size, seed=recipe.seed, epoch=0, images=part)
    for one in steps:
        a, b, _x, c, d, _y = one.values[:, :6].T
        mirrored ^= (one.codes == float(Code.MOVE)) & (a * d - b * c < 0)
    return float(mirrored.mean())


def _others(dataset: DataSet) -> tuple[Split, Split]:
    return dataset.validation, dataset.test


def _digests(dataset: DataSet, count: int | None, *, given: bool = False) -> list[str]:
    """Give a hash of validation and of test: as stored, or as given to whoever evaluates."""
    return [
        _digest(
            (
                np.asarray(batch)[:real]
                for batch, real in inference.batches(split.images[:count], FEW)
            )
            if given
            else (
                split.images[first : first + FEW]
                for first in range(0, len(split.images[:count]), FEW)
            )
        )
        for split in _others(dataset)
    ]


def _digest(parts: Iterable[np.ndarray]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(np.ascontiguousarray(part, np.float32).data)
    return found.hexdigest()
