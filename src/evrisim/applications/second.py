"""Application 2, data augmentation: what each part shows, as blocks of a page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from evrisim.applications import model as trainings
from evrisim.applications import parts
from evrisim.applications.asked import Asked
from evrisim.applications.parts import picture
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import Block, Code, Table, Text

if TYPE_CHECKING:
    from evrisim.study.record import StudyRun
    from evrisim.study.results import ArmResult

CLAIMS = ("C9", "C10", "C11", "C12", "C25", "C28")
"""What the course says of augmentation."""

PHOTOGRAPH = 128
"""Pixels along the longer side of a photograph: draws are shown small."""

DRAWS = 9

MIXED, IN_A_ROW = 8, 4
"""Mixed images that are shown, and how many of them side by side."""

COMPARED = 16
"""Images that go through layer and pipeline to be compared."""

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

IN_THE_PIPELINE = """\
batches = images.cache().shuffle(5000).batch(64)
batches = batches.map(lambda batch: augmenter(batch, training=True)).prefetch(2)
"""

IN_THE_MODEL = """\
model = keras.Sequential([augmenter, model])   # outside training: the middle crop only
"""

IN_A_TRAINING = """\
evrisim train cifar10 --set augmentation=course --set severity=0.5
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
    chosen = augment.policy(policy, severity)
    figure = plots.draws(views.draws(views.Sitters(images), chosen, DRAWS, seed=seed))
    alt = _("Draws of {policy} at severity {severity}.").format(
        policy=policy, severity=numbers.decimal(severity)
    )
    return [picture("draws", figure, alt)]


def steps(asked: Asked, name: str, policy: str, severity: float, seed: int) -> list[Block]:
    """Show each step of a policy alone, and all steps up to it."""
    from evrisim.augment import views
    from evrisim.plots import augmentation as plots

    images = _pixels(asked, name)
    found = views.one_by_one(views.Sitters(images), policy, severity, seed=seed)
    figure = plots.steps(images[0], found)
    alt = _("The steps of {policy}, each alone and together.").format(policy=policy)
    return [picture("steps", figure, alt)]


def ladder(asked: Asked, name: str, policy: str, seed: int) -> list[Block]:
    """Show the same draws at growing severity."""
    from evrisim.augment import views
    from evrisim.plots import augmentation as plots

    figure = plots.ladder(views.ladder(views.Sitters(_pixels(asked, name)), policy, seed=seed))
    alt = _("Draws of {policy} at five severities.").format(policy=policy)
    return [picture("ladder", figure, alt)]


def proof(asked: Asked, policy: str, severity: float) -> list[Block]:
    """Prove that a policy is on, and on training images only."""
    from evrisim.training.proof import prove

    return [Text(prove(*_recipe(asked, policy, severity)).sentence, "reading")]


def in_code() -> list[Block]:
    """Write the course's layers, and the three ways to use them."""
    return [
        Code(COURSE),
        Text(_("In the tf.data pipeline, after the cache and ahead of the step:")),
        Code(IN_THE_PIPELINE),
        Text(_("As the first layer of the model, on the device that trains:")),
        Code(IN_THE_MODEL),
        Text(_("In a recipe of evrisim, which takes the faster of the two:")),
        Code(IN_A_TRAINING),
    ]


def ways(asked: Asked, policy: str) -> list[Block]:
    """Say whether layer and pipeline make the same images, and which is faster on this machine."""
    from evrisim import augment
    from evrisim.augment.layers import Augment
    from evrisim.training import placing

    dataset, recipe = _recipe(asked, policy, 1.0)
    images = np.asarray(dataset.train.images[:COMPARED])
    layer = np.rint(np.asarray(Augment(policy, seed=recipe.seed)(images, training=True)))
    pipeline = augment.augmented(augment.policy(policy), images, seed=recipe.seed).images
    same = int((layer == pipeline).all((1, 2, 3)).sum())
    said = _(
        "{policy} as a layer and in the pipeline: {same} of {count} images are equal in every "
        "pixel; the largest difference is {largest} of 255."
    ).format(
        policy=policy,
        same=same,
        count=len(images),
        largest=numbers.decimal(float(np.abs(layer - pipeline).max()), 0),
    )
    return [Text(said, "reading"), Text(placing.fastest(dataset, recipe).sentence, "reading")]


