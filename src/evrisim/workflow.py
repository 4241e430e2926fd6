"""The whole way in one call: train, evaluate, explain, report; and what comes after a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from evrisim import _files, explain, images, plots
from evrisim._validate import InputError
from evrisim.data import sources
from evrisim.data.dataset import DataSet
from evrisim.decode import UnreadableImage, decode, kind_by_name, looks_like_image, printable
from evrisim.evaluate import Evaluation, evaluate, evaluate_logits
from evrisim.explain import faithfulness
from evrisim.inference import predict_logits
from evrisim.messages import translate as _
from evrisim.metrics import softmax
from evrisim.opening import fitted
from evrisim.report import Gallery, write_run_report
from evrisim.training import ModelChoice, Recipe, Run, fit, loop

Progress = Callable[[int, int], None]

GALLERY = 12
EXPLAINED = 1000


@dataclass(frozen=True)
class Source:
    """Which data a run was made of: what `sources.load` is called with, as plain JSON values."""

    name: str
    seed: int = 0
    data_dir: str | None = None
    reading: dict[str, Any] = field(default_factory=dict)
    counts: tuple[int, int, int] | None = None

    def load(self, *, offline: bool = False, progress: Progress | None = None) -> DataSet:
        """Load the data set."""
        return sources.load(
            self.name,
            seed=self.seed,
            place=sources.Place(Path(self.data_dir) if self.data_dir else None, offline),
            progress=progress,
            reading=self.reading,
            counts=self.counts,
        )

    def to_json(self) -> dict[str, Any]:
        """Give the source as plain values, folders by their absolute path."""
        known = self.name in sources.DATA_SETS
        return {
            "name": self.name if known else str(Path(self.name).absolute()),
            "seed": self.seed,
            "data_dir": self.data_dir and str(Path(self.data_dir).absolute()),
            "reading": {
                key: list(value) if isinstance(value, tuple) else value
                for key, value in self.reading.items()
            },
            "counts": self.counts and list(self.counts),
        }

    @classmethod
    def of(cls, run: Run, name: str | None = None, data_dir: Path | None = None) -> "Source":
        """Give the source of a run, or other data read as the run's was.

        Args:
            run: The run.
            name: Of other data: images of a folder are sized as in the run.
            data_dir: Where other data is looked for first.

        Raises:
            InputError: If the run was made in Python from arrays, and has none.
        """
        saved = run.facts.get("source")
        if name is not None:
            return cls(
                name,
                seed=saved["seed"] if saved else 0,
                data_dir=str(data_dir) if data_dir else None,
                reading={} if name in sources.DATA_SETS else _reading(run),
            )
        if not saved:
            raise InputError(
                _(
                    "{path} was trained on arrays given in Python; give its data with --data."
                ).format(path=run.directory)
            )
        counts = saved["counts"]
        return cls(**{**saved, "counts": counts and tuple(counts)})


def _reading(run: Run) -> dict[str, Any]:
    rows, columns, _channels = run.facts["data"]["image_shape"]
    policy = run.facts["data"]["origin"].get("policy", "fit")
    return {"size": (rows, columns), "policy": policy}


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
    if run.facts["status"] != "done":
        evaluate_run(run, dataset)
        run = report_run(Run.open(directory), dataset).updated(status="done")
    return run


def evaluate_run(run: Run, dataset: DataSet, *, progress: Progress | None = None) -> Evaluation:
    """Judge a run's model on the test split; what was judged before is read, not judged again.

    Each pass over the test split is counted in `run.json` as `test_touches`.
    """
    check_same_data(run, dataset)
    if not (run.directory / "predictions.npz").is_file():
        _save_predictions(run, dataset, progress)
    evaluation = saved_evaluation(run)
    if "metrics" not in run.facts:  # also after a kill between the two files
        touches = run.facts["test_touches"] + 1
        run.updated(metrics=evaluation.to_json(), test_touches=touches)
    return evaluation


def _save_predictions(run: Run, dataset: DataSet, progress: Progress | None) -> None:
    model = run.model()
    arrays = {
        "labels": dataset.test.labels,
        "logits": predict_logits(model, dataset.test.images, progress=progress),
        "validation_labels": dataset.validation.labels,
        "validation_logits": predict_logits(model, dataset.validation.images),
    }
    _files.write_with(run.directory / "predictions.npz", lambda path: np.savez(path, **arrays))  # type: ignore[arg-type]


def evaluate_other(run: Run, dataset: DataSet, *, progress: Progress | None = None) -> Evaluation:
    """Judge a run's model on the test split of other data with the same classes.

    The run is left as it is: its own test split is not looked at.

    Raises:
        InputError: If the classes or the image shape differ.
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
    return evaluate(run.model(), dataset, progress=progress)


