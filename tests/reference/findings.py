"""Findings of studies made by hand: known accuracies, and SciPy for what follows from them."""

import numpy as np
from scipy import stats

from evrisim.statistics import Interval
from evrisim.study import Arm, ArmResult, Claim, Comparison, Factor, Findings, Study
from evrisim.study.design import crossed
from evrisim.study.results import McNemar

IMAGES = 400
PLANNED = 6


def answers(rights, start=0):
    """`(seeds, images)` bool with exactly so many right, the images drawn at random."""
    rng = np.random.default_rng(start)
    rows = np.zeros((len(rights), IMAGES), bool)
    for row, count in zip(rows, rights, strict=True):
        row[rng.choice(IMAGES, count, replace=False)] = True
    return rows


def arm(name, rights, *, seeds=None, macs=40_552_448, parameters=272_474, opened=True, **changed):
    """An arm whose models name `rights` of 400 test images rightly, one number a seed."""
    seeds = tuple(range(len(rights))) if seeds is None else tuple(seeds)
    correct = answers(rights, start=len(name))
    failed = {seed: f"out of memory <{seed}>" for seed in range(PLANNED) if seed not in seeds}
    given = {"model": "convnet", "epochs": 6, "model.width": 16, "learning_rate": 0.125}
    return ArmResult(
        name=name,
        settings={**given, **changed},
        seeds=seeds,
        validation=np.asarray(rights, float) / IMAGES + 0.0125,
        test=correct.mean(axis=1) if opened else None,
        correct=correct if opened else None,
        seconds=60.0 + np.arange(len(rights)),
        parameters=parameters,
        macs=macs,
        training_macs=3 * macs,
        failed=failed,
        runs=tuple(f"../trainings/{name}-{seed}" for seed in seeds),
    )


def paired(one, other):
    """The common seeds of two arms, and the two sides."""
    seeds = tuple(sorted(set(one.seeds) & set(other.seeds)))
    sides = [
        np.array([side.test[side.seeds.index(seed)] for seed in seeds]) for side in (one, other)
    ]
    return seeds, *sides


def interval_of(differences, method="t"):
    count = len(differences)
    if count < 2:
        return None
    mean, error = differences.mean(), differences.std(ddof=1) / np.sqrt(count)
    half = stats.t.ppf(0.975, count - 1) * error
    return Interval(float(mean), float(mean - half), float(mean + half), 0.95, method)


def verdict_of(claim, interval, missing):
    if claim is None:
        return None
    if interval is None or missing:
        return "undecided"
    low, high = claim.region
    if low <= interval.low and interval.high <= high:
        return "supported"
    return "refuted" if interval.high < low or interval.low > high else "undecided"


def mcnemar(one, other, seed):
    first, second = (side.correct[side.seeds.index(seed)] for side in (one, other))
    only, against = int((first & ~second).sum()), int((second & ~first).sum())
    return McNemar(seed, only, against, float(stats.binomtest(only, only + against).pvalue))


def compare(one, other, claim=None):
    """A comparison of two arms; its Holm-corrected p is twice its own."""
    if one.test is None or other.test is None:
        return blank(one.name, other.name, claim)
    seeds, left, right = paired(one, other)
    found = interval_of(left - right)
    missing = tuple(sorted({*one.failed, *other.failed}))
    p = float(stats.ttest_rel(left, right).pvalue) if len(seeds) > 1 else None
    verdict = verdict_of(claim, found, missing)
    wider = found and Interval(
        found.value, found.low - 0.0071, found.high + 0.0083, 0.95, "bootstrap"
    )
    return Comparison(
        arm=one.name,
        against=other.name,
        kind="arm",
        seeds=seeds,
        differences=left - right,
        interval=found,
        bootstrap=wider,
        mcnemar=tuple(mcnemar(one, other, seed) for seed in seeds),
        correlation=float(np.corrcoef(left, right)[0, 1]) if len(seeds) > 2 else None,
        p=p,
        p_holm=None if p is None else min(1.0, 2 * p),
        claim=claim,
        verdict=verdict,
        verdict_p=0.0317 if claim and found else None,
        seeds_needed=23 if verdict == "undecided" and found else None,
        visible=0.0142 if found else None,
        cost_ratio=one.macs / other.macs,
        missing=missing,
    )


def blank(name, against, claim=None, kind="arm"):
    """A comparison of which nothing is known."""
    nothing = dict.fromkeys(
        ("interval", "bootstrap", "correlation", "p", "p_holm", "verdict_p", "seeds_needed")
    )
    return Comparison(
        arm=name,
        against=against,
        kind=kind,
        seeds=(),
        differences=np.zeros(0),
        mcnemar=(),
        claim=claim,
        verdict="undecided" if claim else None,
        visible=None,
        cost_ratio=None,
        missing=tuple(range(PLANNED)),
        **nothing,
    )


def effect(name, against, kind, differences, claim=None):
    """An effect of a factor, or an interaction, with the differences given."""
    found = interval_of(np.asarray(differences, float))
    return Comparison(
        arm=name,
        against=against,
        kind=kind,
        seeds=tuple(range(len(differences))),
        differences=np.asarray(differences, float),
        interval=found,
        bootstrap=found if kind == "factor" else None,
        mcnemar=(),
        correlation=None,
        p=0.0231,
        p_holm=0.0462,
        claim=claim,
        verdict=verdict_of(claim, found, ()),
        verdict_p=0.04 if claim else None,
        seeds_needed=None,
        visible=0.011,
        cost_ratio=None if kind == "interaction" else 1.9,
        missing=(),
    )


