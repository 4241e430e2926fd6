"""A run judged on its test split: once, saved, and counted."""

from collections.abc import Callable

import keras
import numpy as np

from evrisim import _files
from evrisim._validate import InputError
from evrisim.data.dataset import DataSet, Split
from evrisim.evaluate import Evaluation, evaluate_logits
from evrisim.folding import quickened
from evrisim.messages import translate as _
from evrisim.training import Run, Workbench
from evrisim.viewing import predict_logits

Progress = Callable[[int, int], None]

SEEN = 2000
"""Training images, at most, on which a model is judged for comparison: plain, not augmented."""


def evaluate_run(
    run: Run,
    dataset: DataSet,
    *,
    progress: Progress | None = None,
    bench: Workbench | None = None,
) -> Evaluation:
    """Judge a run's model on the test split; what was judged before is read, not judged again.

    Each pass over the test split is counted in `run.json` as `test_touches`.

    Args:
        run: A trained run.
        dataset: What it was trained on.
        progress: Called as `progress(done, total)` in test images.
        bench: A workbench of the same model, whose traced prediction is used.

    Raises:
        InputError: If the data has changed, or the run's model is missing or damaged.
    """
    check_same_data(run, dataset)
    if not (run.directory / "predictions.npz").is_file():
        model = _quick(run, dataset) if bench is None else bench.holding(run)
        _save_predictions(run, model, dataset, progress)
    evaluation = saved_evaluation(run)
    if "metrics" not in run.facts:  # also after a kill between the two files
        touches = run.facts["test_touches"] + 1
        run.updated(metrics=evaluation.to_json(), test_touches=touches)
    return evaluation


def _quick(run: Run, dataset: DataSet) -> keras.Model:
    images = len(dataset.test) + len(dataset.validation)
    return quickened(run.model(), images)


def _save_predictions(
    run: Run, model: keras.Model, dataset: DataSet, progress: Progress | None
) -> None:
    run.check_own()
    seen, views = seen_images(dataset), test_views(run)
    arrays = {
        "training_labels": seen.labels,
        "training_logits": predict_logits(model, seen.images, views),
        "labels": dataset.test.labels,
        "logits": predict_logits(model, dataset.test.images, views, progress=progress),
        "validation_labels": dataset.validation.labels,
        "validation_logits": predict_logits(model, dataset.validation.images, views),
    }
    _files.write_with(run.directory / "predictions.npz", lambda path: np.savez(path, **arrays))  # type: ignore[arg-type]


def test_views(run: Run) -> str:
    """Give the views of an image that a run's model is judged and used with."""
    recipe = run.facts.get("recipe") or {}
    return str(recipe.get("test_views", "one"))  # runs of earlier versions have none


def seen_images(dataset: DataSet) -> Split:
    """Give up to `SEEN` training images, the same each time."""
    index = np.random.default_rng(0).permutation(len(dataset.train))[:SEEN]
    return dataset.train.take(np.sort(index))


def saved_evaluation(run: Run) -> Evaluation:
    """Judge the predictions a run has saved, without running its model."""
    saved = run.predictions()
    return evaluate_logits(
        saved["labels"],
        saved["logits"],
        tuple(run.facts["data"]["class_names"]),
        validation=(saved["validation_labels"], saved["validation_logits"]),
        training=(saved["training_labels"], saved["training_logits"])
        if "training_labels" in saved  # runs of earlier versions have none
        else None,
    )


def check_same_data(run: Run, dataset: DataSet) -> None:
    """Pass if `dataset` is what the run was trained on.

    Raises:
        InputError: If its content has changed since.
    """
    if dataset.content_hash() != run.facts["data"]["content_hash"]:
        raise InputError(
            _(
                "{data} is not what {run} was trained on: its images, labels or split have changed."
            ).format(data=dataset.name, run=run.directory)
        )


def check_same_classes(run: Run, dataset: DataSet) -> None:
    """Pass if `dataset` has the classes that the run was trained on, in their order.

    Raises:
        InputError: If it has not.
    """
    expected = run.facts["data"]["class_names"]
    if list(dataset.class_names) != expected:
        raise InputError(
            _("{data} has the classes {found}, but {run} was trained on {expected}.").format(
                data=dataset.name,
                found=", ".join(dataset.class_names),
                run=run.directory,
                expected=", ".join(expected),
            )
        )
