import numpy as np
import pytest
from scipy.stats import binom, binomtest

from evrisim._validate import InputError
from evrisim.statistics import clopper_pearson, proportion_interval, wilson

CASES = [(s, n) for n in (1, 2, 9, 10, 200, 10_000) for s in {0, 1, n // 3, n - 1, n}]


@pytest.mark.parametrize(("successes", "count"), CASES)
@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
@pytest.mark.parametrize(("ours", "scipys"), [(wilson, "wilson"), (clopper_pearson, "exact")])
def test_equals_scipys_interval(ours, scipys, successes, count, level):
    found = ours(successes, count, level=level)
    expected = binomtest(successes, count).proportion_ci(level, method=scipys)
    np.testing.assert_allclose([found.low, found.high], expected, atol=1e-10)
    assert found.value == successes / count
    assert found.level == level


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_intervals_hold_the_truth_as_often_as_they_say(share):
    count = 100
    drawn = np.arange(count + 1)
    chance = binom.pmf(drawn, count, share)
    for interval, least, most in [(wilson, 0.92, 0.98), (clopper_pearson, 0.95, 0.99)]:
        found = [interval(int(s), count) for s in drawn]
        held = sum(p for p, i in zip(chance, found, strict=True) if i.low <= share <= i.high)
        assert least <= held <= most


def test_two_hundred_images_mean_about_four_points():
    found = proportion_interval(180, 200)
    assert (found.high - found.low) / 2 == pytest.approx(0.041, abs=0.001)


def test_tiny_counts_get_the_exact_interval():
    assert proportion_interval(3, 9).method == "clopper-pearson"
    assert proportion_interval(3, 10).method == "wilson"


@pytest.mark.parametrize(
    ("successes", "count", "level", "words"),
    [
        (0, 0, 0.95, "at least one case; received 0"),
        (5, 4, 0.95, "`successes` must lie between 0 and 4; received 5"),
        (-1, 4, 0.95, "`successes` must lie between 0 and 4; received -1"),
        (1, 4, 95, "`level` must lie between 0 and 1; received 95"),
    ],
)
@pytest.mark.parametrize("interval", [wilson, clopper_pearson, proportion_interval])
def test_impossible_counts_are_refused_in_a_sentence(interval, successes, count, level, words):
    with pytest.raises(InputError, match=words):
        interval(successes, count, level=level)
