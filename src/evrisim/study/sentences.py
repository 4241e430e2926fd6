"""Findings in plain sentences: what was found, what became of the claim, how far to trust it.

Two arms are never called equal: a study can only fail to tell them apart.
"""

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.statistics import pairing_helps
from evrisim.statistics.planning import MOST_PAIRS
from evrisim.study import wording
from evrisim.study.decision import ALPHA
from evrisim.study.design import Study
from evrisim.study.results import Comparison, Findings


def sentences(findings: Findings, plan: Study) -> list[str]:
    """Say what a study found: for each comparison a paragraph with the answer, one with notes.

    The first holds the difference with its interval, and the verdict with its reason. The second
    says what would settle an undecided claim, which seeds failed, whether pairing helped, how
    small a difference could be seen, and whether the costs differ; it is left out if there is
    nothing to say.
    """
    return [text for both in paragraphs(findings, plan) for text in both if text]


def paragraphs(findings: Findings, plan: Study) -> list[tuple[str, str]]:
    """Give for each comparison the two paragraphs of `sentences`, the second perhaps empty."""
    claims = sum(one.claim is not None for one in findings.comparisons)
    family = claims or len(findings.comparisons)
    return [
        (f"{found(one, plan)} {answer(one, family)}".strip(), " ".join(notes(one)))
        for one in findings.comparisons
    ]


def found(one: Comparison, plan: Study) -> str:
    """Say the difference, with its interval."""
    if not one.seeds:
        return _("{sides}: no seed was done on every side, so there is nothing to compare.").format(
            sides=sides(one)
        )
    difference = signed(float(one.differences.mean()))
    if one.interval is None:
        return _(
            "{sides}: {difference} in top-1 with one seed. A single pair shows no spread, so there "
            "is no interval."
        ).format(sides=sides(one), difference=difference)
    values = {
        "sides": sides(one),
        "difference": difference,
        "count": len(one.seeds),
        "range": span(one.interval.low, one.interval.high),
    }
    if one.kind == "interaction":
        first, second = plan.factors
        return _(
            "{sides}: the effect of {effect} changes by {difference} in top-1 from {low} to {high} "
            "({count} paired seeds, 95 % interval {range})."
        ).format(
            effect=f"{first.setting}={first.levels[1]}",
            low=f"{second.setting}={second.levels[0]}",
            high=f"{second.setting}={second.levels[1]}",
            **values,
        )
    if one.kind == "factor":
        return _(
            "{sides}: {difference} in top-1, averaged over the other settings "
            "({count} paired seeds, 95 % interval {range})."
        ).format(**values)
    return _(
        "{sides}: {difference} in top-1 ({count} paired seeds, 95 % interval {range})."
    ).format(**values)


def sides(one: Comparison) -> str:
    """Name what is compared."""
    if not one.against:
        return one.arm
    return _("{arm} against {against}").format(arm=one.arm, against=one.against)


def answer(one: Comparison, family: int) -> str:
    """Say what became of the claim and why; without a claim, whether a difference shows.

    Args:
        one: The comparison.
        family: How many comparisons are corrected together.
    """
    if one.claim is None:
        return _distinguishable(one, family)
    heads = {
        "supported": _("The claim “{claim}” is supported: {reason}."),
        "refuted": _("The claim “{claim}” is refuted: {reason}."),
        "undecided": _("The claim “{claim}” is undecided: {reason}."),
    }
    text = heads[one.verdict or "undecided"].format(claim=claimed(one), reason=_reason(one))
    if family > 1 and one.verdict != "undecided":
        text += " " + _(
            "That still holds with Holm's correction for the {count} claims of the study ({p})."
        ).format(count=family, p=_p(one.verdict_p))
    return text


def claimed(one: Comparison) -> str:
    """Say what was claimed, as a statement."""
    assert one.claim
    statements = {
        "better": _("{arm} is at least {points} better than {against}"),
        "worse": _("{arm} is at least {points} worse than {against}"),
        "same": _("{arm} and {against} differ by at most {points}"),
        "not-better": _("{arm} is at most {points} better than {against}"),
        "not-worse": _("{arm} is at most {points} worse than {against}"),
    }
    return statements[one.claim.kind].format(
        arm=one.arm, against=one.against, points=numbers.points(one.claim.points / 100)
    )


