"""Application 2, data augmentation: what each part shows, as blocks of a page."""

from typing import TYPE_CHECKING, Any

import numpy as np

from evrisim.applications import model as trainings
from evrisim.applications.asked import Asked
from evrisim.applications.parts import picture
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import Block, Code, Table, Text

if TYPE_CHECKING:
    from evrisim.study.record import StudyRun

CLAIMS = ("C9", "C10", "C11", "C12", "C25", "C28")
"""What the course says of augmentation."""

PHOTOGRAPH = 128
"""Pixels along the longer side of a photograph: draws are shown small."""

DRAWS = 9

COURSE = """\
augmenter = keras.Sequential([
    evrisim.augment.layers.RandomFlip("horizontal"),
    evrisim.augment.layers.RandomRotation(0.1),      # up to 36 degrees either way
    evrisim.augment.layers.RandomZoom(0.15),
    evrisim.augment.layers.RandomBrightness(0.2),
    evrisim.augment.layers.RandomContrast(0.2),
    evrisim.augment.layers.RandomCrop(28, 28),       # each image at its own place
    keras.layers.Resizing(32, 32),
])
"""


def policy_names() -> list[str]:
    """Name the policies to choose from: those that change one image at a time."""
    from evrisim import augment

    shown = [name for name in augment.POLICIES if name != "none"]
    return [name for name in shown if not augment.mixes(augment.policy(name))]


def pictures(asked: Asked) -> dict[str, str]:
    """Name the pictures to choose from: two photographs and some training images."""
    labels = trainings.plan(asked).dataset.train.labels
    firsts = [int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)[:4]]
    found = {_("temple"): "china", _("flower"): "flower"}
    return {
        **found,
        **{_("training image {number}").format(number=one + 1): str(one) for one in sorted(firsts)},
    }


def _pixels(asked: Asked, name: str) -> np.ndarray:
    from evrisim import pictures as room

    if name.isdigit():
        return np.asarray(trainings.plan(asked).dataset.train.images[int(name)])[None]
    return room.at_most(room.read_picture(name), PHOTOGRAPH)[None]


def draws(asked: Asked, name: str, policy: str, severity: float, seed: int) -> list[Block]:
    """Show draws of one image by a policy, with the numbers that were drawn."""
    from evrisim import augment
    from evrisim.augment import views
    from evrisim.plots import augmentation as plots

    images = _pixels(asked, name)
    shown = views.draws(images, augment.policy(policy, severity), DRAWS, seed=seed)
    figure = plots.draws(images[0], shown.images, shown.titles)
    alt = _("Draws of {policy} at severity {severity}.").format(
        policy=policy, severity=numbers.decimal(severity)
    )
    return [picture("draws", figure, alt)]


def steps(asked: Asked, name: str, policy: str, severity: float, seed: int) -> list[Block]:
    """Show each step of a policy alone, and all steps up to it."""
    from evrisim.augment import views
    from evrisim.plots import augmentation as plots

    images = _pixels(asked, name)
    found = views.one_by_one(images, policy, severity, seed=seed)
    figure = plots.steps(images[0], *zip(*found, strict=True))
    alt = _("The steps of {policy}, each alone and together.").format(policy=policy)
    return [picture("steps", figure, alt)]


def ladder(asked: Asked, name: str, policy: str, seed: int) -> list[Block]:
    """Show the same draws at growing severity."""
    from evrisim.augment import views
    from evrisim.plots import augmentation as plots

    rungs = views.ladder(_pixels(asked, name), policy, seed=seed)
    figure = plots.ladder([one for one, _row in rungs], [row.images for _one, row in rungs])
    alt = _("Draws of {policy} at five severities.").format(policy=policy)
    return [picture("ladder", figure, alt)]


def proof(asked: Asked, policy: str, severity: float) -> list[Block]:
    """Prove that a policy is on, on training images only, and say where it is fastest."""
    from evrisim.training import placing
    from evrisim.training.proof import prove

    dataset, recipe = _recipe(asked, policy, severity)
    said = prove(dataset, recipe).sentence
    return [Text(said, "reading"), Text(placing.fastest(dataset, recipe).sentence, "reading")]


