"""Thousands of studies with a known truth: how often intervals and verdicts are wrong.

They run through the functions that `judge` runs, on arrays of many studies at once; the last
test holds that `judge` says the same.
"""

import numpy as np
import pytest

from evrisim.statistics import half_width, holm, mean_and_error, two_sided_p
from evrisim.study import judge
from evrisim.study.decision import ALPHA, corrected, deciding_level, verdicts
from study_results import arm_result, claim, study

SEEDS = 6
STUDIES = 20_000
MANY = 100_000
"""Studies where a rate just below 5 % must be told from one above."""


def bound(happened):
    """The rate of what happened in some of many studies, with its 99 % error on top."""
    rate, studies = happened.mean(), len(happened)
    return rate + 2.576 * np.sqrt(max(rate, 1 / studies) * (1 - rate) / studies)


def accuracies(effects, *, images=10_000, seed=0, seeds=SEEDS, studies=STUDIES):
    """Test accuracies `(studies, arms, seeds)`: what a seed does to all arms, to one, and the test.

    The first arm is the base; the others truly differ from it by `effects`. Each is a count of
    right answers, so that accuracies come in steps of 1 / `images`.
    """
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 0.004, (studies, 1, seeds))
    own = rng.normal(0, 0.003, (studies, len(effects) + 1, seeds))
    rates = 0.85 + np.array([0, *effects])[:, None] + shared + own
    return rng.binomial(images, rates) / images


def differences(effects, **options):
    """The paired differences of each arm to the one base they share, `(studies, arms, seeds)`."""
    test = accuracies(effects, **options)
    return test[:, 1:] - test[:, :1]


def coverage(found, truth, images=None):
    mean, error = mean_and_error(found, resolution=1 / images if images else 0.0)
    half = half_width(error, found.shape[-1])
    return ((mean - half <= truth) & (truth <= mean + half)).mean()


@pytest.mark.parametrize("seeds", [2, 3, 6, 12])
def test_intervals_of_normal_differences_hold_the_truth_as_stated(seeds):
    found = np.random.default_rng(seeds).normal(0.004, 0.007, (STUDIES, seeds))
    assert 0.93 <= coverage(found, 0.004) <= 0.97


@pytest.mark.parametrize("images", [200, 1000, 10_000])
@pytest.mark.parametrize("effect", [0.0, 0.01, -0.03])
def test_intervals_of_counted_accuracies_hold_the_truth_as_stated(images, effect):
    found = differences([effect], images=images)[:, 0]
    assert 0.93 <= coverage(found, effect, images) <= 0.97


def test_the_sides_of_the_simulated_pairs_are_correlated():
    test = accuracies([0.0])
    assert 0.3 < np.corrcoef(test[:, 0].ravel(), test[:, 1].ravel())[0, 1] < 0.8


@pytest.mark.parametrize("arms", [3, 5])
@pytest.mark.parametrize("images", [200, 10_000])
def test_without_effects_a_study_finds_one_in_at_most_five_of_a_hundred(arms, images):
    found = differences([0.0] * arms, images=images, seed=arms, studies=MANY)
    p = two_sided_p(*mean_and_error(found, resolution=1 / images), SEEDS)
    assert bound((holm(p) <= ALPHA).any(axis=1)) <= 0.05
    assert (p <= ALPHA).any(axis=1).mean() > 0.09  # it is the correction that does it


def decided(found, claims):
    """The verdicts `(studies, arms)` of claims on differences, as `judge` makes them."""
    mean, error = mean_and_error(found, resolution=1e-4)
    regions = [one.region for one in claims]
    pairs = found.shape[-1]
    levels = corrected(
        np.stack(
            [deciding_level(mean[:, i], error[:, i], pairs, r) for i, r in enumerate(regions)],
            axis=1,
        )
    )
    return np.stack([verdicts(mean[:, i], levels[:, i], r) for i, r in enumerate(regions)], axis=1)


def wrong(found, claims, effects):
    """Which studies have a wrong verdict; on an edge, where either is nearly wrong, both are."""
    given = decided(found, claims)
    errs = np.zeros(given.shape, bool)
    for index, (one, effect) in enumerate(zip(claims, effects, strict=True)):
        low, high = one.region
        if not low < effect < high:
            errs[:, index] |= given[:, index] == "supported"
        if low <= effect <= high:
            errs[:, index] |= given[:, index] == "refuted"
    return errs.any(axis=1)


