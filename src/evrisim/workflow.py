"""The whole way in one call: train, evaluate, explain, report; and what comes after a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from evrisim import cost, examples, explain, robustness, transfer
from evrisim._validate import InputError
from evrisim.data.cache import ArrayCache
from evrisim.data.dataset import DataSet
from evrisim.decode import UnreadableImage, decode, kind_by_name, looks_like_image, printable
from evrisim.evaluate import Evaluation, evaluate
from evrisim.explain import faithfulness
from evrisim.folding import quickened
from evrisim.judging import (
    check_same_classes,
    check_same_data,
    evaluate_run,
    saved_evaluation,
    test_views,
)
from evrisim.messages import translate as _
from evrisim.metrics import softmax
from evrisim.opening import fitted
from evrisim.report import write_run_report
from evrisim.training import ModelChoice, Recipe, Run, fit, loop
from evrisim.viewing import passes, predict_logits

Progress = Callable[[int, int], None]

EXPLAINED = 1000

TIMED, TIMED_ROUNDS = (1, 64), 5
"""Images a batch of which a run's model is timed, and how often."""


def train_run(
    dataset: DataSet,
    model: ModelChoice | keras.Model,
    recipe: Recipe,
    *,
    directory: Path,
    resume: bool = False,
    show: loop.Show = lambda progress: None,
    facts: dict[str, Any] | None = None,
) -> Run:
    """Train, evaluate on the test split once, explain and report.

    Arguments and errors are those of `fit`; `facts` (the source, the command) go into `run.json`.

    Returns:
        The run, with status `done`.
    """
    run = fit(dataset, model, recipe, directory=directory, resume=resume, show=show, facts=facts)
    return run if run.facts["status"] == "done" else _judged(run, dataset)


def transfer_run(
    dataset: DataSet,
    plan: transfer.Plan,
    *,
    directory: Path,
    cache: ArrayCache,
    resume: bool = False,
    watch: transfer.Watch = transfer.NOBODY,
    facts: dict[str, Any] | None = None,
) -> Run:
    """Train a new head on a trunk as planned, evaluate on the test split once, explain and report.

    Arguments and errors are those of `transfer.train`; `facts` (the source, the command) go into
    `run.json`.

    Returns:
        The run, with status `done`.
    """
    if resume and (directory / "run.json").exists():
        found = Run.open(directory)
        if found.status == "done":
            return found
        if found.status == "trained":  # by a study, or up to a kill
            return _judged(found.updated(**(facts or {})), dataset)
    run = transfer.train(
        dataset,
        plan,
        directory=directory,
        cache=cache,
        resume=resume,
        watch=watch,
    ).updated(**(facts or {}))
    return _judged(run, dataset)


def _judged(run: Run, dataset: DataSet) -> Run:
    """Evaluate a trained run on the test split, explain and report; it is done then."""
    evaluate_run(run, dataset)
    return report_run(Run.open(run.directory), dataset).updated(status="done")


def evaluate_other(run: Run, dataset: DataSet, *, progress: Progress | None = None) -> Evaluation:
    """Judge a run's model on the test split of other data with the same classes.

    The run is left as it is: its own test split is not looked at.

    Raises:
        InputError: If the classes or the image shape differ.
    """
    check_same_classes(run, dataset)
    return evaluate(run.model(), dataset, views=test_views(run), progress=progress)


def report_run(run: Run, dataset: DataSet, *, progress: Progress | None = None) -> Run:
    """Explain a run's right and wrong predictions and write its `report.html`.

    Where the data set has object masks, the explanations are scored against them on the first
    1,000 test images.
    """
    run.check_own()
    check_same_data(run, dataset)
    evaluation = saved_evaluation(run)
    model = run.model()
    cam = explain.prepare(model, image_shape=dataset.image_shape)
    run = run.updated(
        explanation=_faithfulness(cam, dataset, evaluation, progress),
        latency=run.facts.get("latency") or _latency(model),
    )
    write_run_report(
        run.directory / "report.html",
        run.facts,
        run.history,
        evaluation,
        examples.shown(cam, dataset, evaluation),
        robustness=robustness.saved(run),
    )
    return run


