"""Claims on augmentation that a study's trainings settle by more than their test top-1.

C9 compares how far training top-1 lies above test top-1; C12 what augmented validation images
say of a model.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from evrisim._validate import InputError
from evrisim.claims.intervals import interval, said_in_points
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.statistics import Interval
from evrisim.statistics.planning import pairs_needed

if TYPE_CHECKING:
    from evrisim.study.record import StudyRun
    from evrisim.training.run import Run

STUDY = "augmentation"
"""The study whose trainings are measured."""

WITHOUT, WITH = "none", "standard"
"""The arms that C9 compares."""

JUDGED = "course"
"""The arm of C12: the policy of the slide."""

NEAR = 0.01
"""Within a point of what the plain images say, augmented ones do not mislead (C12)."""

Values = Mapping[str, Any]


def gaps(study: "StudyRun") -> dict[str, tuple[float, ...]]:
    """Measure for C9: training, test and their gap in both arms, seed by seed.

    Raises:
        InputError: If the study has not both arms, or its training images were not judged.
    """
    arms = {arm.name: arm for arm in study.results()}
    found: dict[str, tuple[float, ...]] = {}
    for name in (WITHOUT, WITH):
        arm = arms.get(name)
        if arm is None or arm.training is None or arm.test is None:
            raise InputError(
                _("{path} does not tell how well its arm {arm} knows its training images.").format(
                    path=study.directory, arm=name
                )
            )
        found[f"training_{name}"] = tuple(map(float, arm.training))
        found[f"test_{name}"] = tuple(map(float, arm.test))
    if len({len(one) for one in found.values()}) > 1:
        raise InputError(_("{path} lacks seeds in one of its arms.").format(path=study.directory))
    return found


def judge_gap(values: Values) -> tuple[str, str]:
    """Give verdict and evidence of C9 from what `gaps` measured."""
    gap = {
        name: np.subtract(values[f"training_{name}"], values[f"test_{name}"])
        for name in (WITHOUT, WITH)
    }
    change = interval(gap[WITH] - gap[WITHOUT])
    tests = np.subtract(values[f"test_{WITH}"], values[f"test_{WITHOUT}"])
    return _below(change, 0.0), _(
        "Training top-1 lies {without} above test top-1 without augmentation and {with_} with "
        "{policy}: the gap changes by {change}. Test top-1 itself changes by {test}."
    ).format(
        without=numbers.points(float(gap[WITHOUT].mean()), 1),
        with_=numbers.points(float(gap[WITH].mean()), 1),
        policy=WITH,
        change=said_in_points(change),
        test=said_in_points(interval(tests)),
    )


def validations(study: "StudyRun") -> dict[str, tuple[float, ...]]:
    """Measure for C12: top-1 on plain and on augmented validation images and on test, by seed.

    Raises:
        InputError: If the study has not the arm that is judged.
    """
    from evrisim.data.source import Source
    from evrisim.judging import check_same_data

    runs = _runs(study)
    data = Source.from_json(runs[0].facts["source"]).load()
    check_same_data(runs[0], data)
    rows = [(*_validated(run, data), run.facts["metrics"]["top1"]["value"]) for run in runs]
    plain, augmented, test = zip(*rows, strict=True)
    return {"plain": plain, "augmented": augmented, "test": test}


def _runs(study: "StudyRun") -> list["Run"]:
    from evrisim.training.run import Run

    arm = next((one for one in study.facts["arms"] if one["name"] == JUDGED), None)
    if arm is None:
        raise InputError(_("{path} has no arm {arm}.").format(path=study.directory, arm=JUDGED))
    return [Run.open(study.run_directory(arm, seed)) for seed in study.facts["seeds"]]


def _validated(run: "Run", data: Any) -> tuple[float, float]:
    """Give top-1 on the validation images as they are and through the run's own augmentation."""
    from evrisim import augment, metrics
    from evrisim.inference import predict_logits
    from evrisim.training.recipe import Recipe

    recipe, split = Recipe.create(run.facts["recipe"]), data.validation
    assert recipe.policy is not None
    changed = augment.augmented(recipe.policy, split.images, seed=recipe.seed, epoch=recipe.epochs)
    model = run.model()
    plain, augmented = (
        metrics.top_k_accuracy(split.labels, predict_logits(model, images))
        for images in (split.images, changed.images)
    )
    return plain, augmented


def judge_validation(values: Values) -> tuple[str, str]:
    """Give verdict and evidence of C12 from what `validations` measured.

    Judged is what augmenting changes on the same images: how far these happen to lie from the test
    images is another matter, and the same for all seeds.
    """
    moved = interval(np.subtract(values["augmented"], values["plain"]))
    if moved is None:
        verdict = "undecided"
    elif moved.high < -NEAR or moved.low > NEAR:
        verdict = "supported"
    else:
        verdict = "refuted" if moved.low >= -NEAR and moved.high <= NEAR else "undecided"
    evidence = _(
        "Models trained with {policy} get {plain} of the validation images right as they are, and "
        "{augmented} of the same images augmented: a change of {moved}. Of the test images they "
        "get {test} right."
    ).format(
        policy=JUDGED,
        plain=numbers.percent(float(np.mean(values["plain"]))),
        augmented=numbers.percent(float(np.mean(values["augmented"]))),
        moved=said_in_points(moved),
        test=numbers.percent(float(np.mean(values["test"]))),
    )
    return verdict, f"{evidence} {_seeds_needed(values)}" if verdict == "undecided" else evidence


def _seeds_needed(values: Values) -> str:
    """Say how many seeds would settle C12 if the change and its spread are as measured."""
    moved = np.subtract(values["augmented"], values["plain"])
    if len(moved) < 2:
        return _("One seed settles nothing.")
    outside = abs(float(moved.mean())) > NEAR
    nearest = min(abs(float(moved.mean()) - bound) for bound in (-NEAR, NEAR))
    near = tuple(float(moved.mean()) + one for one in (-NEAR, NEAR))
    distances = (nearest,) if outside else near
    needed = pairs_needed(distances, float(moved.std(ddof=1)))
    if needed is None:
        return _("Not even 1,000 seeds would probably settle it.")
    return _("About {count} seeds would probably settle it.").format(count=needed)


def _below(interval: Interval | None, bound: float) -> str:
    if interval is None:
        return "undecided"
    if interval.high < bound:
        return "supported"
    return "refuted" if interval.low >= bound else "undecided"