def saved_evaluation(run: Run) -> Evaluation:
    """Judge the predictions a run has saved, without running its model."""
    saved = run.predictions()
    return evaluate_logits(
        saved["labels"],
        saved["logits"],
        tuple(run.facts["data"]["class_names"]),
        validation=(saved["validation_labels"], saved["validation_logits"]),
    )


def report_run(run: Run, dataset: DataSet, *, progress: Progress | None = None) -> Run:
    """Explain a run's right and wrong predictions and write its `report.html`.

    Where the data set has object masks, the explanations are scored against them on the first
    1,000 test images.
    """
    check_same_data(run, dataset)
    evaluation = saved_evaluation(run)
    cam = explain.prepare(run.model(), image_shape=dataset.image_shape)
    run = run.updated(explanation=_faithfulness(cam, dataset, evaluation, progress))
    right, wrong = galleries(cam, dataset, evaluation)
    write_run_report(
        run.directory / "report.html",
        run.facts,
        run.history,
        evaluation,
        right=right,
        wrong=wrong,
    )
    return run


def galleries(
    cam: explain.Prepared, dataset: DataSet, evaluation: Evaluation
) -> tuple[Gallery, Gallery]:
    """Give some right and some wrong predictions of the test split, with where the model looked."""
    right, wrong = (_gallery(cam, dataset, evaluation, index) for index in _examples(evaluation))
    return right, wrong


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


@dataclass(frozen=True)
class Prediction:
    """What a run's model says about one image."""

    name: str
    class_name: str
    probability: float
    ranking: tuple[tuple[str, float], ...]


def predict(run: Run, batch: np.ndarray, names: Sequence[str]) -> list[Prediction]:
    """Name the class of each image, with the run's temperature so that probabilities are honest.

    Args:
        run: A run with a model.
        batch: `(count, rows, columns, channels)` as `read_images` gives them.
        names: One name an image.
    """
    class_names = run.facts["data"]["class_names"]
    temperature = (run.facts.get("metrics") or {}).get("temperature") or 1.0
    found = softmax(predict_logits(run.model(), batch) / temperature)
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


def explain_images(
    run: Run, read: Images, class_index: int | None = None, *, layer: str | None = None
) -> explain.Explanation:
    """Show where a run's model looks in images, for one class or each image's predicted one."""
    return explain.grad_cam(run.model(), read.images, class_index, layer=layer)


def save_explanation(path: Path, run: Run, read: Images, found: explain.Explanation) -> None:
    """Write one picture: each image beside its heat map, whole or not at all."""
    class_names = run.facts["data"]["class_names"]
    titles = [
        f"{name}\n{class_names[label]}"
        for name, label in zip(read.names, found.classes, strict=True)
    ]
    pairs = [
        _beside(image, heat)
        for image, heat in zip(read.images, images.stretch(found.maps), strict=True)
    ]
    plots.save(plots.gallery(pairs, titles), path)


def _beside(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Put a small image, enlarged in whole pixels, beside itself under a smooth heat map."""
    factor = max(1, 256 // image.shape[0])
    large = image.repeat(factor, axis=0).repeat(factor, axis=1)
    plain = np.broadcast_to(large, (*large.shape[:2], 3))
    return np.concatenate([plain, images.overlay(large, heat)], axis=1)


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


def _examples(evaluation: Evaluation) -> tuple[np.ndarray, np.ndarray]:
    """Choose right predictions, classes in turn, and the most confident wrong ones."""
    right = np.flatnonzero(evaluation.predicted == evaluation.labels)
    turn = np.zeros(len(right), int)
    for label in np.unique(evaluation.labels[right]):
        same = evaluation.labels[right] == label
        turn[same] = np.arange(same.sum())
    order = np.lexsort((evaluation.labels[right], turn))
    return right[order][:GALLERY], evaluation.mistakes[:GALLERY]


def _gallery(
    cam: explain.Prepared, dataset: DataSet, evaluation: Evaluation, index: np.ndarray
) -> Gallery:
    chosen = dataset.test.take(index)
    predicted = evaluation.predicted[index]
    return Gallery(
        images=chosen.images,
        heats=cam(chosen.images, predicted).maps if len(index) else None,
        true=chosen.labels,
        predicted=predicted,
        confidence=softmax(evaluation.logits[index]).max(axis=1) if len(index) else np.zeros(0),
        names=tuple(dataset.test.name(int(i)) for i in index),
        masks=chosen.masks,
    )
