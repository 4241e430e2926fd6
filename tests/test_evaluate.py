import json
from itertools import pairwise

import keras
import numpy as np
import pytest
from sklearn.metrics import classification_report, top_k_accuracy_score

from evrisim import metrics
from evrisim._validate import InputError
from evrisim.data.dataset import DataSet, Split
from evrisim.evaluate import evaluate, evaluate_logits
from evrisim.inference import predict_logits
from evrisim.statistics import wilson

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def judged(count, classes, seed=0, factor=1.0):
    """Labels and logits that are right about as often as they say, times `factor`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (count, classes))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return labels, (logits * factor).astype(np.float32)


def names(count):
    return tuple(f"class {i}" for i in range(count))


def test_equals_scikit_learns_report():
    labels, logits = judged(500, 12)
    found = evaluate_logits(labels, logits, names(12))
    report = classification_report(
        labels, logits.argmax(axis=1), target_names=names(12), output_dict=True, zero_division=0
    )
    for row in found.per_class:
        theirs = report[row.name]
        assert (row.precision, row.recall, row.f1, row.support) == pytest.approx(
            (theirs["precision"], theirs["recall"], theirs["f1-score"], theirs["support"])
        )
    assert found.macro["f1"] == pytest.approx(report["macro avg"]["f1-score"])
    assert found.top1.value == pytest.approx(report["accuracy"])
    assert found.top5.value == pytest.approx(top_k_accuracy_score(labels, logits, k=5))
    assert found.confusion.sum() == found.count == 500
    right = int((found.predicted == labels).sum())
    assert found.top1 == wilson(right, 500)


@pytest.mark.parametrize(("classes", "shown"), [(3, False), (9, False), (10, True)])
def test_top5_comes_only_where_it_means_something(classes, shown):
    labels, logits = judged(60, classes)
    assert (evaluate_logits(labels, logits, names(classes)).top5 is not None) == shown


def test_the_sentence_says_what_two_hundred_images_are_worth():
    labels = np.repeat([0, 1], 100)
    logits = np.eye(2)[np.where(np.arange(200) < 20, 1 - labels, labels)] * 3
    found = evaluate_logits(labels, logits, names(2)).sentence
    assert "180 of 200 test images are right: 90.0 %" in found
    assert "between 85.1 % and 93.4 %" in found
    assert "about 4.2 points either way" in found


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_temperature_comes_from_validation_alone_and_mends_the_calibration(factor):
    labels, logits = judged(6000, 5, factor=factor)
    validation = judged(6000, 5, seed=1, factor=factor)
    found = evaluate_logits(labels, logits, names(5), validation=validation)
    assert found.temperature == pytest.approx(factor, rel=0.05)
    assert found.temperature == metrics.fit_temperature(validation[0], validation[1].astype(float))
    assert found.temperature != metrics.fit_temperature(labels, logits.astype(float))
    assert found.calibration.ece > 0.08
    assert found.calibrated.ece < 0.02
    assert found.calibrated.ece_equal_mass < 0.02
    assert found.calibrated.nll < found.calibration.nll
    assert found.calibrated.brier < found.calibration.brier
    assert sum(one.count for one in found.calibrated.bins) == 6000


def test_without_validation_there_is_no_temperature():
    found = evaluate_logits(*judged(50, 3), names(3))
    assert found.temperature is None
    assert found.calibrated is None


def test_mistakes_are_the_wrong_ones_by_falling_confidence():
    labels, logits = judged(300, 4)
    found = evaluate_logits(labels, logits, names(4))
    confidence = metrics.softmax(logits).max(axis=1)
    wrong = [i for i in range(300) if logits[i].argmax() != labels[i]]
    expected = sorted(wrong, key=lambda i: -confidence[i])[: len(found.mistakes)]
    assert found.mistakes.tolist() == expected
    assert len(found.mistakes) == min(24, len(wrong))


def test_a_flawless_model_has_no_mistakes():
    found = evaluate_logits(np.array([0, 1]), np.eye(2), names(2))
    assert found.mistakes.tolist() == []
    assert found.top1.method == "clopper-pearson"


def test_json_is_plain_and_complete_and_says_none_where_undefined():
    labels, logits = judged(40, 11)
    labels[labels == 3] = 4
    logits[:, 3] = -50
    found = evaluate_logits(labels, logits, names(11), validation=judged(40, 11, seed=2))
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain == found.to_json()
    assert plain["per_class"][3] == {
        "name": "class 3",
        "support": 0,
        "precision": None,
        "recall": None,
        "f1": None,
    }
    assert plain["count"] == 40
    assert plain["top1"]["low"] < plain["top1"]["value"] < plain["top1"]["high"]
    assert plain["confusion"] == found.confusion.tolist()
    assert plain["temperature"] == found.temperature
    assert plain["calibration"]["ece"] == found.calibration.ece
    assert None in [one["accuracy"] for one in plain["calibration"]["bins"]]
    assert "labels" not in plain
    assert "logits" not in plain


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"class_names": names(4)}, "The model knows 3 classes, but the data has 4: class 0"),
        ({"logits": np.full((9, 3), np.nan)}, "NaN or infinity for 9 of 9 images"),
        ({"labels": np.full(9, 3)}, "Label #0 must lie between 0 and 2; received 3"),
        ({"validation": (np.zeros(2, int), np.zeros((2, 4)))}, "The model knows 4 classes"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_a_sentence(change, words):
    labels, logits = judged(9, 3)
    given = {"labels": labels, "logits": logits, "class_names": names(3), **change}
    validation = given.pop("validation", None)
    with pytest.raises(InputError, match=words):
        evaluate_logits(*given.values(), validation=validation)


# ── a model on a data set ──


class CountedReads(np.ndarray):
    """Images that count how often each is read."""

    reads = 0

    def __getitem__(self, index):
        if isinstance(index, slice):
            type(self).reads += len(range(*index.indices(len(self))))
        return np.asarray(super().__getitem__(index))


def data_set():
    rng = np.random.default_rng(0)
    splits = []
    for count in (10, 30, 50):
        labels = rng.integers(0, 3, count)
        images = rng.integers(0, 100, (count, 4, 4, 3))
        images[np.arange(count), :, :, labels] += 40
        splits.append(Split(images.astype(np.uint8), labels))
    return DataSet("tiny", *splits, class_names=("red", "green", "blue"))


def brightest_channel(activation=None):
    """A model whose logits are the mean of each colour: right whenever the plant is strong."""
    model = keras.Sequential(
        [
            keras.Input((4, 4, 3)),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation=activation),
        ]
    )
    model.layers[-1].set_weights([np.eye(3) / 5, np.zeros(3)])
    return model


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_a_model_is_judged_on_test_and_steered_by_validation(activation):
    data, model, told = data_set(), brightest_channel(activation), []
    found = evaluate(model, data, batch_size=16, progress=lambda *step: told.append(step))
    means = data.test.images.mean(axis=(1, 2)) / 5
    np.testing.assert_array_equal(found.labels, data.test.labels)
    np.testing.assert_allclose(
        metrics.softmax(found.logits), metrics.softmax(means), rtol=1e-3, atol=1e-5
    )
    assert found.top1.value == (means.argmax(axis=1) == data.test.labels).mean() > 0.9
    steering = predict_logits(model, data.validation.images).astype(float)
    assert found.temperature == pytest.approx(
        metrics.fit_temperature(data.validation.labels, steering), rel=1e-3
    )
    assert told[-1] == (80, 80)
    assert all(a[0] < b[0] for a, b in pairwise(told))


def test_each_test_image_is_read_once():
    data = data_set()
    CountedReads.reads = 0
    counted = Split(data.test.images.view(CountedReads), data.test.labels)
    once = DataSet("tiny", data.train, data.validation, counted, data.class_names)
    evaluate(brightest_channel(), once, batch_size=8)
    assert CountedReads.reads == len(counted)
