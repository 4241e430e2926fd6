import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from evrisim import metrics
from evrisim._validate import InputError

quick = settings(derandomize=True, deadline=None, max_examples=150)


@st.composite
def judged(draw, tied=True):
    """Labels with absent classes and logits, with ties when asked."""
    classes = draw(st.integers(2, 7))
    count = draw(st.integers(1, 25))
    used = draw(st.integers(1, classes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(0, used, count)
    logits = rng.normal(0, 3, (count, classes))
    return labels, np.round(logits) if tied and draw(st.booleans()) else logits


# ── a second, slow implementation, written from the definitions ──


def slow_softmax(logits):
    return np.array([[np.exp(v) / sum(np.exp(w) for w in row) for v in row] for row in logits])


def slow_class_scores(labels, predicted, classes):
    rows = []
    for c in range(classes):
        hit = sum(1 for t, p in zip(labels, predicted, strict=True) if t == c and p == c)
        true = sum(1 for t in labels if t == c)
        said = sum(1 for p in predicted if p == c)
        precision = hit / said if said else np.nan
        recall = hit / true if true else np.nan
        f1 = 2 * hit / (true + said) if true + said else np.nan
        rows.append((precision, recall, f1, true))
    return np.array(rows)


def slow_top_k(labels, scores, k):
    hits = 0
    for label, row in zip(labels, scores, strict=True):
        order = sorted(range(len(row)), key=lambda c: (-row[c], c))
        hits += label in order[:k]
    return hits / len(labels)


def slow_ece(labels, probabilities, bins):
    total = 0.0
    for i in range(bins):
        members = [
            (max(row), int(np.argmax(row)) == label)
            for label, row in zip(labels, probabilities, strict=True)
            if i / bins < max(row) <= (i + 1) / bins
        ]
        if members:
            sure = sum(m[0] for m in members) / len(members)
            right = sum(m[1] for m in members) / len(members)
            total += len(members) / len(labels) * abs(sure - right)
    return total


@quick
@given(judged())
def test_equals_the_slow_reference(case):
    labels, logits = case
    count, classes = logits.shape
    probabilities = metrics.softmax(logits)
    np.testing.assert_allclose(probabilities, slow_softmax(logits), atol=1e-12)
    for k in range(1, classes + 1):
        assert metrics.top_k_accuracy(labels, logits, k) == slow_top_k(labels, logits, k)
    predicted = logits.argmax(axis=1)
    scores = metrics.class_scores(metrics.confusion_matrix(labels, predicted, classes))
    found = np.stack([scores.precision, scores.recall, scores.f1, scores.support], axis=1)
    np.testing.assert_allclose(found, slow_class_scores(labels, predicted, classes), atol=1e-12)
    nll = -np.mean([np.log(probabilities[i, t]) for i, t in enumerate(labels)])
    assert metrics.negative_log_likelihood(labels, logits) == pytest.approx(nll, abs=1e-9)
    for bins in (1, 10, 15):
        table = metrics.reliability(labels, probabilities, bins=bins)
        slow = slow_ece(labels, probabilities, bins)
        assert metrics.calibration_error(table) == pytest.approx(slow, abs=1e-9)
        assert sum(one.count for one in table) == count


@quick
@given(judged(tied=False))
def test_equals_scikit_learn(case):
    labels, logits = case
    classes = logits.shape[1]
    every = np.arange(classes)
    predicted = logits.argmax(axis=1)
    confusion = metrics.confusion_matrix(labels, predicted, classes)
    np.testing.assert_array_equal(confusion, sk.confusion_matrix(labels, predicted, labels=every))
    ours = metrics.class_scores(confusion)
    theirs = sk.precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=np.nan
    )
    for mine, other in zip(
        (ours.precision, ours.recall, ours.f1, ours.support), theirs, strict=True
    ):
        np.testing.assert_allclose(mine, other, atol=1e-12)
    present = np.unique(labels)
    macro = sk.precision_recall_fscore_support(
        labels, predicted, labels=present, average="macro", zero_division=0
    )
    np.testing.assert_allclose(list(metrics.macro_average(ours).values()), macro[:3], atol=1e-12)
    probabilities = metrics.softmax(logits)
    assert metrics.negative_log_likelihood(labels, logits) == pytest.approx(
        sk.log_loss(labels, probabilities, labels=every), abs=1e-9
    )
    assert metrics.brier_score(labels, probabilities) == pytest.approx(
        sk.brier_score_loss(np.eye(classes)[labels], probabilities, scale_by_half=False),
        abs=1e-12,
    )
    if classes > 2:
        for k in range(1, classes):
            theirs = sk.top_k_accuracy_score(labels, logits, k=k, labels=every)
            assert metrics.top_k_accuracy(labels, logits, k) == pytest.approx(theirs)


def test_perfect_predictions_score_one_though_classes_are_absent():
    scores = metrics.class_scores(metrics.confusion_matrix(np.zeros(5, int), np.zeros(5, int), 3))
    assert metrics.macro_average(scores) == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert np.isnan(scores.f1[1:]).all()


def test_a_class_never_predicted_lowers_the_macro_average():
    labels, predicted = np.array([0, 0, 1, 1]), np.zeros(4, int)
    scores = metrics.class_scores(metrics.confusion_matrix(labels, predicted, 2))
    assert np.isnan(scores.precision[1])
    assert metrics.macro_average(scores)["precision"] == 0.25


def test_huge_logits_do_not_overflow():
    logits = np.array([[1e308, -1e308], [-1e30, 1e30]])
    assert metrics.softmax(logits / 2).tolist() == [[1, 0], [0, 1]]
    assert metrics.negative_log_likelihood(np.array([1, 0]), logits[[1, 1]]) == 1e30


def test_log_probabilities_are_logits_of_the_same_probabilities():
    probabilities = metrics.softmax(np.random.default_rng(0).normal(0, 2, (20, 4)))
    again = metrics.softmax(metrics.log_probabilities(probabilities))
    np.testing.assert_allclose(again, probabilities, atol=1e-12)
    assert np.isfinite(metrics.log_probabilities(np.array([[1.0, 0.0]]))).all()


# ── calibration against synthetic truth ──


def calibrated(count, classes=10, spread=2.0, seed=0):
    """Logits whose probabilities are the truth: each label is drawn from its own row."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (count, classes))
    noise = rng.gumbel(size=logits.shape)
    return (logits + noise).argmax(axis=1), logits


@pytest.mark.parametrize("equal_mass", [False, True])
def test_calibrated_logits_have_next_to_no_calibration_error(equal_mass):
    labels, logits = calibrated(40_000)
    table = metrics.reliability(labels, metrics.softmax(logits), equal_mass=equal_mass)
    assert metrics.calibration_error(table) < 0.01


@pytest.mark.parametrize("equal_mass", [False, True])
@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_calibration_error_of_distorted_logits_equals_the_known_gap(factor, equal_mass):
    labels, logits = calibrated(40_000)
    said, true = metrics.softmax(logits * factor), metrics.softmax(logits)
    # Truth: the stated confidence against the real chance of the predicted class; the sign of the
    # gap is the same everywhere, so binning loses nothing.
    truth = abs(said.max(axis=1).mean() - true.max(axis=1).mean())
    table = metrics.reliability(labels, said, equal_mass=equal_mass)
    assert metrics.calibration_error(table) == pytest.approx(truth, abs=0.01)


@pytest.mark.parametrize("temperature", [0.25, 0.5, 1.0, 2.0, 4.0])
def test_temperature_is_recovered(temperature):
    labels, logits = calibrated(20_000)
    found = metrics.fit_temperature(labels, logits * temperature)
    assert found == pytest.approx(temperature, rel=0.02)


def test_temperature_is_where_a_fine_grid_has_its_least_loss():
    labels, logits = calibrated(300, classes=3)
    grid = np.exp(np.linspace(-1, 1, 2001))
    losses = [metrics.negative_log_likelihood(labels, logits / t) for t in grid]
    assert metrics.fit_temperature(labels, logits) == pytest.approx(
        grid[int(np.argmin(losses))], rel=2e-3
    )


def test_temperature_of_flawless_predictions_stays_at_its_limit():
    found = metrics.fit_temperature(np.array([0, 1]), np.array([[1.0, 0], [0, 1]]))
    assert found == pytest.approx(metrics.TEMPERATURES[0], rel=1e-3)


@quick
@given(judged())
def test_bins_of_equal_mass_hold_every_image_once_and_keep_equals_together(case):
    labels, logits = case
    confidence = metrics.softmax(logits).max(axis=1)
    table = metrics.reliability(labels, metrics.softmax(logits), bins=5, equal_mass=True)
    assert sum(one.count for one in table) == len(labels)
    assert all(one.count for one in table)
    for one in table:
        inside = confidence[(confidence > one.low) & (confidence <= one.high)]
        assert len(inside) == one.count
    if len(np.unique(confidence)) == len(confidence) and len(confidence) % 5 == 0:
        assert {one.count for one in table} == {len(confidence) // 5}


def test_an_empty_bin_is_undefined_and_weighs_nothing():
    table = metrics.reliability(np.array([0]), np.array([[0.9, 0.1]]), bins=2)
    assert [one.count for one in table] == [0, 1]
    assert np.isnan(table[0].accuracy)
    assert metrics.calibration_error(table) == pytest.approx(0.1)


# ── what cannot be judged ──


@pytest.mark.parametrize(
    ("labels", "logits", "words"),
    [
        ([0, 1], [[0.0, np.nan], [1, 2]], r"NaN or infinity for 1 of 2 images \(first: #0\)"),
        ([0, 1], [[0.0, 1], [np.inf, 2]], r"NaN or infinity for 1 of 2 images \(first: #1\)"),
        ([0, 2], [[0.0, 1], [1, 2]], "Label #1 must lie between 0 and 1; received 2"),
        ([-1, 1], [[0.0, 1], [1, 2]], "Label #0 must lie between 0 and 1; received -1"),
        ([0.0, 1.0], [[0.0, 1], [1, 2]], "2 whole numbers; received float64"),
        ([0], [[0.0, 1], [1, 2]], r"2 whole numbers; received int64 of shape \(1,\)"),
        ([0], [[1.0]], "at least one image and two classes"),
        ([], np.zeros((0, 3)), "at least one image and two classes"),
        ([0], [1.0, 2.0], r"shape \(count, classes\)"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_a_sentence(labels, logits, words):
    with pytest.raises(InputError, match=words):
        metrics.check_logits(np.array(labels), np.array(logits))


def test_checked_arrays_come_back_unchanged_in_value():
    labels, logits = metrics.check_logits(
        np.array([0, 1], np.uint8), np.array([[1, 2], [3, 4]], np.float32)
    )
    assert labels.tolist() == [0, 1]
    assert logits.tolist() == [[1, 2], [3, 4]]
    assert (labels.dtype, logits.dtype) == (np.int64, np.float64)


def test_an_image_with_a_score_that_is_no_number_is_named_wrongly():
    scores = np.array([[np.nan, 1.0], [np.nan, np.nan], [0.0, 1.0], [-np.inf, 1.0]])
    assert metrics.top_k_accuracy(np.array([1, 0, 1, 1]), scores) == 0.5
