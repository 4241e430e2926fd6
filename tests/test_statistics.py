from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import binom, binomtest

from evrisim._validate import InputError
from evrisim.statistics import (
    bootstrap_over_images,
    clopper_pearson,
    correlation,
    holm,
    mcnemar,
    mean_and_error,
    paired_interval,
    paired_p,
    pairing_helps,
    pairs_needed,
    pareto_front,
    power,
    proportion_interval,
    two_sided_p,
    visible_effect,
    wilson,
)

unhurried = settings(deadline=None)

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


# Pairs


def sample(count, seed=0, mean=0.004, spread=0.006):
    return np.random.default_rng(seed).normal(mean, spread, count)


accuracies = st.lists(st.integers(-500, 500), min_size=2, max_size=12).map(
    lambda counts: np.array(counts) / 10_000
)
spreading = accuracies.filter(lambda differences: np.ptp(differences) > 0)


@pytest.mark.parametrize("count", [2, 3, 6, 40])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_the_paired_interval_and_p_are_scipys(count, level):
    first, second = 0.9 + sample(count, 1), 0.9 + sample(count, 2)
    expected = stats.ttest_rel(first, second)
    found = paired_interval(first - second, level=level)
    np.testing.assert_allclose([found.low, found.high], expected.confidence_interval(level))
    assert found.value == pytest.approx((first - second).mean())
    assert (found.level, found.method) == (level, "t")
    assert paired_p(first - second) == pytest.approx(expected.pvalue)


def test_many_samples_at_once_are_each_by_itself():
    differences = sample(24).reshape(2, 3, 4)
    mean, error = mean_and_error(differences)
    for place in np.ndindex(2, 3):
        assert (mean[place], error[place]) == mean_and_error(differences[place])
        assert paired_p(differences)[place] == paired_p(differences[place])


@unhurried
@given(spreading)
def test_the_interval_leaves_out_zero_exactly_if_p_is_small(differences):
    found, p = paired_interval(differences), paired_p(differences)
    if abs(p - 0.05) > 1e-9:
        assert (found.low > 0 or found.high < 0) == (p < 0.05)


@unhurried
@given(spreading, st.randoms())
def test_the_order_of_the_pairs_does_not_matter(differences, random):
    shuffled = differences.copy()
    random.shuffle(shuffled)
    one, other = paired_interval(differences), paired_interval(shuffled)
    np.testing.assert_allclose([one.low, one.high], [other.low, other.high], atol=1e-12)


@unhurried
@given(accuracies)
def test_swapping_the_sides_mirrors_the_interval(differences):
    one, other = paired_interval(differences), paired_interval(-differences)
    np.testing.assert_allclose([other.low, other.high], [-one.high, -one.low], atol=1e-15)
    assert paired_p(differences) == pytest.approx(paired_p(-differences))


def test_equal_differences_give_an_interval_without_width():
    found = paired_interval(np.array([0.91, 0.92, 0.93]) - np.array([0.90, 0.91, 0.92]))
    assert found.low == found.value == found.high == pytest.approx(0.01)
    assert paired_p(np.full(6, 0.01)) == 0
    assert paired_p(np.zeros(6)) == 1


def test_no_spread_is_believed_below_the_resolution():
    step = 1 / 200
    found = paired_interval(np.full(4, 0.01), resolution=step)
    expected = stats.t.ppf(0.975, 3) * step / 2
    assert (found.high - found.low) / 2 == pytest.approx(expected)
    assert (
        0
        < paired_p(np.full(2, step), resolution=step)
        == pytest.approx(2 * stats.t.sf(np.sqrt(2), 1))
    )
    wide = sample(6, spread=0.1)
    assert paired_interval(wide, resolution=step) == paired_interval(wide)


def test_the_p_of_a_distance_is_the_level_whose_interval_just_reaches_it():
    found = sample(6)
    mean, error = mean_and_error(found)
    p = two_sided_p(mean - 0.01, error, 6)
    ends = paired_interval(found, level=1 - float(p))
    assert 0.01 in (pytest.approx(ends.low), pytest.approx(ends.high))


@pytest.mark.parametrize("differences", [[], [0.1]])
def test_a_spread_of_fewer_than_two_pairs_is_refused(differences):
    with pytest.raises(InputError, match=f"at least two pairs; received {len(differences)}"):
        paired_interval(differences)


