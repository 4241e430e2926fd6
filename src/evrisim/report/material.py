"""What a report is made of, gathered once for all its sections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from evrisim.data import shapes

if TYPE_CHECKING:  # evaluate loads Keras, which a report does not need
    from evrisim.evaluate import Evaluation


@dataclass(frozen=True, eq=False)
class Gallery:
    """Some test images with what the model said of them.

    Attributes:
        images: `(count, height, width, channels)` uint8.
        heats: `(count, rows, columns)` float32 of at least 0, for the predicted class; or None.
        true: `(count,)` integers, the labels.
        predicted: `(count,)` integers, what the model said.
        confidence: `(count,)` the probability it gave to that, 0–1.
        names: one an image.
        masks: `(count, height, width)` bool, true on the object; or None.
        true_heats: as `heats`, for the true class; or None.
    """

    images: np.ndarray
    heats: np.ndarray | None
    true: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    names: tuple[str, ...]
    masks: np.ndarray | None = None
    true_heats: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.true)

    def take(self, index: Sequence[int] | np.ndarray) -> "Gallery":
        """Give some of the images, in the order of their places."""
        arrays = {
            one.name: value[np.asarray(index, int)]
            for one in fields(self)
            if isinstance(value := getattr(self, one.name), np.ndarray)
        }
        return replace(self, **arrays, names=tuple(self.names[int(place)] for place in index))


@dataclass(frozen=True, eq=False)
class Shown:
    """The test images that a report shows.

    Attributes:
        right: some that were named rightly.
        wrong: some that were not, the surest first.
        unsure: some that were named rightly, the least sure first; None for none of them.
        behind: those that cells of the confusion matrix lead to, by true and predicted class.
    """

    right: Gallery
    wrong: Gallery
    unsure: Gallery | None = None
    behind: Mapping[tuple[int, int], Gallery] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Material:
    """A run with its evaluation and examples.

    Attributes:
        facts: what `run.json` holds.
        history: one row an epoch.
        evaluation: on the test split.
        shown: examples.
        robustness: what `robustness.json` holds, or None where nothing was corrupted.
    """

    facts: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]
    evaluation: "Evaluation"
    shown: Shown
    robustness: Mapping[str, Any] | None = None

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The class names as shown: those of the embedded data in the reader's language."""
        given = tuple(self.evaluation.class_names)
        embedded = self.data.get("name") == "shapes" and given == shapes.CLASS_NAMES
        return shapes.display_names() if embedded else given

    @property
    def data(self) -> Mapping[str, Any]:
        """The facts about the data set."""
        return self.facts.get("data") or {}

    @property
    def best_epoch(self) -> int | None:
        """The epoch whose weights were kept, from 1, if it is in the history."""
        return None if self.best is None else int(self.best["epoch"])

    @property
    def best(self) -> Mapping[str, Any] | None:
        """The history's row of the epoch whose weights were kept, if it is known."""
        wanted = self.facts.get("best_epoch")
        return next((row for row in self.history if row["epoch"] == wanted), None)
