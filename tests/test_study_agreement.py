"""Two rankings of designs, against pairs counted one by one and SciPy's τ."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from evrisim import plots
from evrisim._validate import InputError
from evrisim.statistics import kendall
from evrisim.study.agreement import agreement
from reference import findings as made

SHORT = [(200, 204), (210, 212), (220, 221), (240, 238), (230, 233), (190, 195)]
LONG = [(300, 302), (310, 315), (330, 331), (340, 346), (360, 363), (290, 294)]


def arms(rights):
    return [made.arm(f"arm-{place}", pair) for place, pair in enumerate(rights)]


def by_counting(one, other):
    same = [np.sign((one[i] - one[j]) * (other[i] - other[j])) for i, j in pairs(one)]
    return sum(same) / len(same)


def pairs(things):
    return combinations(range(len(things)), 2)


def test_tau_is_the_share_of_pairs_ordered_alike_less_the_others():
    rng = np.random.default_rng(0)
    for count in (5, 9, 20):
        one, other = rng.random((2, count))
        found = kendall(one, other)
        assert found.value == pytest.approx(by_counting(one, other))
        assert found.low <= found.value <= found.high


def test_its_interval_holds_the_truth_about_as_often_as_it_says():
    """For two normal values of correlation r, τ is 2/π · arcsin r."""
    rng = np.random.default_rng(1)
    true = 2 / np.pi * np.arcsin(0.8)
    held = 0
    for _draw in range(1000):
        x, y = rng.normal(size=(2, 12))
        found = kendall(x, 0.8 * x + 0.6 * y)
        held += found.low <= true <= found.high
    assert 0.90 <= held / 1000 <= 0.98


def test_perfect_agreement_is_not_certain():
    found = kendall(range(8), range(8))
    assert (found.value, found.high) == (1, 1)
    assert 0.5 < found.low < 1
    back = kendall(range(8), range(8, 0, -1))
    assert (back.value, back.low, back.high) == (-1, -1, -found.low)


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], "same 5 things"),
        ([1, 2, 3, 4, 5], [1, 2, 3, 4], "same 5 things"),
        ([1, 2, 3, 4, 5], [2, 2, 2, 2, 2], "no order"),
    ],
)
def test_what_has_no_order_is_refused(one, other, sentence):
    with pytest.raises(InputError, match=sentence):
        kendall(one, other)


def test_pairs_that_the_long_training_tells_apart_are_counted():
    found = agreement(arms(SHORT), arms(LONG))
    assert found.tau.value == pytest.approx(stats.kendalltau(found.short, found.long).statistic)
    apart = [
        {f"arm-{i}", f"arm-{j}"}
        for i, j in pairs(LONG)
        if stats.ttest_rel(np.array(LONG[i]) / 400, np.array(LONG[j]) / 400).pvalue < 0.05
    ]
    assert len(found.pairs) == len(apart) > 3
    assert all({pair.better, pair.worse} in apart and pair.long > 0 for pair in found.pairs)


def test_what_the_short_one_orders_the_other_way_is_named():
    long = [*LONG[:3], (340, 341), (360, 361), LONG[5]]
    found = agreement(arms(SHORT), arms(long))
    assert [(pair.better, pair.worse) for pair in found.turned] == [("arm-4", "arm-3")]
    assert found.turned[0].short == pytest.approx(-(239 - 231.5) / 400)
    assert "Only the long one has arm-4 above arm-3." in found.sentence
    lines = [one for one in plots.agreement(found).axes[0].lines if one.get_linestyle() == "--"]
    assert len(lines) == 1


def test_one_long_seed_tells_nothing_apart():
    found = agreement(arms(SHORT), arms([row[:1] for row in LONG]))
    assert not found.pairs
    assert found.sentence.endswith("The long training tells no pair apart; more seeds of it might.")


def test_arms_are_matched_by_name():
    short = list(reversed(arms(SHORT)))
    found = agreement([made.arm("another", (1, 2)), *short], arms(LONG))
    assert found.names == tuple(arm.name for arm in short)
    assert found.tau.value == agreement(arms(SHORT), arms(LONG)).tau.value


def test_what_was_not_judged_is_said():
    opened = arms(SHORT)
    closed = [*arms(LONG)[:5], made.arm("arm-5", (3, 4), opened=False)]
    with pytest.raises(InputError, match="arm-5 has not been judged"):
        agreement(opened, closed)