def _reason(one: Comparison) -> str:
    """Say why the verdict is what it is, as the end of a sentence."""
    if one.verdict == "supported":
        return _("it is true of every difference in the interval")
    if one.verdict == "refuted":
        return _("it is false of every difference in the interval")
    if one.missing:
        return _("a training failed, and those that finish may be the lucky ones")
    if one.interval is None:
        return _("it takes at least two pairs of trainings")
    if _interval_decides(one):
        return _(
            "its interval alone would decide it, but with several claims one may look decided by "
            "luck, and with Holm's correction this one is not ({p})"
        ).format(p=_p(one.verdict_p))
    return _("it is true of some differences in the interval and false of others")


def _interval_decides(one: Comparison) -> bool:
    if one.claim is None or one.interval is None:
        return False
    low, high = one.claim.region
    within = low <= one.interval.low and one.interval.high <= high
    return within or one.interval.high < low or one.interval.low > high


def _distinguishable(one: Comparison, family: int) -> str:
    corrected = one.p_holm is not None
    p = one.p_holm if corrected else one.p
    if p is None:
        return ""
    if p > ALPHA:
        text = _("Nothing was claimed; with these seeds it is not distinguishable from 0 ({p}).")
    else:
        text = _("Nothing was claimed; without a true difference this would be rare ({p}).")
    text = text.format(p=_p(p))
    if corrected and family > 1:
        text += " " + _("The p-value has Holm's correction for {count} comparisons.").format(
            count=family
        )
    return text


def notes(one: Comparison) -> list[str]:
    """Say what helps to read a comparison, a sentence or two each; those that apply."""
    said = [_failed(one), _settling(one), _pairing(one), _visible(one), _cost(one)]
    return [text for text in said if text]


def _failed(one: Comparison) -> str:
    if not one.missing:
        return ""
    seeds = ", ".join(map(str, one.missing))
    if one.claim:
        return _("Failed seeds: {seeds}; repeat them before anything else.").format(seeds=seeds)
    return _("Failed seeds: {seeds}; without them the difference may be flattered.").format(
        seeds=seeds
    )


def _settling(one: Comparison) -> str:
    """Say how many seeds would settle an undecided claim."""
    if one.verdict != "undecided" or one.interval is None:
        return ""
    if one.seeds_needed is None:
        return _(
            "If the true difference and the spread are as measured, even {most} seeds would "
            "probably not settle it: the difference lies too close to the limit of the claim."
        ).format(most=numbers.whole(MOST_PAIRS))
    if one.seeds_needed <= len(one.seeds):
        return ""  # it is the failed seeds that stand in the way
    return _(
        "If the true difference and the spread are as measured, {count} seeds in all would "
        "probably (80 %) settle it."
    ).format(count=numbers.whole(one.seeds_needed))


def _pairing(one: Comparison) -> str:
    if one.correlation is None:
        return ""
    r = numbers.decimal(one.correlation, 2)
    if pairing_helps(one.correlation, len(one.seeds)):
        return _(
            "Over the seeds both sides rose and fell together (correlation {r}): pairing helped, "
            "the interval is narrower than it would be without."
        ).format(r=r)
    return _(
        "Over the seeds the sides did not rise and fall together enough (correlation {r}): "
        "pairing did not help, the interval is no narrower than it would be without."
    ).format(r=r)


def _visible(one: Comparison) -> str:
    if one.visible is None:
        return ""
    return _(
        "With {count} seeds and this spread, only a true difference of about {points} or more "
        "shows with a chance of at least 80 %."
    ).format(count=len(one.seeds), points=numbers.points(one.visible, 2))


def _cost(one: Comparison) -> str:
    if not one.unequal_cost:
        return ""
    return _(
        "The costs are unequal: {arm} takes {ratio}× the MACs of {against}, so accuracy is not "
        "all that differs."
    ).format(arm=one.arm, against=one.against, ratio=numbers.decimal(one.cost_ratio, 2))


def signed(difference: float) -> str:
    """Write a difference of shares in points, with its sign."""
    sign = "+" if wording.signed(difference).startswith("+") else ""
    return sign + numbers.points(difference, 2)


def span(low: float, high: float) -> str:
    """Write an interval of differences in points, with signs."""
    return _("{low} to {high} points").format(low=wording.signed(low), high=wording.signed(high))


def _p(p: float | None) -> str:
    if p is not None and p < wording.LEAST_P:
        return f"p < {numbers.decimal(wording.LEAST_P, 3)}"
    return f"p = {numbers.decimal(p, 3)}"
