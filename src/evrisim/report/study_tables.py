"""The tables of a study's report: arms, comparisons, pairs of models, single trainings."""

import numpy as np

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import Table
from evrisim.statistics import Interval
from evrisim.statistics.planning import MOST_PAIRS
from evrisim.study import wording
from evrisim.study.results import ArmResult, Comparison, Findings, is_unequal

_MILLION = 1e6


def best(arm: ArmResult) -> np.ndarray:
    """Give the top-1 of each seed on test, or on validation before the test split is opened."""
    return np.asarray(arm.validation if arm.test is None else arm.test)


def spread(shares: np.ndarray | None) -> str:
    """Write mean ± standard deviation of the shares of several seeds; of one, the share."""
    if shares is None or not len(shares):
        return numbers.percent(None)
    deviation = float(np.std(shares, ddof=1)) if len(shares) > 1 else None
    return numbers.percent_spread(float(np.mean(shares)), deviation)


def accuracy(findings: Findings) -> Table:
    """Tabulate the accuracy of every arm."""
    headers = (
        _("Arm"),
        _("Top-1 on test"),
        _("Best top-1 on validation"),
        _("Top-1 on training images"),
        _("Seeds done"),
        _("Failed"),
        _("Time of a training"),
    )
    rows = [
        (
            arm.name,
            spread(arm.test),
            spread(arm.validation),
            spread(arm.training),
            numbers.whole(len(arm.seeds)),
            numbers.whole(len(arm.failed)),
            numbers.duration(float(np.median(arm.seconds)) if len(arm.seconds) else None),
        )
        for arm in findings.arms
    ]
    caption = _("Accuracy: mean ± standard deviation over the seeds")
    return Table(caption, headers, rows, frozenset(range(1, 7)))


def cost(findings: Findings) -> Table:
    """Tabulate size and work of every arm, and what accuracy they buy."""
    headers = (
        _("Arm"),
        _("Parameters"),
        _("MACs for one image"),
        _("MACs against the base"),
        _("Points per million parameters"),
        _("Points per million MACs"),
    )
    rows = [
        (
            arm.name,
            numbers.whole(arm.parameters),
            numbers.whole(arm.macs),
            _against(arm.macs, findings.arms[0].macs),
            _bought(arm, arm.parameters, 1),
            _bought(arm, arm.macs, 2),
        )
        for arm in findings.arms
    ]
    caption = _("Cost, and top-1 on test for it")
    return Table(caption, headers, rows, frozenset(range(1, 6)))


def _against(macs: int, base: int) -> str:
    if not base:
        return numbers.decimal(None)
    ratio = macs / base
    text = f"{numbers.decimal(ratio)} ×"
    return _("{ratio}, unequal").format(ratio=text) if is_unequal(ratio) else text


def _bought(arm: ArmResult, units: int, digits: int) -> str:
    """Write percentage points of top-1 on test for each million of something."""
    if arm.test is None or not len(arm.test) or not units:
        return numbers.decimal(None)
    return numbers.decimal(100 * float(np.mean(arm.test)) / (units / _MILLION), digits)


def differences(findings: Findings) -> Table:
    """Tabulate every difference with its intervals, the claim and the verdict."""
    headers = (
        _("Compared"),
        _("Pairs"),
        _("Difference"),
        _("95 % t interval"),
        _("95 % bootstrap interval"),
        _("Claim"),
        _("Verdict"),
    )
    rows = [
        (
            wording.compared(one),
            numbers.whole(len(one.seeds)),
            _mean(one),
            _range(one.interval),
            _range(one.bootstrap),
            wording.claimed(one.claim) if one.claim else "–",
            wording.verdict(one.verdict),
        )
        for one in findings.comparisons
    ]
    caption = _("Differences in top-1 on test, in percentage points")
    return Table(caption, headers, rows, frozenset(range(1, 5)))


def _mean(one: Comparison) -> str:
    return wording.signed(float(np.mean(one.differences)) if len(one.differences) else None)


