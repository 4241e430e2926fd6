"""Doubtful labels: their ranking, the heads that judge them, and the command."""

import csv

import numpy as np
import pytest
from PIL import Image

from command_line import refused, result
from evrisim import mislabelled
from evrisim._validate import InputError


def blobs(count=120, classes=3, seed=0):
    """Features of classes that lie well apart, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    return rng.normal(0, 1, (count, 5)) + 6 * np.eye(5)[labels], labels


def test_the_most_doubtful_label_comes_first():
    sure = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.05, 0.05, 0.9], [0.5, 0.3, 0.2]])
    found = mislabelled.candidates(sure, np.array([0, 0, 1, 1]))
    # By how many times more probable another class is: 18, 8, 5/3, 2/7.
    np.testing.assert_array_equal(found.order, [2, 1, 3, 0])
    np.testing.assert_array_equal(found.suggested, [1, 1, 2, 0])
    np.testing.assert_allclose(np.exp(found.doubt), [2 / 7, 8, 18, 5 / 3])


def test_wrong_labels_are_counted_by_what_their_class_is_usually_sure_of():
    """Confident learning by hand: thresholds are 0.9 for class 0 and 0.6 for class 1."""
    sure = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.3, 0.7], [0.8, 0.2]])
    # The last one is labelled 1, but is not as sure of 0 as images of 0 are; nor of 1.
    found = mislabelled.candidates(sure, np.array([0, 0, 1, 1, 1]))
    assert found.expected == 0
    sure[4] = [0.95, 0.05]
    assert mislabelled.candidates(sure, np.array([0, 0, 1, 1, 1])).expected == 1


def test_each_image_is_judged_by_the_others():
    features, labels = blobs()
    changed, places = mislabelled.planted(labels, 9, 3)
    calls = []
    sure = mislabelled.out_of_sample(
        features, changed, 3, progress=lambda *given: calls.append(given)
    )
    np.testing.assert_allclose(sure.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(sure.argmax(axis=1), labels)
    found = mislabelled.candidates(sure, changed)
    np.testing.assert_array_equal(np.sort(found.order[:9]), places)
    np.testing.assert_array_equal(found.suggested[places], labels[places])
    assert mislabelled.recalled(found, places, 9) == 9
    assert calls[-1] == (mislabelled.FOLDS, mislabelled.FOLDS)
    np.testing.assert_array_equal(mislabelled.out_of_sample(features, changed, 3), sure)


def test_planted_labels_are_wrong_and_so_many():
    labels = np.arange(200) % 4
    changed, places = mislabelled.planted(labels, 30, 4, seed=5)
    np.testing.assert_array_equal(np.flatnonzero(changed != labels), places)
    assert len(places) == 30
    assert set(changed) == {0, 1, 2, 3}


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(InputError, match="As many rows of probabilities"):
        mislabelled.candidates(np.ones((2, 3)), np.array([0]))
    with pytest.raises(InputError, match="no column"):
        mislabelled.candidates(np.ones((2, 3)), np.array([0, 3]))
    with pytest.raises(InputError, match="Of 5 labels 6 cannot be changed"):
        mislabelled.planted(np.zeros(5, int), 6, 2)
    with pytest.raises(InputError, match="at least 4 images"):
        mislabelled.out_of_sample(np.ones((7, 2)), np.array([0, 0, 0, 0, 1, 1, 1]), 2)


@pytest.mark.slow
def test_the_command_lists_draws_and_counts_what_was_planted(capsys, tmp_path):
    picture = tmp_path / "doubtful.png"
    options = [
        "--backbone",
        "condensed-cifar10",
        "--plant",
        "20",
        "--first",
        "50",
        "--out",
        picture,
    ]
    found = result(capsys, "data", "labels", "digits", "--split", "validation", *options)
    assert (found["planted"], len(found["candidates"])) == (20, 50)
    assert found["found"] >= 15  # by chance three or four: 50 of 270
    with (tmp_path / "doubtful.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == [one["image"] for one in found["candidates"]]
    with Image.open(picture) as drawn:
        assert min(drawn.size) > 300


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--split", "test"), "`--split` must be one of train, validation"),
        (("--first", "0"), "`--first` must be a whole number"),
        (("--plant", "-1"), "`--plant` must be a whole number"),
        (("--backbone", "mobilnet_v2"), "Did you mean 'mobilenet_v2'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(capsys, words, said):
    assert said in refused(capsys, "data", "labels", "digits", *words)
