"""How good predictions are: functions of arrays (labels and logits), without Keras.

Logits are `(count, classes)` floats; log-probabilities are logits too, so a model that
ends in softmax is measured by the logarithm of what it gives. Probabilities are the same
shape, at least 0, each row summing to 1. What is undefined is NaN, never a silent 0.
"""

from dataclasses import dataclass

import numpy as np

from evrisim._validate import InputError
from evrisim.messages import translate as _

BINS = 15
TEMPERATURES = (0.05, 20.0)
SMALLEST_PROBABILITY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Precision, recall and F1 of each class, `(classes,)` float64 in 0–1, NaN where undefined.

    Precision is undefined for a class that was never predicted, recall for one that never
    occurs, F1 where both hold at once. `support` counts the images of each class.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray


@dataclass(frozen=True)
class Bin:
    """Images whose confidence lies in (low, high]: how sure and how right they are on average.

    `confidence` and `accuracy` are 0–1, and NaN when the bin is empty.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def check_logits(labels: np.ndarray, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as int64 and logits as float64 if they can be judged, else say why not.

    Raises:
        InputError: For no image, a wrong shape, a label that is no class, or a NaN or infinity
            among the logits (the first such row is named).
    """
    labels, logits = np.asarray(labels), np.asarray(logits)
    if logits.ndim != 2 or logits.shape[1] < 2 or not len(logits):
        raise InputError(
            _(
                "Logits must have shape (count, classes) with at least one image and two classes; "
                "received {shape}."
            ).format(shape=logits.shape)
        )
    if labels.shape != (len(logits),) or labels.dtype.kind not in "iu":
        raise InputError(
            _("Labels must be {count} whole numbers; received {dtype} of shape {shape}.").format(
                count=len(logits), dtype=labels.dtype, shape=labels.shape
            )
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= logits.shape[1]))
    if len(wrong):
        raise InputError(
            _("Label #{index} must lie between 0 and {last}; received {value}.").format(
                index=wrong[0], last=logits.shape[1] - 1, value=labels[wrong[0]]
            )
        )
    logits = logits.astype(np.float64)
    _check_finite(logits)
    return labels.astype(np.int64), logits


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Give the logarithm of the probabilities, float64, without overflow for any finite logits."""
    logits = np.asarray(logits, dtype=np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Give probabilities, float64.

    Example:
        >>> softmax(np.array([[0.0, np.log(3.0)]])).round(2).tolist()
        [[0.25, 0.75]]
    """
    return np.exp(log_softmax(logits))


def log_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Turn probabilities into logits: their logarithm, zeros raised to the smallest float32."""
    return np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))


def top_k_accuracy(labels: np.ndarray, scores: np.ndarray, k: int = 1) -> float:
    """Give the share of images whose class is among the `k` highest scores, 0–1.

    Equal scores rank in class order, so `k=1` agrees with `argmax`. `scores` may be logits
    or probabilities, `(count, classes)`. An image with a score that is no number is wrong.

    Example:
        >>> top_k_accuracy(np.array([0, 1]), np.array([[3.0, 1, 2], [3, 1, 2]]), k=2)
        0.5
    """
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    earlier = np.arange(scores.shape[1]) < labels[:, None]
    rank = ((scores > own) | ((scores == own) & earlier)).sum(axis=1)
    return float(((rank < k) & ~np.isnan(scores).any(axis=1)).mean())


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, num_classes: int) -> np.ndarray:
    """Count images by true class (rows) and predicted class (columns), int64.

    Example:
        >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
        [[1, 1], [0, 1]]
    """
    pairs = np.asarray(labels) * num_classes + np.asarray(predicted)
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def class_scores(confusion: np.ndarray) -> ClassScores:
    """Give precision, recall, F1 and support of each class from a confusion matrix.

    Example:
        >>> class_scores(np.array([[1, 1], [0, 0]])).recall.tolist()
        [0.5, nan]
    """
    right, support, claimed = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return ClassScores(
        precision=_ratio(right, claimed),
        recall=_ratio(right, support),
        f1=_ratio(2 * right, support + claimed),
        support=support,
    )


def macro_average(scores: ClassScores) -> dict[str, float]:
    """Average precision, recall and F1 over the classes that occur (support above 0) only.

    A class that occurs but was never predicted counts as precision 0: leaving it out would
    reward a model for ignoring it.
    """
    present = scores.support > 0
    return {
        name: float(np.nan_to_num(getattr(scores, name)[present]).mean())
        for name in ("precision", "recall", "f1")
    }


def negative_log_likelihood(labels: np.ndarray, logits: np.ndarray) -> float:
    """Give the mean of −log(probability of the true class), natural logarithm, at least 0."""
    chosen = np.take_along_axis(log_softmax(logits), labels[:, None], axis=1)
    return float(np.abs(-chosen.mean()))


def brier_score(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Give the mean squared distance of the probabilities to the truth, 0 (best) to 2.

    Reference:
        Brier 1950, "Verification of forecasts expressed in terms of probability", eq. 2.
    """
    truth = np.eye(probabilities.shape[1])[labels]
    return float(np.square(probabilities - truth).sum(axis=1).mean())


