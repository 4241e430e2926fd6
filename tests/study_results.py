"""Arms of studies made by hand: results with given test accuracies."""

import numpy as np

from evrisim.study import Arm, ArmResult, Claim, Study

IMAGES = 1000


def arm_result(name, test, *, seeds=None, failed=None, macs=100, images=IMAGES, correct=None):
    """The result of an arm with these test accuracies, at random images but that many."""
    test = np.asarray(test, dtype=np.float64)
    seeds = tuple(range(len(test))) if seeds is None else tuple(seeds)
    if correct is None:
        rng = np.random.default_rng(sum(map(ord, name)))
        ranks = np.array([rng.permutation(images) for _ in seeds]).reshape(len(seeds), images)
        correct = ranks < np.round(test[:, None] * images)
    return ArmResult(
        name=name,
        settings={},
        seeds=seeds,
        validation=test,
        test=test,
        correct=correct,
        seconds=np.ones(len(seeds)),
        parameters=10,
        macs=macs,
        training_macs=3 * macs,
        failed=failed or {},
    )


def study(*arms):
    """A study of arms given as names (the base first) or as (name, claim[, against])."""
    made = [Arm(arms[0])]
    for name, claim, *against in arms[1:]:
        made.append(Arm(name, {}, against[0] if against else None, claim))
    return Study("by-hand", "Does it matter?", "shapes", {}, tuple(made))


def claim(text):
    """`better 1` is the claim of being better by at least one point."""
    kind, points = text.split()
    return Claim(kind, float(points))
