"""Proof that augmentation is on, and only where it belongs: measured on a training's batches."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evrisim import augment, inference
from evrisim._validate import InputError
from evrisim.data.batches import Place, draw_batch, epoch_order
from evrisim.data.dataset import DataSet, Split
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.training.recipe import Recipe

BATCHES = 8
"""Batches that a whole check looks at; the line before a training looks at one."""

DRIFT = 4.0
"""Standard errors that a class's share of the labels may move before its balance is called lost."""

Batch = tuple[np.ndarray, np.ndarray]
Draw = Callable[[int, int], Batch]
"""From number of the epoch and of the batch to images and labels."""


@dataclass(frozen=True)
class Proof:
    """What augmentation does to training images. Shares are of 1.

    Attributes:
        policy: The recipe's, written out.
        severity: Its strength, 0 to 1.
        images: Images looked at.
        changed_images: Share of them that is not as stored.
        changed_pixels: Share of the pixels that is not as stored.
        mean_change: Mean absolute change of a value, of 255.
        changed_labels: Share of the images whose label is no longer one class alone.
        epochs_differ: Share of the images that look otherwise in the next epoch.
        own_draws: Share of copies of one image, drawn at once, that differ from the first; None
            where images are mixed, and copies with copies.
        clipped: Share of the values at 0 or 255, and before.
        clipped_before: The same as stored.
        drift: Largest change of a class's share of the labels, in standard errors.
        untouched: Whether validation and test images come as they are stored.
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
    order = epoch_order(len(dataset.train), seed=recipe.seed, epoch=0)
    size = recipe.batch_size
    order = order[: batches * size]
    parts = [order[first : first + size] for first in range(0, len(order), size)]
    draw = draw or _training_draw(dataset, recipe, parts)
    stored = dataset.train.images[order]
    images, labels = _joined(draw(0, number) for number in range(len(parts)))
    again, _labels = _joined(draw(1, number) for number in range(len(parts)))
    moved = images != stored
    found = Proof(
        policy=recipe.augmentation,
        severity=recipe.severity,
        images=len(order),
        changed_images=float(moved.any((1, 2, 3)).mean()),
        changed_pixels=float(moved.any(3).mean()),
        mean_change=float(np.abs(images.astype(np.int16) - stored).mean()),
        changed_labels=_mixed(labels),
        epochs_differ=float((images != again).any((1, 2, 3)).mean()),
        own_draws=_own_draws(dataset, recipe),
        clipped=_clipped(images),
        clipped_before=_clipped(stored),
        drift=_drift(labels, dataset.train.labels[order], dataset.num_classes),
        untouched=all(map(_is_untouched, (dataset.validation, dataset.test))),
    )
    return _checked(found, recipe, images)


def _training_draw(dataset: DataSet, recipe: Recipe, parts: list[np.ndarray]) -> Draw:
    def draw(epoch: int, number: int) -> Batch:
        place = Place(recipe.seed, epoch, number * recipe.batch_size, dataset.num_classes)
        return draw_batch(dataset.train, parts[number], recipe.policy, place)

    return draw


def _joined(batches: Iterable[Batch]) -> Batch:
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _mixed(labels: np.ndarray) -> float:
    return 0.0 if labels.ndim == 1 else float((labels.max(axis=1) < 1).mean())


def _own_draws(dataset: DataSet, recipe: Recipe) -> float | None:
    """Draw for copies of one image at once: each must have a draw of its own."""
    if recipe.policy is not None and augment.mixes(recipe.policy):
        return None
    copies = np.zeros(64, np.int64)
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


def _is_untouched(split: Split) -> bool:
    """Compare what a validation is given with what is stored."""
    batch, count = next(iter(inference.batches(split.images[:64], 64)))
    return bool(np.array_equal(np.asarray(batch)[:count], split.images[:count]))


def _checked(found: Proof, recipe: Recipe, images: np.ndarray) -> Proof:
    wanted = recipe.policy is not None
    if images.dtype != np.uint8:
        raise InputError(
            _("Augmentation {policy} gives {dtype} images; training takes uint8.").format(
                policy=found.name, dtype=images.dtype
            )
        )
    if wanted and not found.changed_images:
        raise InputError(
            _(
                "Augmentation {policy} changes none of {count} images; take another policy, or "
                "`augmentation=none` if that is what you want."
            ).format(policy=found.name, count=found.images)
        )
    if wanted and not found.epochs_differ:
        raise InputError(
            _("Augmentation {policy} draws the same in every epoch, so it adds no images.").format(
                policy=found.name
            )
        )
    if found.drift > DRIFT:
        raise InputError(
            _("Augmentation {policy} moves the balance of the classes.").format(policy=found.name)
        )
    if not found.untouched:
        raise InputError(_("Validation or test images do not come as they are stored."))
    return found