def reliability(
    labels: np.ndarray, probabilities: np.ndarray, *, bins: int = BINS, equal_mass: bool = False
) -> tuple[Bin, ...]:
    """Sort images into bins of confidence and compare how sure with how right the model is.

    Args:
        labels: `(count,)` integers.
        probabilities: `(count, classes)`.
        bins: how many.
        equal_mass: bins of (nearly) as many images each instead of equal width on 0–1. Images
            of equal confidence stay together, so there may be fewer bins than asked.

    Returns:
        The bins, the lowest confidence first; those of equal width may be empty.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = _mass_edges(confidence, bins) if equal_mass else np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, len(edges) - 2)
    return tuple(
        Bin(
            low=float(edges[i]),
            high=float(edges[i + 1]),
            count=int(inside.sum()),
            confidence=float(confidence[inside].mean()) if inside.any() else np.nan,
            accuracy=float(right[inside].mean()) if inside.any() else np.nan,
        )
        for i in range(len(edges) - 1)
        for inside in [place == i]
    )


def calibration_error(table: tuple[Bin, ...]) -> float:
    """Give the expected calibration error (ECE) of a reliability table, 0 (best) to 1.

    The mean over images of |confidence − accuracy| of their bin. Empty bins weigh nothing.

    Reference:
        Guo et al. 2017, "On calibration of modern neural networks", eq. 3.
    """
    filled = [one for one in table if one.count]
    total = sum(one.count for one in filled)
    return sum(one.count * abs(one.confidence - one.accuracy) for one in filled) / total


def fit_temperature(labels: np.ndarray, logits: np.ndarray) -> float:
    """Find the number to divide logits by so that confidence matches accuracy best.

    Minimises the negative log likelihood between the limits of `TEMPERATURES`. Give it
    *validation* logits: fitted on test images, the calibration it reports would flatter.
    Above 1 the model was too sure of itself, below 1 not sure enough. The predicted classes
    do not change. Where every image is right there is no minimum, and the lower limit comes.

    Reference:
        Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
    """
    from scipy.optimize import minimize_scalar

    low, high = TEMPERATURES
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(labels, logits / np.exp(log_t)),
        bounds=(np.log(low), np.log(high)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))


def _check_finite(logits: np.ndarray) -> None:
    wrong = np.flatnonzero(~np.isfinite(logits).all(axis=1))
    if len(wrong):
        raise InputError(
            _(
                "The model gives NaN or infinity for {count} of {total} images (first: #{index}); "
                "such a model has no meaningful score. Train it again with a lower learning rate."
            ).format(count=len(wrong), total=len(logits), index=wrong[0])
        )


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    undefined = np.full(len(whole), np.nan)
    return np.divide(part, whole, out=undefined, where=whole > 0)


def _mass_edges(confidence: np.ndarray, bins: int) -> np.ndarray:
    inner = np.quantile(confidence, np.arange(1, bins) / bins, method="inverted_cdf")
    inner = np.unique(inner[inner < confidence.max()])
    return np.concatenate([[0.0], inner, [confidence.max()]])
