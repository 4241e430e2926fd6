"""How much of a model's accuracy is left when test images are noisy, blurred, snowed on or coarse.

One question, a table: top-1 on the same test images under each of the fifteen common corruptions at
each of five severities, and what that comes to on average.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from evrisim import _files, judging, metrics
from evrisim._plain import plain
from evrisim._validate import check_whole
from evrisim.corruptions import CORRUPTIONS, GROUPS, SEVERITIES, corrupt, display_names
from evrisim.data.dataset import DataSet
from evrisim.evaluate import evaluate_logits
from evrisim.inference import predict_logits
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.statistics import Interval, bootstrap_over_images, proportion_interval
from evrisim.training import Run
from evrisim.training.run import read_facts

Progress = Callable[[int, int], None]

FORMAT = 1
FILE = "robustness.json"

IMAGES = 1000
"""Test images that are corrupted unless told otherwise: a cell is then good to about 3 points."""


@dataclass(frozen=True, eq=False)
class Robustness:
    """A model's answers on test images, as they are and under every corruption.

    Attributes:
        data: name of the data set.
        seed: of which test images were taken, and of the corruptions.
        numbers: `(count,)` which test images these were.
        clean: `(count,)` bool, whether each was named rightly as it is.
        right: `(corruptions, severities, count)` bool, the same when corrupted, in the order of
            `CORRUPTIONS`.
    """

    data: str
    seed: int
    numbers: np.ndarray
    clean: np.ndarray
    right: np.ndarray

    @property
    def count(self) -> int:
        """How many test images were judged in each cell of the table."""
        return len(self.numbers)

    @property
    def corrupted(self) -> int:
        """How many corrupted images were judged in all."""
        return int(self.right.size)

    @property
    def clean_top1(self) -> Interval:
        """The share of right answers on these test images as they are."""
        return proportion_interval(int(self.clean.sum()), self.count)

    @property
    def cells(self) -> dict[str, tuple[Interval, ...]]:
        """The share of right answers by corruption, one a severity."""
        return {
            name: tuple(proportion_interval(int(cell.sum()), self.count) for cell in rows)
            for name, rows in zip(CORRUPTIONS, self.right, strict=True)
        }

    @property
    def by_corruption(self) -> dict[str, float]:
        """The mean over the severities, 0–1."""
        means = self.right.mean(axis=(1, 2))
        return {name: float(mean) for name, mean in zip(CORRUPTIONS, means, strict=True)}

    @property
    def by_group(self) -> dict[str, float]:
        """The mean over the corruptions of each group, 0–1."""
        means = self.by_corruption
        return {
            group: float(
                np.mean([means[n] for n, one in CORRUPTIONS.items() if one.group == group])
            )
            for group in GROUPS
        }

    @property
    def mean_top1(self) -> Interval:
        """The mean over all corruptions and severities, its interval by a bootstrap over images.

        An image is drawn with all its corrupted versions, which are right or wrong together more
        often than strangers would be.
        """
        shares = self.right.reshape(-1, self.count).mean(axis=0)
        return bootstrap_over_images(shares[None], seed=self.seed)

    @property
    def relative_drop(self) -> float:
        """The share of the clean accuracy that corruption takes away; NaN if there is none."""
        clean = self.clean_top1.value
        return 1 - float(self.right.mean()) / clean if clean else float("nan")

    @property
    def sentence(self) -> str:
        """Say in words how well the model stands corruption."""
        names, means = display_names(), self.by_corruption
        hardest = min(means, key=means.__getitem__)
        mean = self.mean_top1
        return _(
            "Of {count} test images, {clean} are right as they are and {mean} on average over "
            "fifteen corruptions at five severities (95 % interval {range}): relative to the clean "
            "images, {drop} of the accuracy is lost. Hardest is {hardest}, with {low} right."
        ).format(
            count=numbers.whole(self.count),
            clean=numbers.percent(self.clean_top1.value),
            mean=numbers.percent(mean.value),
            range=numbers.percent_range(mean.low, mean.high),
            drop=numbers.percent(self.relative_drop),
            hardest=names[hardest],
            low=numbers.percent(means[hardest]),
        )

    def to_json(self) -> dict[str, Any]:
        """Give the table and its means as plain values; what is undefined is None."""
        found = {
            "format": FORMAT,
            "data": self.data,
            "seed": self.seed,
            "test_images": self.count,
            "corrupted_images": self.corrupted,
            "severities": SEVERITIES,
            "clean_top1": self.clean_top1,
            "mean_top1": self.mean_top1,
            "relative_drop": self.relative_drop,
            "by_group": self.by_group,
            "corruptions": [
                {
                    "name": name,
                    "group": CORRUPTIONS[name].group,
                    "top1": cells,
                    "mean": self.by_corruption[name],
                }
                for name, cells in self.cells.items()
            ],
            "sentence": self.sentence,
        }
        return {key: plain(value) for key, value in found.items()}


def measure(
    model: keras.Model,
    dataset: DataSet,
    *,
    images: int = IMAGES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Robustness:
    """Judge a model on corrupted test images.

    Which test images are taken is drawn by `seed`; a larger number holds the smaller one, and an
    image is corrupted in the same way in both.

    Args:
        model: takes raw images in 0–255, ends in logits or softmax.
        dataset: the data set it was trained on, or one with the same classes.
        images: how many test images to take; all if there are fewer.
        seed: at least 0.
        progress: called as `progress(done, total)` in images judged.

    Raises:
        InputError: For images the model does not take or that cannot be corrupted, another number
            of classes than it has, or a model that gives NaN.
    """
    check_whole("images", images, 1)
    check_whole("seed", seed, 0)
    order = np.random.default_rng(seed).permutation(len(dataset.test))
    taken = np.sort(order[:images])
    part = dataset.test.take(taken)
    total = (1 + len(CORRUPTIONS) * len(SEVERITIES)) * len(part)

    def judged(shown: np.ndarray, start: int) -> np.ndarray:
        after = progress and (lambda done, _total: progress(start + done, total))
        return predict_logits(model, shown, progress=after)

    clean = evaluate_logits(part.labels, judged(part.images, 0), dataset.class_names)
    labels = np.tile(clean.labels, len(SEVERITIES))
    right = []
    for row, name in enumerate(CORRUPTIONS):
        shown = [corrupt(part.images, name, level, seed, numbers=taken) for level in SEVERITIES]
        logits = judged(np.concatenate(shown), len(part) + row * len(labels))
        right.append(metrics.check_logits(labels, logits)[1].argmax(axis=1) == labels)
    return Robustness(
        data=dataset.name,
        seed=seed,
        numbers=taken,
        clean=clean.predicted == clean.labels,
        right=np.reshape(right, (len(CORRUPTIONS), len(SEVERITIES), len(part))),
    )


def measure_run(
    run: Run,
    dataset: DataSet,
    *,
    images: int = IMAGES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Robustness:
    """Judge a run's model on its corrupted test images, and write `robustness.json` into the run.

    These are the run's test images, changed or not: it is counted as a look at them, in `run.json`
    as `test_touches`. Nothing is written before all is measured.

    Args:
        run: A trained run.
        dataset: What it was trained on.
        images: As in `measure`.
        seed: As in `measure`.
        progress: As in `measure`.

    Raises:
        InputError: If the data has changed, or the run's model is missing or damaged.
    """
    run.check_own()
    judging.check_same_data(run, dataset)
    found = measure(run.model(), dataset, images=images, seed=seed, progress=progress)
    # Counted first: a kill between the two leaves a look too many, never one too few.
    run.updated(test_touches=run.facts.get("test_touches", 0) + 1)
    _files.write_json(run.directory / FILE, found.to_json())
    return found


def measure_other(
    run: Run,
    dataset: DataSet,
    *,
    images: int = IMAGES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Robustness:
    """Judge a run's model on corrupted test images of other data with the same classes.

    The run is left as it is. Arguments are those of `measure_run`.

    Raises:
        InputError: If the classes or the image shape differ.
    """
    judging.check_same_classes(run, dataset)
    return measure(run.model(), dataset, images=images, seed=seed, progress=progress)


def saved(run: Run) -> dict[str, Any] | None:
    """Read what `measure_run` wrote; None if it has not been called.

    Raises:
        InputError: If the file is damaged or of a newer format.
    """
    path = run.directory / FILE
    return read_facts(path, FORMAT, "{path}") if path.is_file() else None
