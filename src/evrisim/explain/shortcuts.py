"""Shortcuts: classes that a model knows by a mark in one place, not by the object.

Heat alone does not prove it: objects have their usual places, too. So what the heat points to is
tried: the place is covered in images of the class, and copied from them into images of others.
"""

from dataclasses import dataclass

import keras
import numpy as np

from evrisim._validate import InputError
from evrisim.explain.faithfulness import hottest
from evrisim.explain.methods import Prepared
from evrisim.images import upsample
from evrisim.inference import Progress, predict_logits
from evrisim.messages import translate as _
from evrisim.statistics import Interval, proportion_interval

PLACE = 0.08
"""Share of the image that a place takes."""

TRIED = 64
"""Images of other classes that the place is copied into, at most."""

FEWEST = 8
"""Images that a class needs: half of them say where the place is, the others are asked."""

SHIFT = 0.3
"""A place is a shortcut if so many more other images turn into the class by it than by as much
of an image that is not of the class."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where images of a class are hotter than those of others, and what that place does alone.

    Attributes:
        label: the class.
        mask: `(height, width)` bool, the place.
        heat: share of its images' heat that lies there.
        turned: of images of other classes, the share named this class once the place of one of its
            images is copied into them; with a 95 % interval.
        control: the same with the place of an image of yet another class.
        kept: of its own images that were named rightly, the share that still is with the place
            covered; None if there is none.
    """

    label: int
    mask: np.ndarray
    heat: float
    turned: Interval
    control: Interval
    kept: float | None

    @property
    def is_shortcut(self) -> bool:
        """Whether the place alone turns others into this class, well beyond what any place does."""
        return self.turned.low - self.control.high > 0 and self.gain >= SHIFT

    @property
    def gain(self) -> float:
        """Share of other images that turn by the place itself."""
        return self.turned.value - self.control.value


def shortcuts(
    prepared: Prepared,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Place, ...]:
    """Look in each class for a place that its images alone are hot at, and try what it does.

    The place is where the mean heat of half of a class's images lies highest above that of the
    other classes; it is then copied from the other half into images of other classes.

    Args:
        prepared: A method made ready for the model; Grad-CAM or another that is quick.
        images: `(count, height, width, channels)` in 0–255, not those it was trained on.
        labels: `(count,)`, the true classes.
        seed: Of which images are taken.
        progress: Called as `progress(done, total)`, in images explained.

    Returns:
        A place for each class with images enough, the most suspicious first.

    Raises:
        InputError: If no class has images enough.
    """
    labels = np.asarray(labels)
    counts = np.bincount(labels, minlength=prepared.subject.num_classes)
    enough = np.flatnonzero(counts >= FEWEST)
    if len(enough) < 2:
        raise InputError(
            _("Two classes with at least {count} images each are needed.").format(count=FEWEST)
        )
    # The maps of the true class: a mark is as suspicious where the model is not fooled yet.
    maps = prepared(images, labels, progress=progress).maps
    heat = _shares(upsample(maps, images.shape[1:3]))
    predicted = predict_logits(prepared.subject.model, images).argmax(axis=1)
    rng = np.random.default_rng(seed)
    asked = _Asked(prepared.subject.model, images, labels, heat, predicted, rng)
    return tuple(sorted((asked.place(int(label)) for label in enough), key=lambda one: -one.gain))


@dataclass(frozen=True, eq=False)
class _Asked:
    model: keras.Model
    images: np.ndarray
    labels: np.ndarray
    heat: np.ndarray
    predicted: np.ndarray
    rng: np.random.Generator

    def place(self, label: int) -> Place:
        own = self.rng.permutation(np.flatnonzero(self.labels == label))
        shown, tried = own[: len(own) // 2], own[len(own) // 2 :]
        others = np.flatnonzero(self.labels != label)
        above = self.heat[shown].mean(axis=0) - self.heat[others].mean(axis=0)
        mask = hottest(above, max(round(PLACE * above.size), 1))
        into = self.rng.permutation(others[self.predicted[others] != label])[:TRIED]
        from_others = others[self.rng.permutation(len(others))]
        right = tried[self.predicted[tried] == label]
        kept = None
        if len(right):
            covered = self._named(_covered(self.images[right], mask))
            kept = float((covered == label).mean())
        return Place(
            label,
            mask,
            float(self.heat[tried][:, mask].sum(axis=1).mean()),
            self._turned(label, mask, into, tried),
            self._turned(label, mask, into, from_others),
            kept,
        )

    def _turned(self, label: int, mask: np.ndarray, into: np.ndarray, of: np.ndarray) -> Interval:
        if not len(into):
            return proportion_interval(0, 1)
        source = of[np.arange(len(into)) % len(of)]
        mixed = np.where(mask[..., None], self.images[source], self.images[into])
        return proportion_interval(int((self._named(mixed) == label).sum()), len(into))

    def _named(self, images: np.ndarray) -> np.ndarray:
        found: np.ndarray = predict_logits(self.model, images).argmax(axis=1)
        return found


def _shares(heat: np.ndarray) -> np.ndarray:
    """Bring each map to a sum of 1; an empty one is even."""
    total = heat.sum(axis=(1, 2), keepdims=True)
    even = 1 / (heat.shape[1] * heat.shape[2])
    return np.where(total > 0, heat / np.where(total > 0, total, 1), even)


def _covered(images: np.ndarray, mask: np.ndarray) -> np.ndarray:
    means = images.mean(axis=(1, 2), keepdims=True)
    return np.where(mask[..., None], means, images).astype(np.float32)