@pytest.mark.parametrize(
    ("first", "second"), [(0, 0), (0, 1), (0, 6), (15, 5), (5, 15), (7, 7), (310, 240)]
)
def test_mcnemar_is_the_exact_test_of_a_fair_coin(first, second):
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(expected)


def test_mcnemar_refuses_what_is_no_count():
    with pytest.raises(InputError, match="`only_second` must be a whole number"):
        mcnemar(3, -1)


def test_correlation_is_pearsons():
    first = sample(8, 1)
    second = first + sample(8, 2)
    assert correlation(first, second) == pytest.approx(stats.pearsonr(first, second).statistic)


def test_correlation_needs_three_pairs_and_spread():
    assert correlation([0.1, 0.2], [0.2, 0.1]) is None
    assert correlation([0.1, 0.2, 0.3], [0.7 + 0.2, 1.0 - 0.1, 0.9]) is None


# Several at once


def holm_by_the_book(p, alpha):
    """Reject step by step from the smallest while it is at most alpha over what is left."""
    rejected, left = set(), sorted(range(len(p)), key=lambda i: p[i])
    while left and p[left[0]] <= alpha / len(left):
        rejected.add(left.pop(0))
    return rejected


p_values = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@unhurried
@given(p_values, st.floats(0.001, 0.999))
def test_holm_rejects_what_stepping_down_rejects(p, alpha):
    corrected = holm(np.array(p))
    near = np.abs(corrected - alpha) < 1e-9
    by_the_book = holm_by_the_book(p, alpha)
    for index in np.flatnonzero(~near):
        assert (corrected[index] <= alpha) == (index in by_the_book)


@unhurried
@given(p_values)
def test_holm_lies_between_the_raw_value_and_bonferronis(p):
    p = np.array(p)
    assert (holm(p) >= p).all()
    assert (holm(p) <= np.minimum(1, len(p) * p)).all()


def test_holm_does_not_depend_on_the_order_and_keeps_it():
    p = np.array([0.01, 0.04, 0.03, 0.2])
    for order in map(list, permutations(range(4))):
        np.testing.assert_array_equal(holm(p[order]), holm(p)[order])
    assert (np.diff(holm(np.sort(p))) >= 0).all()


def test_families_side_by_side_are_corrected_apart():
    p = np.random.default_rng(0).random((5, 4))
    np.testing.assert_array_equal(holm(p), [holm(row) for row in p])


@unhurried
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=8))
def test_the_front_holds_what_no_other_beats(variants):
    gains, costs = np.array(variants).T
    beaten = [
        any((g >= gain and c < cost) or (g > gain and c <= cost) for g, c in variants)
        for gain, cost in variants
    ]
    assert pareto_front(gains, costs).tolist() == [not one for one in beaten]


# Other draws of the images


def rights(seeds=6, images=400):
    rng = np.random.default_rng(5)
    hard = rng.random(images)
    return [
        (hard + rng.normal(0, 0.2, (seeds, images)) < share).astype(int) for share in (0.8, 0.7)
    ]


@pytest.mark.parametrize(("method", "scipys"), [("percentile", "percentile"), ("bca", "BCa")])
def test_the_bootstrap_is_scipys_over_whole_images(method, scipys):
    arm, base = rights(images=300)
    per_image = (arm - base).mean(axis=0)
    expected = stats.bootstrap(
        (per_image,),
        np.mean,
        n_resamples=30_000,
        batch=5000,
        method=scipys,
        rng=np.random.default_rng(1),
    ).confidence_interval
    found = bootstrap_over_images(arm - base, method=method, resamples=30_000)
    width = expected.high - expected.low
    np.testing.assert_allclose([found.low, found.high], expected, atol=0.03 * width)
    assert found.value == pytest.approx(per_image.mean())
    assert found.method == f"bootstrap-{method}"


def test_bca_moves_the_ends_of_skewed_values_as_scipys_does():
    skewed = np.random.default_rng(3).exponential(size=(1, 40))
    expected = stats.bootstrap(
        tuple(skewed), np.mean, n_resamples=100_000, batch=5000, rng=np.random.default_rng(1)
    ).confidence_interval
    found = bootstrap_over_images(skewed, resamples=100_000)
    width = expected.high - expected.low
    np.testing.assert_allclose([found.low, found.high], expected, atol=0.012 * width)


