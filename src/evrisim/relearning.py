"""What a model's heat maps are once it has learned labels that are shuffled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import keras
import numpy as np

from evrisim import explain
from evrisim._validate import check_whole
from evrisim.data.limiting import limit
from evrisim.explain.sanity import ALIKE, alike
from evrisim.judging import check_same_data
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.training import Recipe, Run, fit, loop
from evrisim.training.precision import seeded

if TYPE_CHECKING:
    from evrisim.data.dataset import DataSet

FOLDER = "labels-shuffled"
"""Within the run's folder: the training on shuffled labels, kept to go on with or to use again."""

WATCHED = 500
"""Training images by which the best epoch is chosen: it is the one that knows most by heart."""

EXPLAINED = 64


@dataclass(frozen=True)
class Relearned:
    """How alike a method's maps are when the labels mean nothing.

    Attributes:
        method: Its name.
        correlation: Mean rank correlation of its maps, of the model and of one that learned
            shuffled labels, for the same images and classes.
        epochs: How long that one learned.
        by_heart: Share of its training images that it names as it was told, 0 to 1.
    """

    method: str
    correlation: float
    epochs: int
    by_heart: float

    @property
    def sentence(self) -> str:
        """Say what it means."""
        told = (
            _("they show what the labels taught.")
            if self.correlation < ALIKE
            else _("they show the image more than what the labels taught.")
        )
        return _(
            "Beside a net that learned shuffled labels for {epochs} epochs ({by_heart} by heart) "
            "its maps have a rank correlation of {alike}: {told}"
        ).format(
            epochs=self.epochs,
            by_heart=numbers.percent(self.by_heart, 0),
            alike=numbers.decimal(self.correlation),
            told=told,
        )


def relearned(
    run: Run,
    dataset: "DataSet",
    *,
    methods: Sequence[str],
    epochs: int,
    layer: str | None = None,
    seed: int = 0,
    show: loop.Show = lambda progress: None,
) -> list[Relearned]:
    """Train a run's net afresh on shuffled labels, and compare each method's maps of both.

    Args:
        run: A trained run.
        dataset: What it was trained on; the test split is not used.
        methods: Of `explain.METHODS`.
        epochs: How long; the net should know many of the labels by heart.
        layer: As in `explain.explain`, for the methods that look at a layer.
        seed: Of the shuffling and the new weights.
        show: Called as `fit` does.

    Raises:
        InputError: If the data is not what the run was trained on, or as `explain.explain`.

    Reference:
        Adebayo et al. 2018, https://arxiv.org/abs/1810.03292 (data randomisation).
    """
    check_same_data(run, dataset)
    other = _trained(run, dataset, check_whole("epochs", epochs, 1), seed, show)
    some = limit(dataset, {"validation": max(EXPLAINED, dataset.num_classes)}).validation
    models, found = (run.model(), other.model()), []
    for method in methods:
        looked_at = layer if explain.METHODS[method].maps else None
        first, second = (
            explain.prepare(
                model, method=method, layer=looked_at, image_shape=dataset.image_shape, seed=seed
            )
            for model in models
        )
        maps = first(some.images)
        correlation = alike(maps.maps, second(some.images, maps.classes).maps)
        found.append(Relearned(method, correlation, epochs, other.facts["validation"]["top1"]))
    return found


def _trained(run: Run, dataset: "DataSet", epochs: int, seed: int, show: loop.Show) -> Run:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(dataset.train.labels)
    train = replace(dataset.train, labels=labels)
    watched = train.take(np.arange(min(WATCHED, len(train))))
    shuffled = replace(dataset, train=train, validation=watched)
    with seeded(seed):
        model = keras.models.clone_model(run.model())
    changed = {"epochs": epochs, "augmentation": "none", "early_stopping": None, "seed": seed}
    recipe = Recipe.create(run.facts["recipe"]).with_settings(changed)
    place = run.directory / FOLDER / f"s{seed}-e{epochs}"
    return fit(
        shuffled,
        model,
        recipe,
        directory=place,
        resume=(place / "run.json").exists(),
        show=show,
    )
