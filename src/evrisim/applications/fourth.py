"""Application 4, transfer learning and explanation: what each part shows, as blocks of a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from evrisim.applications import data, parts, taken
from evrisim.applications.asked import Asked
from evrisim.applications.parts import picture
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import Block, Code, Row, Table, Text

if TYPE_CHECKING:
    from evrisim.explain import Explanation, Prepared
    from evrisim.forgetting import Record
    from evrisim.report.material import Material
    from evrisim.study.record import StudyRun
    from evrisim.training import Run

CLAIMS = ("C17", "C18", "C19", "C20", "C21", "C22", "C29")
"""What the course says of transfer, and of where a model looks."""

IMAGES = 12
"""Images to choose from for heat maps."""

UPLOAD = 14 * 2**20
"""Bytes an uploaded photograph may have: the page's server takes no more in one piece."""

CLASSES = 3
"""Likeliest classes whose heat is shown side by side."""

METHODS = ("grad-cam", "hirescam", "layer-cam", "eigen-cam", "guided-grad-cam", "saliency")
"""Methods that are compared."""

HELD = {"smoke": 24, "quick": 500, "full": 1000}
"""Validation images whose heat is held against masks, or by removing pixels, by budget."""

ONE_CALL = """\
evrisim transfer cifar10 --backbone efficientnet_b0 --strategy two-stage --head course
"""


def backbones() -> dict[str, str]:
    """Name the nets to choose from for a menu, and say which would be fetched first."""
    fetched = _("{name} (is fetched first)")
    return {name if taken.is_here(name) else fetched.format(name=name): name for name in taken.LAST}


def backbone_name(asked: Asked) -> str:
    """Give the menu's name of the net that was asked for."""
    return next(shown for shown, name in backbones().items() if name == taken.chosen(asked))


def backbone(asked: Asked) -> list[Block]:
    """Say what is taken over, and what would be with a network."""
    warning = taken.warning(asked)
    said: list[Block] = [Text(taken.sentence(asked), "reading")]
    return [*said, Text(warning, "warning")] if warning else said


def strategies(found: "StudyRun") -> list[Block]:
    """Show accuracy against the seconds that each strategy takes."""
    from evrisim import plots
    from evrisim.applications import studies

    findings = found.findings()
    best = max(findings.arms, key=lambda arm: float(np.mean(np.asarray(arm.test))))
    quickest = min(findings.arms, key=lambda arm: float(arm.seconds.mean()))
    said = _(
        "Most accurate is {best} with {top1} after {seconds}; quickest is {quickest} with {least} "
        "after {fewest}."
    ).format(
        best=best.name,
        top1=numbers.percent(float(np.mean(np.asarray(best.test)))),
        seconds=numbers.duration(float(best.seconds.mean())),
        quickest=quickest.name,
        least=numbers.percent(float(np.mean(np.asarray(quickest.test)))),
        fewest=numbers.duration(float(quickest.seconds.mean())),
    )
    drawn = picture(
        "strategies-seconds",
        plots.pareto(findings, panels=("seconds",)),
        _("Mean top-1 against seconds of training."),
        wide=False,
    )
    return [Text(said, "reading"), drawn, *studies.answer(found)]


def in_code() -> list[Block]:
    """Write the course's model in plain Keras, and the one call that trains it in two stages."""
    from evrisim.applications import by_hand as hand

    return [
        Code(hand.code(hand.head_on)),
        Code(hand.code(hand.in_two_stages)),
        Text(_("The same model, its two trainings, their measurement and a report in one call:")),
        Code(ONE_CALL),
    ]


def schedule(asked: Asked) -> list[Block]:
    """Draw the learning rate of both stages before anything is trained."""
    from evrisim.plots import rates
    from evrisim.training.planned import planned

    images = len(taken.data(asked).train)
    stages, _reason = taken.spec(asked).stages(images)
    drawn = [planned(stage.recipe, images, stage.name) for stage in stages]
    alt = _("The learning rate of the head's training and of fine-tuning.")
    return [picture("schedule", rates.schedule(drawn), alt, wide=False)]


