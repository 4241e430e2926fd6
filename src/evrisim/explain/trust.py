"""How far a method's maps of a model can be trusted: its scores, and what they say."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from evrisim.explain import faithfulness, removal
from evrisim.explain.faithfulness import Faithfulness
from evrisim.explain.methods import Prepared
from evrisim.explain.removal import Removal
from evrisim.explain.sanity import Sanity, sanity
from evrisim.inference import Progress
from evrisim.messages import numbers
from evrisim.messages import translate as _

REMOVED = 64
"""Images whose pixels are removed: each of them is asked about a hundred times."""

SHUFFLED = 32
"""Images that are explained again by shuffled models."""

SCORES = (removal.deletion, removal.insertion, removal.road, removal.sensitivity)


@dataclass(frozen=True, eq=False)
class Trust:
    """What was found of one method on one model.

    Attributes:
        method: its name.
        layer: as in `Explanation`.
        count: images that were explained.
        right: `(count,)` bool, where the model was right.
        removals: `deletion`, `insertion`, `road` and `sensitivity-n`.
        sanity: what shuffled weights change.
        masked: pointing game, the same with half a cell of the map as tolerance
            (`pointing-near`), energy inside and overlap, by name; empty without masks.
    """

    method: str
    layer: str
    count: int
    right: np.ndarray
    removals: tuple[Removal, ...]
    sanity: Sanity
    masked: dict[str, Faithfulness]

    def by_correctness(self, name: str) -> tuple[float | None, float | None]:
        """Give a score against masks of images that were named rightly, and of those that were not.

        None where there is no such image.
        """
        return faithfulness.by_correctness(self.masked[name], self.right)

    def to_json(self) -> dict[str, Any]:
        """Give the scores as plain values."""
        scores: list[tuple[str, Removal | Faithfulness]] = [
            *((one.name, one) for one in self.removals),
            *self.masked.items(),
        ]
        return {
            "method": self.method,
            "layer": self.layer or None,
            "images": self.count,
            **{name: {"score": one.score, "chance": one.chance} for name, one in scores},
            "against_chance": {one.name: one.against_chance for one in self.removals},
            "by_correctness": {
                name: dict(zip(("right", "wrong"), self.by_correctness(name), strict=True))
                for name in self.masked
            },
            "shuffled": dict(
                zip(map(str, self.sanity.layers), self.sanity.correlation, strict=True)
            ),
            "other_class": self.sanity.other_class,
            "reading": list(self.reading()),
        }

    def reading(self) -> tuple[str, ...]:
        """Say in plain words what the scores mean."""
        lines = [self._of_sanity(), self._of_removals()]
        if self.masked:
            lines.append(self._of_masks())
        return tuple(lines)

    def _of_sanity(self) -> str:
        alike = numbers.decimal(self.sanity.correlation[-1])
        if self.sanity.passed:
            return _(
                "With all weights shuffled its maps are others (rank correlation {alike}): they "
                "show what the model has learned."
            ).format(alike=alike)
        return _(
            "With all weights shuffled its maps stay much the same (rank correlation {alike}): "
            "they show the image more than what the model has learned."
        ).format(alike=alike)

    def _of_removals(self) -> str:
        better = [one.name for one in self.removals if one.against_chance == "better"]
        others = [one.name for one in self.removals if one.against_chance != "better"]
        if not others:
            return _("What it marks as hot counts: all four scores are better than by chance.")
        if not better:
            return _(
                "That what it marks as hot counts is not shown: none of four scores is better than "
                "by chance."
            )
        return _("Better than by chance in {better}; not in {others}.").format(
            better=", ".join(better), others=", ".join(others)
        )

    def _of_masks(self) -> str:
        pointing = self.masked["pointing-game"]
        good, bad = self.by_correctness("pointing-game")
        return _(
            "The hottest point is on the object in {score} of the images (by chance in {chance}): "
            "in {right} of those named rightly, in {wrong} of the others."
        ).format(
            score=numbers.percent(pointing.score, 0),
            chance=numbers.percent(pointing.chance, 0),
            right=numbers.percent(good, 0),
            wrong=numbers.percent(bad, 0),
        )


def trust(
    prepared: Prepared,
    images: np.ndarray,
    labels: np.ndarray,
    masks: np.ndarray | None = None,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trust:
    """Score a method's maps of the classes that a model predicts.

    Args:
        prepared: a method made ready for the model.
        images: `(count, height, width, channels)` in 0–255. All are held against masks; of the
            first few pixels are removed, and weights shuffled.
        labels: `(count,)`, the true classes.
        masks: `(count, height, width)` bool, where the objects are; None if that is not known.
        seed: of what is drawn.
        progress: called as `progress(done, total)`, in images explained.

    Raises:
        InputError: As `explain` and `pointing_game`.
    """
    found = prepared(images, progress=progress)
    some = slice(REMOVED)
    given = (prepared.subject.model, images[some], found.maps[some], found.classes[some])
    return Trust(
        prepared.method,
        prepared.layer,
        len(images),
        found.classes == np.asarray(labels),
        tuple(score(*given, seed=seed) for score in SCORES),
        sanity(prepared, images[:SHUFFLED], seed=seed),
        {} if masks is None else faithfulness.against_masks(found.maps, masks),
    )
