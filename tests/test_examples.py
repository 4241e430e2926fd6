"""Which test images a report shows: the surest mistakes, and where the model looked."""

from types import SimpleNamespace

import numpy as np
import pytest

from evrisim import examples
from evrisim.data.dataset import Split
from evrisim.evaluate import evaluate_logits

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2])
SAID = np.array([0, 0, 0, 1, 1, 0, 0, 2, 2, 2, 2, 1])
SURE = np.array([3, 1, 2, 4, 3, 1, 2, 5, 4, 3, 2, 1], float)


def look(images, classes):
    """Stand for a heat map: it says which image and class it was asked about."""
    numbers = np.asarray(images)[:, 0, 0, 0].astype(np.float32)
    return SimpleNamespace(maps=np.stack([numbers, np.asarray(classes, np.float32)], -1)[:, None])


@pytest.fixture
def shown():
    images = np.zeros((12, 4, 4, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(12)
    logits = np.zeros((12, 3))
    logits[np.arange(12), SAID] = SURE
    dataset = SimpleNamespace(test=Split(images, LABELS))
    return examples.shown(look, dataset, evaluate_logits(LABELS, logits, ("a", "b", "c")))


def numbers(gallery):
    return gallery.images[:, 0, 0, 0].tolist()


def test_right_answers_come_class_by_class_and_mistakes_the_surest_first(shown):
    assert numbers(shown.right) == [0, 4, 7, 1, 8, 2, 9, 10]
    assert numbers(shown.wrong) == [3, 6, 5, 11]


def test_behind_a_cell_are_its_surest_mistakes_or_its_least_sure_right_answers(shown):
    found = {pair: numbers(gallery) for pair, gallery in shown.behind.items()}
    assert found == {
        (0, 0): [1, 2],
        (1, 1): [4],
        (2, 2): [10, 9],
        (1, 0): [6, 5],
        (0, 1): [3],
        (2, 1): [11],
    }


def test_heat_is_of_what_was_said_and_of_what_is_true(shown):
    behind = shown.behind[1, 0]
    np.testing.assert_array_equal(behind.heats[:, 0], [[6, 0], [5, 0]])
    np.testing.assert_array_equal(behind.true_heats[:, 0], [[6, 1], [5, 1]])
    assert behind.names == ("#6", "#5")
    assert shown.right.true_heats is None


def test_right_answers_that_were_least_sure_come_first_among_the_doubtful(shown):
    assert numbers(shown.unsure)[:3] == [1, 2, 10]
    assert numbers(shown.unsure)[-2:] == [8, 7]
    assert len(shown.unsure) == 8