def two_stages(run: "Run") -> list[Block]:
    """Show how the training in two stages went, what trained when, and how good it is."""
    from evrisim import judging, plots
    from evrisim.report.making import transfer_tables

    evaluation = judging.saved_evaluation(run)
    head, tuned = (stage["validation"]["top1"] for stage in run.facts["transfer"]["stages"])
    said = _(
        "The head alone names {head} of the validation images, with the end of the trunk "
        "{tuned}. {sentence}"
    ).format(
        head=numbers.percent(head),
        tuned=numbers.percent(tuned),
        sentence=evaluation.sentence,
    )
    curves = plots.learning_curves(run.history, panels=("accuracy", "learning_rate"))
    alt = _("Accuracy and learning rate over the epochs of both stages.")
    tables = transfer_tables(run.facts)
    return [
        Text(said, "reading"),
        Row([[picture("two-stages", curves, alt, wide=False)], tables[:1]]),
        *tables[1:],
    ]


def missing_run() -> list[Block]:
    """Say that there is no trained net yet."""
    return [Text(_("It is not trained yet: the button starts that."))]


def forgetting(measured: "Callable[[Asked], Record | None]", asked: Asked) -> list[Block]:
    """Show what was forgotten, if `measured` gives it; or why two tasks cannot be made of the data.

    Args:
        measured: Measures it, or looks whether it is.
        asked: Of which data.
    """
    from evrisim._validate import InputError
    from evrisim.applications import forgotten as room

    try:
        room.tasks(asked)
    except InputError as error:  # too few classes
        return [Text(str(error), "warning")]
    record = measured(asked)
    return parts.unmeasured() if record is None else forgotten(record)


def forgotten(record: "Record") -> list[Block]:
    """Show what of the old task was left after the new one, by every way of learning it."""
    from evrisim import forgetting
    from evrisim.plots.forgetting import forgetting as drawn

    found = forgetting.summaries(record.cases)
    before = [case.old_test[0] for case in record.cases if case.remedy.name == found[0].name]
    said = _(
        "The old task was named rightly in {before} of the test images. Fine-tuning as if there "
        "were none (plain) takes {lost}; {kept} takes least, {least}, and learns the new task to "
        "{learned}."
    )
    plain = next(one for one in found if one.name == forgetting.PLAIN.name)
    kept = min(found, key=lambda one: one.forgetting.value)
    rows = [
        (one.name, numbers.points(one.forgetting.value), numbers.percent(one.plasticity.value))
        for one in found
    ]
    headers = (_("how the new task is learned"), _("forgotten"), _("new task"))
    alt = _("The old task while the new one is learned, and forgetting against what is learned.")
    return [
        Text(
            said.format(
                before=numbers.percent(float(np.mean(before))),
                lost=numbers.points(plain.forgetting.value),
                kept=kept.name,
                least=numbers.points(kept.forgetting.value),
                learned=numbers.percent(kept.plasticity.value),
            ),
            "reading",
        ),
        picture("forgetting", drawn(record.cases, found), alt, wide=False),
        Table(_("Forgotten and learned"), headers, rows, frozenset({1, 2})),
    ]


@dataclass(frozen=True, eq=False)
class Given:
    """A picture to look into: an image of the data, or a file that somebody brought.

    Attributes:
        name: What it is called.
        content: `(rows, columns, channels)` uint8, or the bytes of a file.
    """

    name: str
    content: np.ndarray | bytes


def nets(run: "Run | None") -> "dict[str, Run]":
    """Give the nets that can be looked into: the one taken over, if it is trained, and ours."""
    from evrisim.training import Run

    ours = {taken.OWN: Run.open(taken.OWN)}
    return ours if run is None else {_("taken over, in two stages"): run, **ours}


def methods() -> list[str]:
    """Name the methods to choose from: those that take one pass or a few."""
    from evrisim import explain

    slow = ("score-cam", "ablation-cam", "occlusion", "rise")
    return [name for name in explain.METHODS if name not in slow]


def images(asked: Asked) -> dict[str, Given]:
    """Name some validation images to choose from, with their class; the test split stays shut."""
    split, names = taken.data(asked).validation, data.names_of(taken.data(asked))
    return {
        f"{place + 1} · {names[label]}": Given(names[label], np.asarray(split.images[place]))
        for place, label in enumerate(split.labels[:IMAGES])
    }


def seen(run: "Run", given: Given) -> np.ndarray:
    """Give a picture as a net sees it: `(rows, columns, channels)` uint8 of the net's size.

    Raises:
        InputError: For a file that is no image, or one that cannot be read.
    """
    from evrisim import opening
    from evrisim.decode import decode

    content = given.content
    pixels = decode(content, name=given.name) if isinstance(content, bytes) else content
    return opening.fitted(run, pixels)