EDGES = {
    "all on the edge": [("better 1", 0.01), ("not-worse 1", -0.01), ("not-better 1", 0.01)],
    "both sides of the same": [("same 1", 0.01), ("same 1", -0.01), ("same 0.5", 0.005)],
    "one far away": [("better 1", 0.05), ("not-worse 1", -0.01), ("same 1", 0.01)],
    "two far away": [("better 1", 0.05), ("worse 1", 0.0), ("same 1", 0.01), ("worse 1", -0.01)],
    "near the edges": [("better 1", 0.008), ("not-worse 1", -0.012), ("same 1", 0.011)],
    "claims of nothing": [("better 0", 0.0), ("worse 0", 0.0), ("not-worse 0", 0.0)],
}


@pytest.mark.parametrize("truths", EDGES.values(), ids=EDGES)
def test_at_most_five_studies_of_a_hundred_give_a_wrong_verdict(truths):
    claims, effects = [claim(text) for text, _effect in truths], [effect for _c, effect in truths]
    found = differences(effects, seed=11, studies=MANY)
    assert bound(wrong(found, claims, effects)) <= 0.05


def test_a_verdict_of_a_single_claim_errs_at_its_level_and_not_far_below():
    """On the edge both verdicts are counted: 5 %, half of it on the side that is truly wrong."""
    given = decided(differences([0.01]), [claim("better 1")])[:, 0]
    for verdict in ("supported", "refuted"):
        assert 0.018 < (given == verdict).mean() < 0.032


def test_claims_that_are_clearly_true_or_false_are_decided_rightly():
    truths = [("better 1", 0.05), ("better 1", -0.02), ("same 2", 0.0), ("not-worse 1", 0.02)]
    given = decided(differences([effect for _c, effect in truths]), [claim(c) for c, _e in truths])
    expected = ["supported", "refuted", "supported", "supported"]
    assert ((given == expected).mean(axis=0) > 0.98).all()


def with_moments(mean, spread, seeds=SEEDS):
    """Differences with exactly this mean and standard deviation."""
    shape = np.random.default_rng(3).normal(size=seeds)
    shape = (shape - shape.mean()) / shape.std(ddof=1)
    return mean + spread * shape


@pytest.mark.parametrize(
    ("text", "mean", "spread", "others"),
    [
        ("better 1", 0.014, 0.009, 0),
        ("not-worse 1", -0.006, 0.006, 0),
        ("same 1", 0.0, 0.011, 0),
        ("same 1", 0.006, 0.008, 0),
        ("better 1", 0.014, 0.009, 2),
    ],
)
def test_so_many_seeds_as_said_settle_it_four_times_in_five(text, mean, spread, others):
    base = np.full(SEEDS, 0.85)
    more = [(f"other-{i}", claim("better 1")) for i in range(others)]
    made = [arm_result("arm", base + with_moments(mean, spread), images=1_000_000)]
    # The others stay undecided, so that the claim has to reach the strictest level.
    made += [arm_result(name, base + with_moments(0.01, 0.01)) for name, _claim in more]
    plan = study("base", ("arm", claim(text)), *more)
    first = judge(plan, [arm_result("base", base), *made]).comparisons[0]
    assert first.verdict == "undecided"

    def settled(seeds):
        found = np.random.default_rng(1).normal(mean, spread, (STUDIES, 1 + others, seeds))
        found[:, 1:] += 0.01 - mean
        return (decided(found, [claim(text), *(c for _n, c in more)])[:, 0] != "undecided").mean()

    assert 0.79 < settled(first.seeds_needed) < 0.86
    assert settled(first.seeds_needed - 1) < 0.81


def test_what_is_called_visible_shows_four_times_in_five():
    test = np.full(SEEDS, 0.85)
    arm = arm_result("arm", test + with_moments(0.002, 0.006), images=1_000_000)
    one = judge(study("base", ("arm", None)), [arm_result("base", test), arm]).comparisons[0]
    found = np.random.default_rng(2).normal(one.visible, 0.006, (STUDIES, SEEDS))
    p = two_sided_p(*mean_and_error(found), SEEDS)
    assert (p <= 0.05).mean() == pytest.approx(0.8, abs=0.01)


def test_judge_gives_the_verdicts_of_the_simulation():
    claims = [claim("better 1"), claim("same 1"), claim("not-worse 0.5")]
    test = accuracies([0.012, 0.004, -0.004], studies=30, seed=4)
    plan = study("base", *[(f"arm-{i}", one) for i, one in enumerate(claims)])
    names = [arm.name for arm in plan.arms]
    fast, seen = decided(test[:, 1:] - test[:, :1], claims), set()
    for number, one in enumerate(test):
        results = [
            arm_result(name, row, images=10_000) for name, row in zip(names, one, strict=True)
        ]
        found = [comparison.verdict for comparison in judge(plan, results).comparisons]
        assert found == fast[number].tolist()
        seen |= set(found)
    assert seen == {"supported", "refuted", "undecided"}