def test_bca_leans_to_the_side_of_the_tail():
    rare = np.zeros((1, 60))
    rare[0, :3] = 1
    straight = bootstrap_over_images(rare, method="percentile")
    corrected = bootstrap_over_images(rare, method="bca")
    assert corrected.low >= straight.low
    assert corrected.high > straight.high


def test_the_bootstrap_holds_with_values_that_are_all_different():
    many = np.random.default_rng(0).normal(0.1, 1, (1, 3000))
    found = bootstrap_over_images(many, resamples=2000)
    expected = 1.96 * many.std() / np.sqrt(3000)
    assert (found.high - found.low) / 2 == pytest.approx(expected, rel=0.07)


def test_the_bootstrap_depends_on_the_seed_alone_and_narrows_with_the_level():
    differences = np.subtract(*rights())
    assert bootstrap_over_images(differences) == bootstrap_over_images(differences)
    assert bootstrap_over_images(differences) != bootstrap_over_images(differences, seed=1)
    wide, narrow = (bootstrap_over_images(differences, level=level) for level in (0.95, 0.5))
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_the_bootstrap_of_equal_models_has_no_width():
    found = bootstrap_over_images(np.zeros((3, 50)))
    assert (found.low, found.value, found.high) == (0, 0, 0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "bcaa"}, "`method` must be one of percentile, bca"),
        ({"level": 95}, "`level` must lie between 0 and 1"),
        ({"resamples": 0}, "`resamples` must be a whole number of at least 1"),
    ],
)
def test_impossible_bootstraps_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        bootstrap_over_images(np.zeros((2, 5)), **options)


# How many it takes


def exact_power(distance, spread, pairs, alpha):
    """By integration over the standard deviation that is measured."""
    u = (np.arange(20_000) + 0.5) / 20_000
    measured = np.sqrt(stats.chi2.ppf(u, pairs - 1) / (pairs - 1))
    needed = stats.t.ppf(1 - alpha / 2, pairs - 1) * measured
    return stats.norm.sf(needed - distance / spread * np.sqrt(pairs)).mean()


@pytest.mark.parametrize("pairs", [2, 6, 50])
@pytest.mark.parametrize("distance", [0.0, 0.004, -0.01, 0.05])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_power_is_that_of_the_integral_over_the_spread(pairs, distance, alpha):
    found = power(distance, 0.008, pairs, alpha=alpha)
    assert found == pytest.approx(exact_power(abs(distance), 0.008, pairs, alpha), abs=1e-4)


@pytest.mark.parametrize("pairs", [2, 3, 6, 100])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_visible_effect_is_seen_four_times_in_five(pairs, alpha):
    effect = visible_effect(0.01, pairs, alpha=alpha)
    assert power(effect, 0.01, pairs, alpha=alpha) == pytest.approx(0.8)
    assert visible_effect(0.03, pairs, alpha=alpha) == pytest.approx(3 * effect)


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_so_many_pairs_are_enough_and_one_fewer_is_not(alpha):
    needed = pairs_needed((-0.005,), 0.01, alpha=alpha)
    assert power(0.005, 0.01, needed, alpha=alpha) >= 0.8
    assert power(0.005, 0.01, needed - 1, alpha=alpha) < 0.8


def test_two_limits_take_more_pairs_than_the_nearer_one():
    assert pairs_needed((0.01, 0.011), 0.01) > pairs_needed((0.01,), 0.01)
    assert pairs_needed((0.01, 5.0), 0.01) == pairs_needed((0.01,), 0.01)


def test_without_spread_two_pairs_do_and_on_the_limit_none_do():
    assert pairs_needed((0.01,), 0.0) == 2
    assert pairs_needed((0.0,), 0.0) is None
    assert pairs_needed((0.0,), 0.01) is None
    assert visible_effect(0.0, 6) == 0


def test_pairing_helps_where_the_paired_interval_is_narrower():
    for pairs in (3, 6, 30):
        for r in (-0.9, 0.0, 0.2, 0.3, 0.6, 0.9):
            paired = stats.t.ppf(0.975, pairs - 1) * np.sqrt(2 - 2 * r)
            unpaired = stats.t.ppf(0.975, 2 * pairs - 2) * np.sqrt(2)
            assert pairing_helps(r, pairs) == (paired < unpaired)