def heat(run: "Run", given: Given, method: str) -> list[Block]:
    """Show where a net looks for its likeliest classes, in an image or a file of whatever kind."""
    from evrisim._validate import InputError

    try:
        image = seen(run, given)
    except InputError as error:
        return [Text(str(error), "warning")]
    told = _ranking(run, image, given.name)
    found = [_prepared(run, method)(image[None], np.array([label])) for label, _name, _p in told]
    said = _("Shown: {name}. The net says “{said}”, with a probability of {sure}.").format(
        name=given.name, said=told[0][1], sure=numbers.percent(told[0][2])
    )
    return [Text(said, "reading"), _drawn(image, given.name, told, found)]


Ranking = list[tuple[int, str, float]]


def _ranking(run: "Run", image: np.ndarray, name: str) -> Ranking:
    """Give number, name and probability of the likeliest classes."""
    from evrisim import workflow

    names, shown = run.facts["data"]["class_names"], data.shown_names(run.facts["data"])
    (prediction,) = workflow.predict(run, image[None], [name])
    numbered = [(names.index(one), sure) for one, sure in prediction.ranking[:CLASSES]]
    return [(label, shown[label], sure) for label, sure in numbered]


def _drawn(image: np.ndarray, name: str, told: Ranking, found: "Sequence[Explanation]") -> Block:
    from evrisim import plots

    columns = [(shown, one.maps) for (_label, shown, _sure), one in zip(told, found, strict=True)]
    captions = [[numbers.percent(sure)] for _label, _shown, sure in told]
    figure = plots.heat_maps([image], [name], columns, captions)
    alt = _("Where the net looks in {name} for each of its likeliest classes.").format(name=name)
    return picture("heat", figure, alt)


@cache
def _kept(directory: str, method: str) -> "Prepared":
    from evrisim import explain
    from evrisim.training import Run

    run = Run.open(directory)
    return explain.prepare(
        run.model(), method=method, image_shape=tuple(run.facts["data"]["image_shape"])
    )


def _prepared(run: "Run", method: str) -> "Prepared":
    """Give a method made ready for a run's model; it is compiled once for a page."""
    return _kept(str(run.directory), method)


def right_and_wrong(run: "Run", asked: Asked) -> list[Block]:
    """Show what is taken for what, and the images behind, with heat for both classes."""
    from evrisim.report import results, trust

    material = _material(run, asked)
    section, _files = trust.examples(material)
    return [*results.confusions(material).blocks, *section.blocks]


def _material(run: "Run", asked: Asked) -> "Material":
    from evrisim import examples, judging
    from evrisim.report.material import Material

    evaluation = judging.saved_evaluation(run)
    shown = examples.shown(_prepared(run, "grad-cam"), taken.data(asked), evaluation)
    return Material(run.facts, run.history, evaluation, shown)


def trusted(run: "Run", asked: Asked, progress: Callable[[int, int], None]) -> list[Block]:
    """Say how far the heat can be trusted; and, with masks, how often it is on the object."""
    from evrisim import looking, plots

    dataset, images = taken.data(asked), HELD[asked.budget]
    (found,) = looking.trusted(
        run, dataset, methods=("grad-cam",), images=images, progress=progress
    )
    alt = _("Hottest pixels deleted and inserted, and weights shuffled.")
    blocks: list[Block] = [Text(line, "reading") for line in found.reading()]
    blocks.append(picture("trust", plots.trust([found]), alt))
    return blocks if dataset.validation.masks is None else [*blocks, *_on_object(run, asked)]


def _on_object(run: "Run", asked: Asked) -> list[Block]:
    from evrisim import looking

    found = looking.on_object(run, taken.data(asked), methods=METHODS, images=HELD[asked.budget])
    rows = []
    for one in found:
        pointing = one.scores["pointing-game"]
        good, bad = (numbers.percent(part, 0) for part in one.by_correctness("pointing-game"))
        rows.append((one.method, numbers.percent(pointing.score, 0), good, bad))
    chance = numbers.percent(found[0].scores["pointing-game"].chance, 0)
    headers = (_("method"), _("all images"), _("named rightly"), _("named wrongly"))
    title = _("How often the hottest point is on the object (by chance {chance})")
    return [Table(title.format(chance=chance), headers, rows, frozenset({1, 2, 3}))]


def claims() -> list[Block]:
    """Show what the course says of transfer and explanation, and what was measured."""
    return parts.claims(CLAIMS, _("Seven claims of the course"))
