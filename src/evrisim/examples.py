"""Which test images a report shows, with where the model looked."""

import numpy as np

from evrisim import explain
from evrisim.data.dataset import DataSet
from evrisim.evaluate import Evaluation
from evrisim.metrics import softmax
from evrisim.report import Gallery, Shown

GALLERY = 12

PAIRS, OF_PAIR, OF_CLASS = 24, 3, 2
"""Confused pairs that are shown, the commonest first; images of each, and of each class's right."""


def shown(cam: explain.Prepared, dataset: DataSet, evaluation: Evaluation) -> Shown:
    """Give some right and some wrong predictions of the test split, and those behind confusions.

    Args:
        cam: Says where the model looked.
        dataset: Of which the test split was judged.
        evaluation: Of the model on it.
    """
    right, wrong, unsure = (
        _gallery(cam, dataset, evaluation, index) for index in _examples(evaluation)
    )
    return Shown(right, wrong, unsure, behind(cam, dataset, evaluation))


def behind(
    cam: explain.Prepared, dataset: DataSet, evaluation: Evaluation
) -> dict[tuple[int, int], Gallery]:
    """Give images behind the cells of the confusion matrix, by true and predicted class.

    Of the commonest confusions the surest mistakes; of each class the right answers that the model
    was least sure of.
    """
    confidence = softmax(evaluation.logits).max(axis=1)
    wrong = np.where(np.eye(len(evaluation.confusion), dtype=bool), 0, evaluation.confusion)
    places = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
    pairs = [
        (int(row), int(column))
        for row, column in zip(*np.unravel_index(places, wrong.shape), strict=True)
    ]
    diagonal = [(label, label) for label in range(len(wrong))]
    found: dict[tuple[int, int], np.ndarray] = {}
    for true, said in (*diagonal, *pairs):
        index = np.flatnonzero((evaluation.labels == true) & (evaluation.predicted == said))
        order = np.argsort(confidence[index] if true == said else -confidence[index], kind="stable")
        count = OF_CLASS if true == said else OF_PAIR
        if len(index):
            found[true, said] = index[order][:count]
    # One pass for all: a model is compiled once, and runs full batches.
    together = _gallery(cam, dataset, evaluation, np.concatenate(list(found.values())))
    ends = np.cumsum([len(index) for index in found.values()])[:-1]
    parts = np.split(np.arange(len(together)), ends)
    return {pair: together.take(part) for pair, part in zip(found, parts, strict=True)}


def _examples(evaluation: Evaluation) -> tuple[np.ndarray, ...]:
    """Choose right predictions, classes in turn; the surest wrong, the least sure right ones."""
    right = np.flatnonzero(evaluation.predicted == evaluation.labels)
    turn = np.zeros(len(right), int)
    for label in np.unique(evaluation.labels[right]):
        same = evaluation.labels[right] == label
        turn[same] = np.arange(same.sum())
    order = np.lexsort((evaluation.labels[right], turn))
    sure = softmax(evaluation.logits[right]).max(axis=1) if len(right) else np.zeros(0)
    doubtful = right[np.argsort(sure, kind="stable")]
    return right[order][:GALLERY], evaluation.mistakes[:GALLERY], doubtful[:GALLERY]


def _gallery(
    cam: explain.Prepared, dataset: DataSet, evaluation: Evaluation, index: np.ndarray
) -> Gallery:
    chosen = dataset.test.take(index)
    predicted = evaluation.predicted[index]
    mistaken = (predicted != chosen.labels).any()
    return Gallery(
        images=chosen.images,
        heats=cam(chosen.images, predicted).maps if len(index) else None,
        true_heats=cam(chosen.images, chosen.labels).maps if mistaken else None,
        true=chosen.labels,
        predicted=predicted,
        confidence=softmax(evaluation.logits[index]).max(axis=1) if len(index) else np.zeros(0),
        names=tuple(dataset.test.name(int(i)) for i in index),
        masks=chosen.masks,
    )
