"""How good a model is on images it has never seen, with what chance alone could change."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from evrisim import metrics
from evrisim._plain import plain
from evrisim._validate import InputError
from evrisim.data.dataset import DataSet, Split
from evrisim.folding import quickened
from evrisim.inference import BATCH
from evrisim.messages import translate as _
from evrisim.statistics import Interval, proportion_interval
from evrisim.viewing import predict_logits

Progress = Callable[[int, int], None]
TOP5_CLASSES = 10  # with fewer, chance alone gives more than half
MISTAKES = 24


@dataclass(frozen=True)
class ClassRow:
    """How one class fares; NaN where undefined (never predicted, or no such image)."""

    name: str
    support: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """How far the model's confidence can be believed, before or after a temperature.

    Attributes:
        nll: mean negative log likelihood (natural logarithm).
        brier: Brier score, 0–2.
        ece: calibration error over bins of equal width, 0–1.
        ece_equal_mass: the same over bins of equally many images.
        bins: the reliability table, equal width.
    """

    nll: float
    brier: float
    ece: float
    ece_equal_mass: float
    bins: tuple[metrics.Bin, ...]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model's result on a test split.

    Attributes:
        labels: `(count,)` int64.
        logits: `(count, classes)` float32.
        class_names: one a class.
        top1: share of right predictions with its 95 % interval.
        top5: the same for the five highest; None with fewer than ten classes.
        per_class: one row a class.
        macro: precision, recall and F1 averaged over the classes that occur.
        confusion: `(classes, classes)` int64; rows are the true classes.
        calibration: as the model is.
        temperature: what logits are best divided by, fitted on validation; None without it.
        calibrated: calibration with that temperature; None without it.
        mistakes: indices of wrong predictions, the most confident first, 24 at most.
        training_top1: share of right predictions on training images as they are, not augmented;
            None where they were not judged.
    """

    labels: np.ndarray
    logits: np.ndarray
    class_names: tuple[str, ...]
    top1: Interval
    top5: Interval | None
    per_class: tuple[ClassRow, ...]
    macro: dict[str, float]
    confusion: np.ndarray
    calibration: Calibration
    temperature: float | None
    calibrated: Calibration | None
    mistakes: np.ndarray
    training_top1: Interval | None = None

    @property
    def gap(self) -> float | None:
        """Training top-1 less test top-1: what the model knows by heart only. None if unknown."""
        return None if self.training_top1 is None else self.training_top1.value - self.top1.value

    @property
    def count(self) -> int:
        """How many images were judged."""
        return len(self.labels)

    @property
    def predicted(self) -> np.ndarray:
        """The class given to each image, `(count,)` int64."""
        return self.logits.argmax(axis=1)

    @property
    def sentence(self) -> str:
        """Say in words how good the model is and how sure one can be of it."""
        return _(
            "{right} of {count} test images are right: {share:.1f} %. With 95 % confidence the "
            "true rate lies between {low:.1f} % and {high:.1f} %: on this many images chance alone "
            "moves such a rate by about {half:.1f} points either way."
        ).format(
            right=int((self.predicted == self.labels).sum()),
            count=self.count,
            share=100 * self.top1.value,
            low=100 * self.top1.low,
            high=100 * self.top1.high,
            half=50 * (self.top1.high - self.top1.low),
        )

    def to_json(self) -> dict[str, Any]:
        """Give all but labels and logits as plain values for JSON; what is undefined is None."""
        named = {
            "count": self.count,
            "class_names": self.class_names,
            "top1": self.top1,
            "top5": self.top5,
            "training_top1": self.training_top1,
            "gap": self.gap,
            "sentence": self.sentence,
            "per_class": self.per_class,
            "macro_over_present_classes": self.macro,
            "confusion": self.confusion,
            "calibration": self.calibration,
            "temperature": self.temperature,
            "calibrated": self.calibrated,
            "mistakes": self.mistakes,
        }
        return {name: plain(value) for name, value in named.items()}


