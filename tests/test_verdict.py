"""From accuracies to verdicts: intervals against SciPy, factors by hand, what stays undecided."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evrisim._validate import InputError
from evrisim.messages import use
from evrisim.statistics import mcnemar
from evrisim.study import Arm, Factor, Study, judge, to_json
from evrisim.study.design import crossed
from evrisim.study.sentences import sentences
from study_results import IMAGES, arm_result, claim, study

BASE = np.array([0.850, 0.861, 0.844, 0.855, 0.867, 0.839])
WOBBLE = np.array([0.001, -0.002, 0.003, 0.000, -0.003, 0.001])
"""Six differences whose mean is 0."""


def only(text, arm, base=BASE, **options):
    """The comparison of one arm with a claim to the base."""
    made = None if text is None else claim(text)
    results = [arm_result("base", base), arm_result("arm", arm, **options)]
    return judge(study("base", ("arm", made)), results).comparisons[0]


# One comparison


def test_the_difference_is_that_of_the_pairs():
    arm = BASE + 0.012 + WOBBLE
    one = only("better 1", arm)
    expected = stats.ttest_rel(arm, BASE)
    np.testing.assert_allclose(one.differences, arm - BASE)
    np.testing.assert_allclose(
        [one.interval.low, one.interval.high], expected.confidence_interval(0.95)
    )
    assert one.interval.value == pytest.approx(0.012)
    assert one.p == one.p_holm == pytest.approx(expected.pvalue)
    assert one.correlation == pytest.approx(stats.pearsonr(arm, BASE).statistic)
    assert (one.kind, one.seeds, one.missing) == ("arm", (0, 1, 2, 3, 4, 5), ())


@pytest.mark.parametrize(
    ("text", "shift", "verdict"),
    [
        ("better 1", 0.02, "supported"),
        ("better 1", 0.011, "undecided"),
        ("better 1", 0.0, "refuted"),
        ("better 1", -0.02, "refuted"),
        ("worse 1", -0.02, "supported"),
        ("worse 1", -0.011, "undecided"),
        ("worse 1", 0.0, "refuted"),
        ("same 1", 0.0, "supported"),
        ("same 1", 0.009, "undecided"),
        ("same 1", -0.011, "undecided"),
        ("same 1", 0.02, "refuted"),
        ("same 1", -0.02, "refuted"),
        ("not-better 1", 0.0, "supported"),
        ("not-better 1", -0.02, "supported"),
        ("not-better 1", 0.009, "undecided"),
        ("not-better 1", 0.02, "refuted"),
        ("not-worse 1", 0.0, "supported"),
        ("not-worse 1", -0.011, "undecided"),
        ("not-worse 1", -0.02, "refuted"),
    ],
)
def test_a_claim_is_decided_by_where_the_interval_lies(text, shift, verdict):
    one = only(text, BASE + shift + WOBBLE)
    assert one.verdict == verdict
    assert (one.verdict_p <= 0.05) == (verdict != "undecided")
    low, high = one.claim.region
    within = low <= one.interval.low and one.interval.high <= high
    outside = one.interval.high < low or one.interval.low > high
    assert within == (verdict == "supported")
    assert outside == (verdict == "refuted")


def test_the_level_of_a_verdict_is_that_of_the_interval_that_just_decides():
    arm = BASE + 0.014 + WOBBLE
    one = only("better 1", arm)
    expected = stats.ttest_rel(arm, BASE + 0.01).pvalue
    assert one.verdict_p == pytest.approx(expected)


def test_swapping_arm_and_base_mirrors_everything():
    arm = BASE + 0.008 + WOBBLE
    one, other = only("better 1", arm), only("worse 1", BASE, base=arm)
    np.testing.assert_allclose(other.differences, -one.differences)
    assert other.interval.low == pytest.approx(-one.interval.high)
    assert other.interval.high == pytest.approx(-one.interval.low)
    assert other.verdict == one.verdict
    for name in ("p", "verdict_p", "visible", "correlation"):
        assert getattr(other, name) == pytest.approx(getattr(one, name))


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(6)), st.sampled_from(["better 1", "same 0.5", "not-worse 0"]))
def test_the_order_of_the_seeds_does_not_matter(order, text):
    order, arm = list(order), BASE + 0.006 + WOBBLE
    straight = only(text, arm)
    shuffled = only(text, arm[order], seeds=order)
    np.testing.assert_allclose(shuffled.differences, straight.differences)
    assert (shuffled.seeds, shuffled.verdict) == (straight.seeds, straight.verdict)
    assert shuffled.verdict_p == pytest.approx(straight.verdict_p)


def test_without_a_claim_there_is_no_verdict():
    one = only(None, BASE + WOBBLE)
    assert (one.claim, one.verdict, one.verdict_p, one.seeds_needed) == (None,) * 4
    assert one.p_holm == one.p


def test_mcnemar_counts_images_that_one_side_alone_gets_right():
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 6, IMAGES)) < 0.8
    results = [
        arm_result("base", second.mean(axis=1), correct=second),
        arm_result("arm", first.mean(axis=1), correct=first),
    ]
    one = judge(study("base", ("arm", None)), results).comparisons[0]
    assert [pair.seed for pair in one.mcnemar] == [0, 1, 2, 3, 4, 5]
    for pair, arm, base in zip(one.mcnemar, first, second, strict=True):
        assert pair.only_arm == np.sum(arm & ~base)
        assert pair.only_against == np.sum(base & ~arm)
        assert pair.p == mcnemar(pair.only_arm, pair.only_against)
    per_image = (first.astype(int) - second).mean(axis=0)
    assert one.bootstrap.value == pytest.approx(one.interval.value)
    half = (one.bootstrap.high - one.bootstrap.low) / 2
    assert half == pytest.approx(1.96 * per_image.std() / np.sqrt(IMAGES), rel=0.05)


def test_where_test_images_differ_they_are_not_paired():
    one = only("better 1", BASE + WOBBLE, images=500)
    assert one.bootstrap is None
    assert one.mcnemar == ()
    assert one.interval is not None


def test_unequal_cost_is_noted_above_a_tenth():
    for macs, ratio, unequal in [(100, 1.0, False), (110, 1.1, False), (150, 1.5, True)]:
        one = only("better 1", BASE + WOBBLE, macs=macs)
        assert (one.cost_ratio, one.unequal_cost) == (pytest.approx(ratio), unequal)


# Seeds that are missing, few, or without spread


def test_only_seeds_done_on_both_sides_are_pairs():
    arm = (BASE + 0.03 + WOBBLE)[[5, 2, 0]]
    one = only("better 1", arm, seeds=(5, 2, 0))
    assert one.seeds == (0, 2, 5)
    np.testing.assert_allclose(one.differences, 0.03 + WOBBLE[[0, 2, 5]])
    assert [pair.seed for pair in one.mcnemar] == [0, 2, 5]


@pytest.mark.parametrize("side", ["arm", "base"])
def test_with_a_failed_seed_a_claim_stays_undecided(side):
    names = {"base": BASE, "arm": BASE + 0.03 + WOBBLE}
    results = [
        arm_result(name, test[:5], failed={5: "it diverged"})
        if name == side
        else arm_result(name, test)
        for name, test in names.items()
    ]
    one = judge(study("base", ("arm", claim("better 1"))), results).comparisons[0]
    assert (one.seeds, one.missing) == ((0, 1, 2, 3, 4), (5,))
    assert (one.verdict, one.verdict_p) == ("undecided", 1.0)
    assert one.interval.low > 0.01


def test_a_single_pair_has_no_interval_and_decides_nothing():
    one = only("better 1", BASE[:1] + 0.2, seeds=(0,))
    assert one.differences == pytest.approx([0.2])
    assert (one.interval, one.p, one.p_holm, one.visible, one.seeds_needed) == (None,) * 5
    assert one.verdict == "undecided"
    assert len(one.mcnemar) == 1


def test_an_arm_whose_seeds_all_failed_is_compared_with_nothing():
    failed = dict.fromkeys(range(6), "it diverged")
    gone = replace(arm_result("arm", [], failed=failed), test=None, correct=None)
    plan = study("base", ("arm", claim("better 1")), ("other", claim("better 1")))
    results = [arm_result("base", BASE), gone, arm_result("other", BASE + 0.03 + WOBBLE)]
    findings = judge(plan, results)
    one, other = findings.comparisons
    assert (one.seeds, one.missing, one.verdict) == ((), (0, 1, 2, 3, 4, 5), "undecided")
    assert (one.bootstrap, one.mcnemar, one.correlation) == (None, (), None)
    assert findings.pareto == ("other",)
    # It was one of two claims all the same.
    assert other.verdict_p == pytest.approx(2 * only("better 1", results[2].test).verdict_p)


@pytest.mark.parametrize(
    ("text", "shift", "verdict"),
    [
        ("same 1", 0.0, "supported"),
        ("better 1", 0.0, "refuted"),
        ("better 1", 0.03, "supported"),
        ("better 1", 0.01, "undecided"),
        ("same 0", 0.0, "undecided"),
    ],
)
def test_equal_differences_are_judged_without_nan(text, shift, verdict):
    one = only(text, BASE + shift)
    assert one.verdict == verdict
    assert np.isfinite([one.p, one.p_holm, one.verdict_p, one.visible]).all()
    half = stats.t.ppf(0.975, 5) / IMAGES / np.sqrt(6)  # no spread below one image
    assert one.interval.high - one.interval.value == pytest.approx(half)


def test_two_pairs_that_agree_by_luck_on_few_images_decide_nothing():
    base = np.array([0.9, 0.95])
    results = [arm_result("base", base, images=20), arm_result("arm", base + 0.05, images=20)]
    one = judge(study("base", ("arm", claim("better 1"))), results).comparisons[0]
    assert one.verdict == "undecided"


# Several comparisons


def holm_by_hand(p):
    """For each, the largest of the steps up to it."""
    order = sorted(range(len(p)), key=p.__getitem__)
    steps = [min(1, (len(p) - rank) * p[index]) for rank, index in enumerate(order)]
    return [max(steps[: order.index(index) + 1]) for index in range(len(p))]


SHIFTS = (0.013, 0.0125, 0.02, 0.001)


def several(claims):
    rng = np.random.default_rng(2)
    plan = study("base", *[(f"arm-{i}", one and claim(one)) for i, one in enumerate(claims)])
    results = [arm_result("base", BASE)] + [
        arm_result(f"arm-{i}", BASE + shift + rng.normal(0, 0.002, 6))
        for i, shift in enumerate(SHIFTS[: len(claims)])
    ]
    return judge(plan, results).comparisons


def test_claims_are_corrected_over_the_comparisons_that_have_one():
    claims = ["better 1", "better 1", None, "same 1"]
    found = several(claims)
    alone = [
        judge(study("base", ("arm", claim("better 1"))), [arm_result("base", BASE), arm])
        .comparisons[0]
        .verdict_p
        for arm in (arm_result("arm", BASE + one.differences) for one in found[:2])
    ]
    same = stats.ttest_1samp(found[3].differences, 0.01).pvalue
    expected = holm_by_hand([*alone, same])
    family = [one for one in found if one.claim]
    np.testing.assert_allclose([one.verdict_p for one in family], expected)
    np.testing.assert_allclose(
        [one.p_holm for one in family], holm_by_hand([one.p for one in family])
    )
    assert found[2].p_holm is None
    assert found[2].p is not None


def test_where_nothing_is_claimed_all_comparisons_are_corrected():
    found = several([None] * 4)
    np.testing.assert_allclose(
        [one.p_holm for one in found], holm_by_hand([one.p for one in found])
    )


def test_a_claim_that_stands_alone_may_fall_among_others():
    arm = BASE + 0.0125 + WOBBLE
    alone = only("better 1", arm)
    others = [(f"other-{i}", claim("better 1")) for i in range(3)]
    results = [arm_result("base", BASE), arm_result("arm", arm)]
    results += [arm_result(name, BASE + 0.01 + WOBBLE) for name, _claim in others]
    among = judge(study("base", ("arm", claim("better 1")), *others), results).comparisons[0]
    assert (alone.verdict, among.verdict) == ("supported", "undecided")
    assert among.verdict_p == pytest.approx(4 * alone.verdict_p)
    assert among.interval == alone.interval
    assert among.seeds_needed > 6
    assert among.visible > alone.visible


def test_an_undecided_claim_says_how_many_seeds_would_settle_it():
    near, nearer = (only("better 1", BASE + shift + WOBBLE) for shift in (0.0115, 0.0112))
    assert 6 < near.seeds_needed < nearer.seeds_needed
    assert only("better 1", BASE + 0.02 + WOBBLE).seeds_needed is None
    assert only("better 1", BASE + 0.01001 + WOBBLE).seeds_needed is None


def test_an_arm_may_be_compared_with_another_than_the_base():
    plan = study("base", ("group", None), ("large", None), ("large-group", None, "large"))
    tests = {"base": BASE, "group": BASE + 0.01, "large": BASE + 0.05, "large-group": BASE + 0.06}
    results = [arm_result(name, test + WOBBLE) for name, test in tests.items()]
    found = judge(plan, results[::-1])  # in any order
    assert [(one.arm, one.against) for one in found.comparisons] == [
        ("group", "base"),
        ("large", "base"),
        ("large-group", "large"),
    ]
    assert found.comparisons[2].interval.value == pytest.approx(0.01)
    assert [arm.name for arm in found.arms] == ["base", "group", "large", "large-group"]
    assert found.test_images == IMAGES


def test_the_front_holds_the_arms_that_no_cheaper_arm_matches():
    plan = study("base", ("dear", None), ("cheap", None), ("wasteful", None))
    shifts = {"base": (0, 100), "dear": (0.02, 200), "cheap": (-0.02, 50), "wasteful": (0.01, 300)}
    results = [arm_result(name, BASE + s, macs=macs) for name, (s, macs) in shifts.items()]
    assert judge(plan, results).pareto == ("base", "dear", "cheap")


# Factors

WIDTH = Factor("model.width", (16, 32), claim("better 1"))
KERNEL = Factor("model.kernel_size", (3, 5))


def factorial(*factors):
    """Accuracies by the levels of each arm, with noise, and the findings."""
    plan = Study("by-hand", "Does it matter?", "shapes", {}, crossed(factors), factors)
    rng = np.random.default_rng(9)
    cells, results = {}, []
    for number, arm in enumerate(plan.arms):
        test = BASE + 0.01 * number + rng.normal(0, 0.003, 6).round(3)
        cells[tuple(arm.settings.values())] = test
        results.append(arm_result(arm.name, test, macs=100 * (number + 1)))
    return cells, judge(plan, results), plan, results


def test_a_main_effect_is_averaged_over_the_other_factor():
    cells, found, _plan, _results = factorial(WIDTH, KERNEL)
    width, kernel, _interaction = found.comparisons
    by_hand = ((cells[32, 3] - cells[16, 3]) + (cells[32, 5] - cells[16, 5])) / 2
    np.testing.assert_allclose(width.differences, by_hand)
    assert (width.arm, width.against, width.kind) == (
        "model.width=32",
        "model.width=16",
        "factor",
    )
    assert width.p == pytest.approx(stats.ttest_1samp(by_hand, 0).pvalue)
    assert (width.claim, width.verdict, width.mcnemar) == (claim("better 1"), "supported", ())
    by_hand = (cells[16, 5] + cells[32, 5] - cells[16, 3] - cells[32, 3]) / 2
    np.testing.assert_allclose(kernel.differences, by_hand)
    assert (kernel.claim, kernel.verdict, kernel.p_holm) == (None, None, None)
    assert width.cost_ratio == pytest.approx((300 + 400) / (100 + 200))
    assert kernel.cost_ratio == pytest.approx((200 + 400) / (100 + 300))


def test_an_effect_has_the_bootstrap_of_all_its_cells():
    cells, found, _plan, results = factorial(WIDTH, KERNEL)
    width = found.comparisons[0]
    rights = [arm.correct.astype(float) for arm in results]
    per_image = ((rights[2] + rights[3] - rights[0] - rights[1]) / 2).mean(axis=0)
    assert width.bootstrap.value == pytest.approx(per_image.mean())
    half = (width.bootstrap.high - width.bootstrap.low) / 2
    assert half == pytest.approx(1.96 * per_image.std() / np.sqrt(IMAGES), rel=0.05)
    high = (cells[32, 3] + cells[32, 5]) / 2
    low = (cells[16, 3] + cells[16, 5]) / 2
    assert width.correlation == pytest.approx(stats.pearsonr(high, low).statistic)


def test_two_factors_of_two_levels_have_an_interaction_without_a_claim():
    cells, found, _plan, _results = factorial(WIDTH, KERNEL)
    one = found.comparisons[2]
    by_hand = (cells[32, 5] - cells[16, 5]) - (cells[32, 3] - cells[16, 3])
    np.testing.assert_allclose(one.differences, by_hand)
    assert (one.arm, one.against, one.kind) == (
        "model.width × model.kernel_size",
        "",
        "interaction",
    )
    assert (one.claim, one.verdict, one.bootstrap, one.cost_ratio) == (None,) * 4
    assert one.interval.value == pytest.approx(by_hand.mean())


def test_three_levels_are_each_compared_with_the_first_and_have_no_interaction():
    three = Factor("model.width", (16, 32, 64))
    cells, found, _plan, _results = factorial(three, KERNEL)
    assert [one.arm for one in found.comparisons] == [
        "model.width=32",
        "model.width=64",
        "model.kernel_size=5",
    ]
    by_hand = (cells[64, 3] + cells[64, 5] - cells[16, 3] - cells[16, 5]) / 2
    np.testing.assert_allclose(found.comparisons[1].differences, by_hand)


def test_a_third_factor_is_averaged_over_too():
    cells, found, _plan, _results = factorial(WIDTH, KERNEL, Factor("model.bias", (False, True)))
    assert [one.kind for one in found.comparisons] == ["factor"] * 3
    by_hand = np.mean(
        [cells[w, k, True] - cells[w, k, False] for w in (16, 32) for k in (3, 5)], axis=0
    )
    np.testing.assert_allclose(found.comparisons[2].differences, by_hand)


def test_a_seed_that_fails_in_one_cell_is_no_pair_of_any_effect():
    _cells, _found, plan, results = factorial(WIDTH, KERNEL)
    short = arm_result(results[1].name, results[1].test[1:], seeds=range(1, 6), failed={0: "why"})
    found = judge(plan, [results[0], short, *results[2:]])
    for one in found.comparisons:
        assert (one.seeds, one.missing) == ((1, 2, 3, 4, 5), (0,))
    assert found.comparisons[0].verdict == "undecided"


# What cannot be judged


@pytest.mark.parametrize(
    ("plan", "results", "words"),
    [
        (study("base", ("arm", None)), ["base"], "no result of its arm arm; run it first"),
        (study("base", ("arm", None, "nosuch")), ["base", "arm"], "arm is compared with nosuch"),
        (study("base", ("arm", None, "arm")), ["base", "arm"], "arm is compared with arm"),
        (
            Study("s", "?", "shapes", {}, (Arm("base", {"model.width": 16}),), (WIDTH,)),
            ["base"],
            "with model.width 32 it has 0 of 1",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(plan, results, words):
    with pytest.raises(InputError, match=words):
        judge(plan, [arm_result(name, BASE) for name in results])


def test_a_test_split_that_was_not_opened_is_refused():
    unopened = replace(arm_result("arm", BASE), test=None, correct=None)
    with pytest.raises(InputError, match="Arm arm has no test accuracies yet"):
        judge(study("base", ("arm", None)), [arm_result("base", BASE), unopened])


# Written down and said


def test_the_json_is_plain_and_complete():
    plan = study("base", ("arm", claim("same 1")), ("once", None))
    broken = replace(arm_result("once", BASE[:1], failed={3: "why"}), seconds=np.array([np.nan]))
    findings = judge(plan, [arm_result("base", BASE), arm_result("arm", BASE + WOBBLE), broken])
    plain = to_json(findings)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert set(plain) == {"arms", "comparisons", "pareto", "test_images"}
    assert all("correct" not in arm for arm in plain["arms"])
    assert plain["arms"][0]["test"] == BASE.tolist()
    assert plain["arms"][2]["seconds"] == [None]
    assert plain["arms"][2]["failed"] == {"3": "why"}
    one, other = plain["comparisons"]
    assert one["claim"] == {"kind": "same", "points": 1.0}
    assert one["interval"]["low"] == findings.comparisons[0].interval.low
    assert one["mcnemar"][0]["seed"] == 0
    assert one["unequal_cost"] is False
    assert (other["interval"], other["claim"]) == (None, None)


def said(text, arm, **options):
    made = None if text is None else claim(text)
    plan = study("base", ("arm", made))
    results = [arm_result("base", BASE), arm_result("arm", arm, **options)]
    return " ".join(sentences(judge(plan, results), plan)).replace("\u00a0", " ")


def test_a_supported_claim_is_said_with_difference_interval_and_reason():
    text = said("better 1", BASE + 0.02 + WOBBLE)
    assert text.startswith(
        "arm against base: +2.00 points in top-1 (6 paired seeds, 95 % interval +1.77 to +2.23 "
        "points). The claim “arm is at least 1.0 points better than base” is supported: "
    )
    assert "correlation 0.99): pairing helped" in text
    assert "With 6 seeds and this spread, only a true difference of about 0.31 points" in text
    assert "Holm" not in text


@pytest.mark.parametrize(
    ("text", "shift", "words"),
    [
        ("better 1", 0.0, "“arm is at least 1.0 points better than base” is refuted: it is false"),
        ("worse 1", -0.02, "“arm is at least 1.0 points worse than base” is supported"),
        ("same 0.5", 0.0, "“arm and base differ by at most 0.5 points” is supported"),
        ("not-better 1", 0.0, "“arm is at most 1.0 points better than base” is supported"),
        ("not-worse 1", 0.0, "“arm is at most 1.0 points worse than base” is supported"),
        ("better 1", 0.011, "is undecided: it is true of some differences in the interval and"),
        ("better 1", 0.0115, "19 seeds in all would probably (80 %) settle it"),
        ("better 1", 0.01001, "even 1,000 seeds would probably not settle it"),
        (None, 0.0, "it is not distinguishable from 0 (p = 1.000)"),
        (None, 0.02, "without a true difference this would be rare (p < 0.001)"),
    ],
)
def test_each_outcome_has_its_words(text, shift, words):
    assert words in said(text, BASE + shift + WOBBLE)


def test_costs_failures_and_single_pairs_are_said():
    assert "arm takes 1.50× the MACs of base" in said("better 1", BASE + WOBBLE, macs=150)
    assert "costs" not in said("better 1", BASE + WOBBLE, macs=105)
    short = said("better 1", BASE[:5] + 0.03 + WOBBLE[:5], failed={5: "why"})
    assert "is undecided: a training failed" in short
    assert "Failed seeds: 5; repeat them" in short
    assert "would probably" not in short
    assert "+20.00 points in top-1 with one seed" in said("better 1", BASE[:1] + 0.2)
    assert "Failed seeds: 5; without them" in said(None, BASE[:5] + WOBBLE[:5], failed={5: "why"})
    shuffled = BASE.mean() + np.roll(BASE - BASE.mean(), 1)
    assert "pairing did not help" in said("better 1", shuffled)


def test_what_the_correction_does_is_said():
    arm = BASE + 0.0125 + WOBBLE
    plan = study(
        "base", ("arm", claim("better 1")), *[(f"o-{i}", claim("better 1")) for i in "123"]
    )
    tests = {"base": BASE, "arm": arm, **{f"o-{i}": BASE + 0.05 + WOBBLE for i in "123"}}
    tests["o-1"] = tests["o-2"] = BASE + 0.01 + WOBBLE
    found = judge(plan, [arm_result(name, test) for name, test in tests.items()])
    text = sentences(found, plan)
    assert "its interval alone would decide it" in text[0]
    assert "still holds with Holm's correction for the 4 claims" in text[-2]
    plan = study("base", ("arm", None), ("o-3", None))
    found = judge(plan, [arm_result(name, tests[name]) for name in ("base", "arm", "o-3")])
    assert "Holm's correction for 2 comparisons" in sentences(found, plan)[0]


def test_effects_of_factors_are_said_in_their_settings():
    _cells, found, plan, _results = factorial(WIDTH, KERNEL)
    text = " ".join(sentences(found, plan))
    assert "model.width=32 against model.width=16: " in text
    assert "averaged over the other settings" in text
    assert "the effect of model.width=32 changes by" in text
    assert "from model.kernel_size=3 to model.kernel_size=5" in text


def test_nothing_is_ever_called_equal():
    for text in ("same 1", "not-worse 1", None):
        for language in ("en", "tr"):
            use(language)
            words = said(text, BASE + WOBBLE).split()
            assert not {"equal", "identical", "eşit", "aynı"} & set(words)