def _range(interval: Interval | None) -> str:
    if interval is None:
        return numbers.decimal(None)
    return f"{wording.signed(interval.low)} … {wording.signed(interval.high)}"


def certainty(findings: Findings) -> Table:
    """Tabulate how sure every comparison is, and what would settle it."""
    headers = (
        _("Compared"),
        "p",
        _("p, Holm"),
        _("p of the claim, Holm"),
        _("Correlation of the pairs"),
        _("Smallest visible effect"),
        _("Seeds that would settle it"),
        _("MACs, ratio"),
    )
    rows = [
        (
            wording.compared(one),
            _p(one.p),
            _p(one.p_holm),
            _p(one.verdict_p) if one.claim else "–",
            numbers.decimal(one.correlation),
            numbers.decimal(None if one.visible is None else 100 * one.visible),
            _settled(one),
            "–" if one.cost_ratio is None else f"{numbers.decimal(one.cost_ratio)} ×",
        )
        for one in findings.comparisons
    ]
    return Table(_("How sure the differences are"), headers, rows, frozenset(range(1, 8)))


def _p(p: float | None) -> str:
    if p is not None and p < wording.LEAST_P:
        return f"<{numbers.decimal(wording.LEAST_P, 3)}"
    return numbers.decimal(p, 3)


def _settled(one: Comparison) -> str:
    """Say how many seeds would settle an open claim; a dash where none is open."""
    if one.verdict != "undecided":
        return "–"
    if one.seeds_needed is not None:
        return numbers.whole(one.seeds_needed)
    known = one.interval is not None and not one.missing
    most = numbers.whole(MOST_PAIRS)
    return _("over {count}").format(count=most) if known else numbers.decimal(None)


def mcnemar(findings: Findings) -> Table:
    """Tabulate McNemar's test of every pair of models."""
    headers = (
        _("Compared"),
        _("Seed"),
        _("Only the first right"),
        _("Only the second right"),
        "p",
    )
    rows = [
        (
            wording.compared(one),
            str(pair.seed),
            numbers.whole(pair.only_arm),
            numbers.whole(pair.only_against),
            _p(pair.p),
        )
        for one in findings.comparisons
        for pair in one.mcnemar
    ]
    caption = _("Pairs of models on the same images (McNemar's exact test)")
    return Table(caption, headers, rows, frozenset(range(1, 5)))


def by_seed(findings: Findings) -> list[Table]:
    """Tabulate the accuracy of every training, on test and on validation."""
    seeds = sorted({seed for arm in findings.arms for seed in (*arm.seeds, *arm.failed)})
    headers = (_("Arm"), *(_("seed {seed}").format(seed=seed) for seed in seeds))
    numeric = frozenset(range(1, len(headers)))
    opened = any(arm.test is not None for arm in findings.arms)
    kinds = [(_("Top-1 on test of every training"), "test")] if opened else []
    kinds.append((_("Best top-1 on validation of every training"), "validation"))
    return [
        Table(
            caption,
            headers,
            [
                (arm.name, *(_of_seed(arm, getattr(arm, kind), seed) for seed in seeds))
                for arm in findings.arms
            ],
            numeric,
        )
        for caption, kind in kinds
    ]


def _of_seed(arm: ArmResult, shares: np.ndarray | None, seed: int) -> str:
    if seed in arm.failed:
        return _("failed")
    if shares is None or seed not in arm.seeds:
        return numbers.percent(None)
    return numbers.percent(float(shares[arm.seeds.index(seed)]), 2)


def failures(findings: Findings) -> Table:
    """Tabulate the trainings that failed, with why."""
    rows = [
        (arm.name, str(seed), reason)
        for arm in findings.arms
        for seed, reason in sorted(arm.failed.items())
    ]
    headers = (_("Arm"), _("Seed"), _("Reason"))
    return Table(_("Trainings that failed"), headers, rows, frozenset({1}))
