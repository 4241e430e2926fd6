"""Images whose label is probably wrong: a model that never saw them names them otherwise."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evrisim._validate import InputError, check_whole
from evrisim.data.cache import ArrayCache
from evrisim.data.dataset import Split
from evrisim.messages import translate as _
from evrisim.transfer import Extractor, Trunk
from evrisim.transfer.extraction import features

FOLDS = 4
"""Parts of the images; each is judged by a head trained on the others."""

FREEDOM = 32.0
"""Weight of the images' mean loss against the penalty on a head's weights (features of spread 1).

With ImageNet features of CIFAR-10 it finds most planted labels; a third or three times are near.
"""

ITERATIONS = 60
_SMALL = 1e-12

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Images in the order in which their labels should be looked at.

    Attributes:
        order: `(images,)` int64, the most doubtful first.
        doubt: `(images,)` float64, by image: logarithm of how much more probable another class is
            than the label; above 0 where one is.
        suggested: `(images,)` int64, by image: the most probable other class.
        expected: how many wrong labels there are, by confident learning.
    """

    order: np.ndarray
    doubt: np.ndarray
    suggested: np.ndarray
    expected: int


def candidates(probabilities: np.ndarray, labels: np.ndarray) -> Candidates:
    """Rank images by how doubtful their labels are.

    Args:
        probabilities: `(images, classes)`, each row by a model that has not seen the image.
        labels: `(images,)` whole numbers.

    Raises:
        InputError: If they are not as many, or a label has no column.

    Example:
        >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.05, 0.95]])
        >>> found = candidates(sure, np.array([0, 1, 1]))
        >>> found.order.tolist(), found.suggested.tolist()
        ([1, 0, 2], [1, 0, 0])

    Reference:
        Northcutt et al. 2021, confident learning, https://arxiv.org/abs/1911.00068.
    """
    labels = np.asarray(labels)
    if probabilities.ndim != 2 or len(probabilities) != len(labels) or not len(labels):
        raise InputError(
            _(
                "As many rows of probabilities as labels are needed; received {rows} and {labels}."
            ).format(rows=np.shape(probabilities), labels=np.shape(labels))
        )
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise InputError(_("A label has no column in the probabilities."))
    rows = np.arange(len(labels))
    own = probabilities[rows, labels]
    others = probabilities.copy()
    others[rows, labels] = -1
    suggested = others.argmax(axis=1)
    doubt = np.log(others[rows, suggested] + _SMALL) - np.log(own + _SMALL)
    order = np.argsort(-doubt, kind="stable")
    return Candidates(order, doubt, suggested, _expected(probabilities, labels))


def _expected(probabilities: np.ndarray, labels: np.ndarray) -> int:
    """Count the images that are confidently of another class: as sure as that class's own are."""
    thresholds = np.array(
        [
            probabilities[labels == label, label].mean() if (labels == label).any() else np.inf
            for label in range(probabilities.shape[1])
        ]
    )
    sure = np.where(probabilities >= thresholds, probabilities, -1)
    return int(((sure.max(axis=1) >= 0) & (sure.argmax(axis=1) != labels)).sum())


def out_of_sample(
    given: np.ndarray,
    labels: np.ndarray,
    num_classes: int,
    *,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> np.ndarray:
    """Give each image's class probabilities by a linear head that was trained on other images.

    Args:
        given: `(images, features)`.
        labels: `(images,)`; wrong ones among them are outvoted.
        num_classes: How many classes there are.
        seed: Of how the images are parted.
        progress: Called as `progress(done, total)`, in parts.

    Returns:
        `(images, num_classes)` float64.

    Raises:
        InputError: If a class has fewer images than there are parts.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    counts = np.bincount(labels, minlength=num_classes)
    if counts.min() < FOLDS:
        raise InputError(
            _("Every class needs at least {count} images to be judged by the others.").format(
                count=FOLDS
            )
        )
    flat = np.asarray(given, np.float32).reshape(len(given), -1)
    flat = (flat - flat.mean(axis=0)) / (flat.std(axis=0) + 1e-6)
    found = np.zeros((len(labels), num_classes))
    part = _parts(labels, seed)
    for fold in range(FOLDS):
        held = part == fold
        head = LogisticRegression(C=FREEDOM / (~held).sum(), max_iter=ITERATIONS)
        with warnings.catch_warnings():
            # Stopped early on purpose: a head fitted to the end follows the wrong labels, too.
            warnings.simplefilter("ignore", ConvergenceWarning)
            head.fit(flat[~held], labels[~held])
        found[held] = head.predict_proba(flat[held])
        progress(fold + 1, FOLDS)
    return found


def _parts(labels: np.ndarray, seed: int) -> np.ndarray:
    """Part images so that each part has its share of every class."""
    rng = np.random.default_rng(seed)
    part = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        part[members] = (np.arange(len(members)) + rng.integers(FOLDS)) % FOLDS
    return part


def doubtful(
    split: Split,
    num_classes: int,
    trunk: Trunk,
    cache: ArrayCache,
    *,
    seed: int = 0,
    extracting: Progress = lambda done, total: None,
    training: Progress = lambda done, total: None,
) -> Candidates:
    """Rank the images of a split by how doubtful their labels are, from a trunk's features.

    Args:
        split: Images and labels.
        num_classes: How many classes there are.
        trunk: A net that has not learned these labels, such as one with ImageNet weights.
        cache: Where features are kept.
        seed: Of how the images are parted.
        extracting: Called as `extracting(done, total)` while features are computed.
        training: Called as `training(done, total)`, in parts.
    """
    rows, columns, channels = split.images.shape[1:]
    extractor = Extractor(trunk, (rows, columns, channels))
    found = features(extractor, split.images, cache, progress=extracting)
    sure = out_of_sample(found, split.labels, num_classes, seed=seed, progress=training)
    return candidates(sure, split.labels)


def planted(
    labels: np.ndarray, count: int, num_classes: int, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Make some labels wrong on purpose, to see how many are found.

    Returns:
        The labels with `count` of them changed to another class, and which: `(count,)`, ascending.

    Raises:
        InputError: If there are not so many labels.
    """
    check_whole("count", count, 1)
    if count > len(labels):
        raise InputError(
            _("Of {labels} labels {count} cannot be changed.").format(
                labels=len(labels), count=count
            )
        )
    rng = np.random.default_rng(seed)
    places = np.sort(rng.choice(len(labels), count, replace=False))
    changed = np.array(labels)
    changed[places] = (changed[places] + rng.integers(1, num_classes, count)) % num_classes
    return changed, places


def recalled(found: Candidates, places: Sequence[int] | np.ndarray, first: int) -> int:
    """Count how many of the planted labels are among the first so many candidates."""
    return int(np.isin(found.order[:first], places).sum())