def three_verdicts():
    """Four arms against one: a claim that holds, one that does not, an open one, none."""
    base = arm("pool", [360, 364, 358, 362, 366, 361])
    others = [
        (arm("stride", [361, 364, 359, 363, 365, 362], macs=30_100_000), Claim("not-worse", 1.0)),
        (arm("no-pool", [332, 338, 329, 333, 341, 330], macs=61_000_000), Claim("same", 2.0)),
        (
            arm("blur", [366, 360, 362], seeds=(0, 1, 4), parameters=290_000, blur=True),
            Claim("better", 1.0),
        ),
        (arm("flatten", [355, 361, 352, 357, 359, 356], parameters=801_546), None),
    ]
    plan = Study(
        name="pooling",
        question="Does it matter how a map is <condensed>?",
        data="shapes",
        base={"model": "convnet", "epochs": 6},
        arms=(
            Arm("pool"),
            *(Arm(one.name, {}, against="pool", claim=claim) for one, claim in others),
        ),
    )
    comparisons = tuple(compare(one, base, claim) for one, claim in others)
    arms = (base, *(one for one, _ in others))
    return plan, Findings(arms, comparisons, ("pool", "stride"), IMAGES)


def one_pair():
    """Two arms with one seed each."""
    arms = (arm("pool", [360], seeds=(0,)), arm("stride", [356], seeds=(0,)))
    claim = Claim("not-worse", 1.0)
    plan = Study(
        "stride-vs-pooling",
        "May a stride take the place of pooling?",
        "shapes",
        {},
        (Arm("pool"), Arm("stride", {}, against="pool", claim=claim)),
    )
    return plan, Findings(arms, (compare(arms[1], arms[0], claim),), ("pool",), IMAGES)


def unopened():
    """Two arms whose test split nobody has looked at, one of them without any training."""
    arms = (arm("pool", [360, 361], seeds=(0, 1), opened=False), arm("stride", [], opened=False))
    claim = Claim("not-worse", 1.0)
    plan = Study(
        "stride-vs-pooling",
        "May a stride take the place of pooling?",
        "shapes",
        {},
        (Arm("pool"), Arm("stride", {}, against="pool", claim=claim)),
    )
    return plan, Findings(arms, (compare(arms[1], arms[0], claim),), (), IMAGES)


def factorial():
    """Kernel size and width crossed; width matters, and more so with small kernels."""
    factors = (
        Factor("model.kernel_size", (3, 5), Claim("not-better", 1.0)),
        Factor("model.width", (16, 32), Claim("better", 1.0)),
    )
    rights = ([330, 333, 328, 331, 334, 329], [352, 356, 350, 353, 357, 351])
    wide = ([338, 340, 336, 339, 341, 337], [350, 355, 349, 354, 356, 348])
    arms = tuple(
        arm(one.name, counts, macs=macs, parameters=macs // 150, **one.settings)
        for one, counts, macs in zip(
            crossed(factors),
            (*rights, *wide),
            (10_200_000, 40_600_000, 27_900_000, 111_000_000),
            strict=True,
        )
    )
    tests = [one.test for one in arms]
    kernel = (tests[2] + tests[3] - tests[0] - tests[1]) / 2
    width = (tests[1] + tests[3] - tests[0] - tests[2]) / 2
    both = (tests[3] - tests[2]) - (tests[1] - tests[0])
    comparisons = (
        effect("model.kernel_size=5", "model.kernel_size=3", "factor", kernel, factors[0].claim),
        effect("model.width=32", "model.width=16", "factor", width, factors[1].claim),
        effect("model.kernel_size × model.width", "", "interaction", both),
    )
    plan = Study("filters", "How large, how many filters?", "shapes", {}, crossed(factors), factors)
    return plan, Findings(arms, comparisons, (arms[0].name, arms[1].name), IMAGES)


def many(count):
    """A base and so many arms with claims of every kind, all close together."""
    rng = np.random.default_rng(count)
    kinds = ("better", "worse", "same", "not-better", "not-worse")
    base = arm("the-base-of-it-all", list(rng.integers(350, 365, 6)))
    others = [
        arm(
            f"variant-number-{place}-of-{count}",
            list(rng.integers(345, 372, 6)),
            macs=int(4e7 * rng.uniform(0.8, 1.6)),
            parameters=int(2.7e5 * rng.uniform(0.9, 2)),
        )
        for place in range(count)
    ]
    comparisons = tuple(
        compare(one, base, Claim(kinds[place % 5], 1.0) if place % 6 < 5 else None)
        for place, one in enumerate(others)
    )
    plan = Study(
        "many",
        "Which of many?",
        "shapes",
        {},
        (
            Arm(base.name),
            *(Arm(one.arm, {}, against=base.name, claim=one.claim) for one in comparisons),
        ),
    )
    front = [
        one.name
        for one in (base, *others)
        if not any(
            other.macs < one.macs and other.test.mean() > one.test.mean()
            for other in (base, *others)
        )
    ]
    return plan, Findings((base, *others), comparisons, tuple(front), IMAGES)
