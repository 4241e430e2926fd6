"""Where a run's model looks in images that are given: by one or more methods, as a picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from evrisim import explain, images, plots
from evrisim._validate import InputError
from evrisim.data.dataset import DataSet, Split
from evrisim.data.limiting import limit
from evrisim.explain import faithfulness
from evrisim.inference import Progress
from evrisim.judging import check_same_data
from evrisim.messages import translate as _
from evrisim.training import Run
from evrisim.workflow import Images


def explain_images(
    run: Run,
    read: Images,
    classes: Sequence[int | None] = (None,),
    *,
    methods: Sequence[str] = ("grad-cam",),
    layer: str | None = None,
    progress: Progress | None = None,
) -> list[explain.Explanation]:
    """Show where a run's model looks in images, by each method and for each class.

    Args:
        run: A finished or trained run.
        read: Its images.
        classes: Numbers of classes; None for each image's predicted one.
        methods: Of `explain.METHODS`.
        layer: As in `explain.explain`, for the methods that look at a layer.
        progress: Called as `progress(done, total)`, in images by method and class.
    """
    model = run.model()
    found: list[explain.Explanation] = []
    total = len(methods) * len(classes) * len(read.images)
    for method in methods:
        prepared = _prepared(model, method, layer, read.images.shape[1:], len(methods))
        for wanted in classes:
            before = len(found) * len(read.images)

            def told(done: int, _all: int, before: int = before) -> None:
                if progress is not None:
                    progress(before + done, total)

            found.append(prepared(read.images, wanted, progress=told))
    return found


def save_explanations(
    path: Path, run: Run, read: Images, found: Sequence[explain.Explanation]
) -> None:
    """Write one picture of each image beside its heat maps, whole or not at all."""
    class_names = run.facts["data"]["class_names"]
    if len(found) == 1:
        plots.save(_one_by_one(read, found[0], class_names), path)
        return
    columns = [(one.method, one.maps) for one in found]
    captions = [[class_names[label] for label in one.classes] for one in found]
    names = [Path(name).name for name in read.names]
    plots.save(plots.heat_maps(read.images, names, columns, captions), path)


def _one_by_one(read: Images, found: explain.Explanation, class_names: Sequence[str]) -> Any:
    titles = [
        f"{name}\n{class_names[label]}"
        for name, label in zip(read.names, found.classes, strict=True)
    ]
    pairs = [
        _beside(image, heat)
        for image, heat in zip(read.images, images.stretch(found.maps), strict=True)
    ]
    return plots.gallery(pairs, titles)


def _beside(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Put a small image, enlarged in whole pixels, beside itself under a smooth heat map."""
    large = images.enlarged(image)
    return np.concatenate([large, images.overlay(large, heat)], axis=1)


def trusted(
    run: Run,
    dataset: DataSet,
    *,
    methods: Sequence[str],
    layer: str | None = None,
    images: int = 200,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[explain.Trust]:
    """Score ways of explaining a run's model on its validation images; the test split is not used.

    Args:
        run: A trained run.
        dataset: What it was trained on.
        methods: Of `explain.METHODS`.
        layer: As in `explain.explain`, for the methods that look at a layer.
        images: How many are explained, each class with its share.
        seed: Of what is drawn.
        progress: Called as `progress(done, total)`, in images by method.

    Raises:
        InputError: If the data is not what the run was trained on, or as `explain.trust`.
    """
    some = _validation(run, dataset, images)
    return [
        explain.trust(prepared, some.images, some.labels, some.masks, seed=seed, progress=told)
        for prepared, told in _in_turn(run, dataset, methods, layer, seed, progress)
    ]


@dataclass(frozen=True, eq=False)
class OnObject:
    """How often a method's heat is on the object, of images whose object is known.

    Attributes:
        method: Of `explain.METHODS`.
        right: `(count,)` bool, which images the model named rightly.
        scores: As `faithfulness.against_masks` gives them.
    """

    method: str
    right: np.ndarray
    scores: dict[str, explain.Faithfulness]

    def by_correctness(self, name: str) -> tuple[float | None, float | None]:
        """Give a score of images that were named rightly, and of the others; None for no image."""
        return faithfulness.by_correctness(self.scores[name], self.right)


def on_object(
    run: Run,
    dataset: DataSet,
    *,
    methods: Sequence[str],
    images: int = 500,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[OnObject]:
    """Hold the heat of each method's maps against the masks of validation images.

    Arguments as in `trusted`.

    Raises:
        InputError: If the data has no masks, is not what the run was trained on, or as
            `explain.explain`.
    """
    some = _validation(run, dataset, images)
    if some.masks is None:
        raise InputError(
            _("{name} has no object masks to hold heat maps against.").format(name=dataset.name)
        )
    found = []
    for prepared, told in _in_turn(run, dataset, methods, None, seed, progress):
        heat = prepared(some.images, progress=told)
        scores = faithfulness.against_masks(heat.maps, some.masks)
        found.append(OnObject(prepared.method, heat.classes == some.labels, scores))
    return found


def _in_turn(
    run: Run,
    dataset: DataSet,
    methods: Sequence[str],
    layer: str | None,
    seed: int,
    progress: Progress | None,
) -> Iterator[tuple[explain.Prepared, Progress]]:
    """Make each method ready in turn, with whom it tells how far it is: its share of them all."""
    model = run.model()
    for place, method in enumerate(methods):

        def told(done: int, total: int, place: int = place) -> None:
            if progress is not None:
                progress(place * total + done, len(methods) * total)

        yield _prepared(model, method, layer, dataset.image_shape, len(methods), seed), told


def _validation(run: Run, dataset: DataSet, images: int) -> Split:
    """Give so many validation images of the data that a run was trained on."""
    check_same_data(run, dataset)
    return limit(dataset, {"validation": images}).validation


def _prepared(
    model: keras.Model,
    method: str,
    layer: str | None,
    image_shape: tuple[int, ...],
    methods: int,
    seed: int = 0,
) -> explain.Prepared:
    """Make a method ready; beside others, one that looks at pixels alone does without a layer."""
    looked_at = layer if explain.METHODS[method].maps or methods == 1 else None
    return explain.prepare(
        model, method=method, layer=looked_at, image_shape=image_shape, seed=seed
    )


def shortcuts(
    run: Run,
    dataset: DataSet,
    *,
    images: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[explain.Place, ...]:
    """Look for shortcuts of a run's model on its validation images; the test split is not used.

    Arguments as in `trusted`.

    Raises:
        InputError: If the data is not what the run was trained on, or as `explain.shortcuts`.
    """
    some = _validation(run, dataset, images)
    prepared = _prepared(run.model(), "grad-cam", None, dataset.image_shape, 1, seed)
    return explain.shortcuts(prepared, some.images, some.labels, seed=seed, progress=progress)