def in_code() -> list[Block]:
    """Write the course's layers as Keras takes them."""
    return [Code(COURSE)]


def mixed(asked: Asked, method: str, alpha: float, seed: int) -> list[Block]:
    """Show images mixed with others of their batch, and how much of the label each keeps."""
    from evrisim import augment
    from evrisim.augment import views
    from evrisim.plots import augmentation as plots

    labels = trainings.plan(asked).dataset.train.labels
    firsts = [int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)]
    images = np.asarray(trainings.plan(asked).dataset.train.images[np.sort(firsts)])
    chosen = augment.policy([{method: {"alpha": alpha, "per": "image"}}])
    shown = views.draws(images, chosen, DRAWS, seed=seed)
    figure = plots.draws(images[0], shown.images, shown.titles)
    alt = _("Images mixed by {method}, with the share of the label that stays.").format(
        method=method
    )
    return [picture("mixed", figure, alt)]


def pipeline(asked: Asked) -> list[Block]:
    """Time the input pipeline, stage by stage, and show who waits for whom."""
    from evrisim import pipeline as room
    from evrisim.plots import pipeline as plots

    dataset, recipe = _recipe(asked, "course", 1.0)
    batches, rounds = (4, 2) if asked.budget == "smoke" else (10, 5)
    choice = trainings.plan(asked).choice
    found = room.measure(dataset, choice, recipe, batches=batches, rounds=rounds)
    alt = _("What each stage takes, and the training loop without and with prefetching.")
    return [Text(room.sentence(found), "reading"), picture("pipeline", plots.pipeline(found), alt)]


def missing_pipeline() -> list[Block]:
    """Say that the pipeline has not been measured yet."""
    return [Text(_("It has not been measured yet: the button starts that."))]


def severities(found: "StudyRun") -> list[Block]:
    """Show accuracy against severity, with what each seed gave."""
    from evrisim.plots.severity import severity

    arms = [arm for arm in found.findings().arms if arm.test is not None and len(arm.test)]
    at = [_severity_of(arm.settings) for arm in arms]
    order = np.argsort(at)
    test = [np.asarray(arms[place].test) for place in order]
    known = all(arm.training is not None for arm in arms)
    seen = [np.asarray(arms[place].training) for place in order] if known else None
    alt = _("Top-1 on training and on test images against severity.")
    return [picture("severity", severity([at[place] for place in order], test, seen), alt)]


def _severity_of(settings: Any) -> float:
    return 0.0 if settings["augmentation"] == "none" else float(settings.get("severity", 1.0))


def gaps(found: "StudyRun") -> list[Block]:
    """Say how far training lies above test with each policy: overfitting, in points."""
    arms = [arm for arm in found.findings().arms if arm.gap is not None]
    if not arms:
        return []
    rows = [
        (
            arm.name,
            numbers.percent(float(np.mean(np.asarray(arm.training)))),
            numbers.percent(float(np.mean(np.asarray(arm.test)))),
            numbers.points(float(np.mean(np.asarray(arm.gap)))),
        )
        for arm in arms
    ]
    headers = (_("policy"), _("training images"), _("test images"), _("gap"))
    return [Table(_("Overfitting: training above test"), headers, rows, frozenset({1, 2, 3}))]


def claims() -> list[Block]:
    """Show what the course says of augmentation, and what was measured on CIFAR-10."""
    from evrisim import claims as room
    from evrisim.claims import sentences

    names = sentences.verdicts()
    rows = [
        (claim, room.said()[claim], names[one.verdict], one.evidence)
        for claim in CLAIMS
        for one in room.rulings(claim)
    ]
    headers = (_("claim"), _("the course says"), _("verdict"), _("evidence"))
    return [Table(_("Six claims of the course"), headers, rows)]


def _recipe(asked: Asked, policy: str, severity: float) -> tuple[Any, Any]:
    wanted = trainings.plan(asked)
    changed = {"augmentation": policy, "severity": severity}
    return wanted.dataset, wanted.recipe.with_settings(changed)