def mixed(asked: Asked, method: str, alpha: float, seed: int) -> list[Block]:
    """Show images mixed with others of their batch, and the shares of the classes in each label."""
    from evrisim import augment
    from evrisim.augment import views
    from evrisim.plots import augmentation as plots

    dataset = trainings.plan(asked).dataset
    split = dataset.train
    firsts = [int(np.flatnonzero(split.labels == one)[0]) for one in np.unique(split.labels)]
    index = np.resize(np.sort(firsts), MIXED)
    batch = augment.augmented(
        augment.policy([{method: {"alpha": alpha, "per": "image"}}]),
        np.asarray(split.images[index]),
        labels=split.labels[index],
        classes=dataset.num_classes,
        seed=seed,
    )
    names = trainings.class_names(asked)
    titles = [_shares(label, names) for label in np.asarray(batch.labels)]
    shown = views.Shown(tuple(batch.images), tuple(titles))
    figure = plots.draws([shown], columns=IN_A_ROW, original=False)
    alt = _("Images mixed by {method}, with the shares of the classes in each label.").format(
        method=method
    )
    return [picture("mixed", figure, alt)]


def _shares(label: np.ndarray, names: Sequence[str]) -> str:
    """Write a label's classes, the largest share first, a line each."""
    order = [int(place) for place in np.argsort(-label, kind="stable") if label[place] > 0]
    return "\n".join(f"{names[place]} {numbers.percent(float(label[place]))}" for place in order)


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


def severities(found: "StudyRun") -> list[Block]:
    """Show accuracy against severity, with what each seed gave, and what validation would take."""
    from evrisim.plots.severity import severity

    arms = [arm for arm in found.findings().arms if arm.test is not None and len(arm.test)]
    at = [_severity_of(arm.settings) for arm in arms]
    order = np.argsort(at)
    test = [np.asarray(arms[place].test) for place in order]
    known = all(arm.training is not None for arm in arms)
    seen = [np.asarray(arms[place].training) for place in order] if known else None
    alt = _("Top-1 on training and on test images against severity.")
    best = max(arms, key=lambda arm: float(arm.validation.mean()))
    said = _(
        "By validation images the severity would be {severity}: {validation} on them, {test} on "
        "test images."
    ).format(
        severity=numbers.decimal(_severity_of(best.settings)),
        validation=numbers.percent(float(best.validation.mean())),
        test=numbers.percent(float(np.mean(np.asarray(best.test)))),
    )
    figure = severity([at[place] for place in order], test, seen)
    return [Text(said, "reading"), picture("severity", figure, alt, wide=False)]


def _severity_of(settings: Any) -> float:
    return 0.0 if settings["augmentation"] == "none" else float(settings.get("severity", 1.0))


def gaps(found: "StudyRun") -> list[Block]:
    """Show how far training lies above test with each policy (overfitting), and validation."""
    from evrisim.plots.overfitting import overfitting

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
    splits = (
        [np.asarray(getattr(arm, split)) for arm in arms]
        for split in ("training", "validation", "test")
    )
    figure = overfitting([arm.name for arm in arms], *splits)
    alt = _("Top-1 on training, validation and test images with each policy.")
    caption = _(
        "Means over the seeds with 95 % intervals. Validation is that of the best epoch, chosen "
        "by it, so it lies a little too high."
    )
    return [
        Text(_gap_sentence(arms), "reading"),
        picture(f"{found.facts['name']}-gap", figure, alt, caption),
        Table(_("Overfitting: training above test"), headers, rows, frozenset({1, 2, 3})),
    ]


def _gap_sentence(arms: "Sequence[ArmResult]") -> str:
    gap = {arm.name: float(np.mean(np.asarray(arm.gap))) for arm in arms}
    validation = {arm.name: float(arm.validation.mean()) for arm in arms}
    most, least = max(gap, key=gap.__getitem__), min(gap, key=gap.__getitem__)
    best = max(validation, key=validation.__getitem__)
    return _(
        "Training is farthest above test with {most} ({wide}), least with {least} ({narrow}). "
        "Validation accuracy is highest with {best}: {validation}."
    ).format(
        most=most,
        wide=numbers.points(gap[most]),
        least=least,
        narrow=numbers.points(gap[least]),
        best=best,
        validation=numbers.percent(validation[best]),
    )


def claims() -> list[Block]:
    """Show what the course says of augmentation, and what was measured on CIFAR-10."""
    return parts.claims(CLAIMS, _("Six claims of the course"))


def _recipe(asked: Asked, policy: str, severity: float) -> tuple[Any, Any]:
    wanted = trainings.plan(asked)
    changed = {"augmentation": policy, "severity": severity}
    return wanted.dataset, wanted.recipe.with_settings(changed)