def evaluate(
    model: keras.Model,
    dataset: DataSet,
    *,
    views: str = "one",
    batch_size: int = BATCH,
    progress: Progress | None = None,
) -> Evaluation:
    """Judge a model on the test split, which is read once.

    The temperature is fitted on the validation split. One number that looks good may be luck,
    so top-1 comes with its interval.

    Args:
        model: takes raw images in 0–255, ends in logits or softmax.
        dataset: the data set it was trained on, or one with the same classes.
        views: views of each image that are averaged over, as in `viewing.predict_logits`.
        batch_size: images at a time.
        progress: called as `progress(done, total)` over both splits together.

    Raises:
        InputError: For images the model does not take, another number of classes than it has,
            or a model that gives NaN.
    """
    validation, test = dataset.validation, dataset.test
    total = len(validation) + len(test)
    model = quickened(model, total)

    def judged(split: Split, start: int) -> np.ndarray:
        def after(done: int, of: int) -> None:
            if progress is not None:  # views count as parts of their image
                progress(start + done * len(split) // of, total)

        return predict_logits(model, split.images, views, batch_size=batch_size, progress=after)

    steering, logits = judged(validation, 0), judged(test, len(validation))
    return evaluate_logits(
        test.labels, logits, dataset.class_names, validation=(validation.labels, steering)
    )


def evaluate_logits(
    labels: np.ndarray,
    logits: np.ndarray,
    class_names: tuple[str, ...],
    *,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    training: tuple[np.ndarray, np.ndarray] | None = None,
) -> Evaluation:
    """Judge logits that are there already, such as those of a run's `predictions.npz`.

    Args:
        labels: `(count,)` integers.
        logits: `(count, classes)`.
        class_names: one a class.
        validation: labels and logits of the validation split, for the temperature.
        training: labels and logits of training images, for the gap.

    Raises:
        InputError: For arrays that do not fit each other, or a NaN among the logits.
    """
    checked, exact = _checked(labels, logits, class_names)
    confusion = metrics.confusion_matrix(checked, exact.argmax(axis=1), len(class_names))
    scores = metrics.class_scores(confusion)
    temperature = None
    if validation is not None:
        temperature = metrics.fit_temperature(*_checked(*validation, class_names))
    return Evaluation(
        labels=checked,
        logits=np.asarray(logits, dtype=np.float32),
        class_names=tuple(class_names),
        top1=_interval(checked, exact, 1),
        top5=_interval(checked, exact, 5) if len(class_names) >= TOP5_CLASSES else None,
        per_class=_rows(class_names, scores),
        macro=metrics.macro_average(scores),
        confusion=confusion,
        calibration=_calibration(checked, exact),
        temperature=temperature,
        calibrated=None if temperature is None else _calibration(checked, exact / temperature),
        mistakes=_mistakes(checked, exact),
        training_top1=training and _interval(*_checked(*training, class_names), 1),
    )


def _checked(
    labels: np.ndarray, logits: np.ndarray, class_names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    checked, exact = metrics.check_logits(labels, logits)
    if exact.shape[1] != len(class_names):
        raise InputError(
            _("The model knows {model} classes, but the data has {data}: {names}.").format(
                model=exact.shape[1], data=len(class_names), names=", ".join(class_names)
            )
        )
    return checked, exact


def _interval(labels: np.ndarray, logits: np.ndarray, k: int) -> Interval:
    share = metrics.top_k_accuracy(labels, logits, k)
    return proportion_interval(round(share * len(labels)), len(labels))


def _rows(class_names: tuple[str, ...], scores: metrics.ClassScores) -> tuple[ClassRow, ...]:
    columns = (scores.support, scores.precision, scores.recall, scores.f1)
    return tuple(
        ClassRow(name, *(column[i].item() for column in columns))
        for i, name in enumerate(class_names)
    )


def _calibration(labels: np.ndarray, logits: np.ndarray) -> Calibration:
    probabilities = metrics.softmax(logits)
    bins = metrics.reliability(labels, probabilities)
    even = metrics.reliability(labels, probabilities, equal_mass=True)
    return Calibration(
        nll=metrics.negative_log_likelihood(labels, logits),
        brier=metrics.brier_score(labels, probabilities),
        ece=metrics.calibration_error(bins),
        ece_equal_mass=metrics.calibration_error(even),
        bins=bins,
    )


def _mistakes(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    log_confidence = metrics.log_softmax(logits).max(axis=1)
    wrong = np.flatnonzero(logits.argmax(axis=1) != labels)
    order = np.argsort(-log_confidence[wrong], kind="stable")
    return wrong[order][:MISTAKES]