@dataclass(frozen=True)
class Prediction:
    """What a run's model says about one image."""

    name: str
    class_name: str
    probability: float
    ranking: tuple[tuple[str, float], ...]


def predict(
    run: Run, batch: np.ndarray, names: Sequence[str], *, progress: Progress | None = None
) -> list[Prediction]:
    """Name the class of each image, with the run's temperature so that probabilities are honest.

    Args:
        run: A run with a model.
        batch: `(count, rows, columns, channels)` as `read_images` gives them.
        names: One name an image.
        progress: Called as `progress(done, total)` in images, each counted once a view.
    """
    class_names = run.facts["data"]["class_names"]
    temperature = (run.facts.get("metrics") or {}).get("temperature") or 1.0
    views = test_views(run)
    model = quickened(run.model(), round(len(batch) * passes(views)))
    found = softmax(predict_logits(model, batch, views, progress=progress) / temperature)
    predictions = []
    for name, row in zip(names, found, strict=True):
        order = np.argsort(-row, kind="stable")[:5]
        ranking = tuple((class_names[i], float(row[i])) for i in order)
        predictions.append(Prediction(name, *ranking[0], ranking))
    return predictions


@dataclass(frozen=True, eq=False)
class Images:
    """Images a user gave, ready for a run's model.

    Attributes:
        images: `(count, rows, columns, channels)` uint8, sized as in the run's training.
        names: one an image, as given.
        skipped: a sentence for each file that could not be read.
    """

    images: np.ndarray
    names: tuple[str, ...]
    skipped: tuple[str, ...]


def read_images(
    run: Run,
    paths: Sequence[Path],
    *,
    skip_broken: bool = False,
    progress: Progress | None = None,
) -> Images:
    """Read files, and the images in folders, with the decoder and the sizing of training.

    Raises:
        InputError: If a path is not there, or (unless `skip_broken`) an image cannot be read.
    """
    files = [file for path in paths for file in _files_at(path)]
    ready, names, skipped = [], [], []
    for done, file in enumerate(files, start=1):
        try:
            ready.append(fitted(run, decode(file)))
            names.append(printable(file))
        except UnreadableImage as error:
            if not skip_broken:
                raise
            skipped.append(str(error))
        if progress is not None:
            progress(done, len(files))
    shape = (0, *run.facts["data"]["image_shape"])
    batch = np.stack(ready) if ready else np.zeros(shape, np.uint8)
    return Images(batch, tuple(names), tuple(skipped))


def _files_at(path: Path) -> list[Path]:
    """Give the file itself, or the images in a folder by name."""
    if not path.is_dir():
        return [path]
    found = sorted(child for child in path.rglob("*") if child.is_file() and _is_image(child))
    if not found:
        raise InputError(_("There is no image in {path}.").format(path=printable(path)))
    return found


def _is_image(path: Path) -> bool:
    return kind_by_name(path.name) is not None or looks_like_image(path)


def _latency(model: keras.Model) -> dict[str, list[float]] | None:
    """Measure seconds by images a batch: median, fastest, slowest round; None for any size."""
    if None in model.input_shape[1:]:
        return None
    (found,) = cost.latencies({"model": model}, TIMED, rounds=TIMED_ROUNDS).values()
    return {str(size): [one.median, one.low, one.high] for size, one in found.items()}


def _faithfulness(
    cam: explain.Prepared, dataset: DataSet, evaluation: Evaluation, progress: Progress | None
) -> dict[str, Any]:
    facts: dict[str, Any] = {"method": "grad-cam", "layer": cam.layer}
    masks = dataset.test.masks
    if masks is None:
        return facts
    count = min(len(dataset.test), EXPLAINED)
    found = cam(dataset.test.images[:count], evaluation.predicted[:count], progress=progress)
    pointing = faithfulness.pointing_game(found.maps, masks[:count])
    energy = faithfulness.energy_inside(found.maps, masks[:count])
    return {
        **facts,
        "count": count,
        "pointing_game": pointing.score,
        "pointing_game_chance": pointing.chance,
        "energy_inside": energy.score,
        "energy_chance": energy.chance,
    }
