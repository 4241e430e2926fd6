"""The sections that say how far to trust the model: calibration, examples, explanations."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from evrisim import plots
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import (
    Block,
    Cards,
    Heading,
    Picture,
    Row,
    Section,
    Table,
    Terms,
    Text,
)
from evrisim.report.cards import cards
from evrisim.report.material import Gallery, Material
from evrisim.report.pictures import drawing, png, sized, with_heat
from evrisim.statistics import proportion_interval

SURE = 0.02
"""Confidence and accuracy closer than this are called equal."""

NOISY = 1000
"""Below so many images, chance alone makes much of a calibration error."""


def calibration(material: Material) -> Section:
    """Show how far the model's confidence can be believed, before and after a temperature."""
    evaluation = material.evaluation
    after = evaluation.calibrated
    figure = plots.reliability_diagram(evaluation.calibration.bins, after.bins if after else None)
    alt = _("Reliability diagram: how often the model is right against how sure it is.")
    caption = _(
        "On the dotted line, confidence is deserved. Below it the model is too sure, above it not "
        "sure enough. The bars show how many images are in each step of confidence; hollow marks "
        "stand for steps with hardly any."
    )
    words: list[Block] = [_calibration_table(material), *_calibration_words(material)]
    blocks: list[Block] = [
        Text(
            _(
                "A model not only names a class, it also says how sure it is. It is calibrated if "
                "of the images it is 80 % sure of, 80 % are right."
            )
        ),
        Row([[Picture(drawing("calibration", figure, alt), caption)], words]),
        Terms(
            [
                (
                    _("ECE (expected calibration error)"),
                    _("How far confidence and right answers lie apart, on average; 0 is best."),
                ),
                (
                    _("Negative log likelihood, Brier score"),
                    _("How good the probabilities are as a whole; 0 is best for both."),
                ),
            ]
        ),
    ]
    return Section("calibration", _("Can its confidence be believed?"), blocks)


def _calibration_table(material: Material) -> Table:
    evaluation = material.evaluation
    columns = [evaluation.calibration] + ([evaluation.calibrated] if evaluation.calibrated else [])
    headers = [_("Measure"), _("as trained"), _("with temperature")][: 1 + len(columns)]
    rows = [
        (_("ECE, steps of equal width"), *(numbers.percent(one.ece) for one in columns)),
        (
            _("ECE, steps of equally many images"),
            *(numbers.percent(one.ece_equal_mass) for one in columns),
        ),
        (_("Negative log likelihood"), *(numbers.decimal(one.nll, 3) for one in columns)),
        (_("Brier score (0 to 2)"), *(numbers.decimal(one.brier, 3) for one in columns)),
    ]
    numeric = frozenset(range(1, 1 + len(columns)))
    return Table(_("Calibration in the test"), headers, rows, numeric)


def _calibration_words(material: Material) -> list[Block]:
    evaluation = material.evaluation
    filled = [one for one in evaluation.calibration.bins if one.count]
    sure = sum(one.count * one.confidence for one in filled) / evaluation.count
    blocks: list[Block] = [Text(_sureness(sure, evaluation.top1.value), "reading")]
    if evaluation.calibrated and evaluation.temperature:
        blocks.append(
            Text(
                _(
                    "Dividing the model's scores by one number, the temperature {temperature}, "
                    "brings the calibration error from {before} to {after}. It was found on the "
                    "validation images and changes no answer, only how sure the model claims to be."
                ).format(
                    temperature=numbers.decimal(evaluation.temperature),
                    before=numbers.percent(evaluation.calibration.ece),
                    after=numbers.percent(evaluation.calibrated.ece),
                )
            )
        )
    if evaluation.count < NOISY:
        blocks.append(
            Text(
                _(
                    "With {count} images even a perfectly calibrated model would show some error "
                    "by chance alone."
                ).format(count=numbers.whole(evaluation.count))
            )
        )
    return blocks


def _sureness(sure: float, right: float) -> str:
    if sure - right > SURE:
        text = _(
            "The model is too sure of itself: on average it claims {sure} and is right in {right}."
        )
    elif right - sure > SURE:
        text = _(
            "The model is not sure enough of itself: on average it claims {sure} and is right in "
            "{right}."
        )
    else:
        text = _("On the whole its confidence fits: it claims {sure} and is right in {right}.")
    return text.format(sure=numbers.percent(sure), right=numbers.percent(right))


def examples(material: Material) -> tuple[Section, dict[str, bytes]]:
    """Show right and wrong predictions with where the model looked; also as PNG files by name."""
    blocks: list[Block] = [Text(_how_to_look(material))]
    files: dict[str, bytes] = {}
    shown = material.shown
    for name, title, gallery in (
        ("gallery_right", _("Rightly named"), shown.right),
        ("gallery_wrong", _("Wrongly named, the surest first"), shown.wrong),
        ("gallery_unsure", _("Rightly named, the least sure first"), shown.unsure),
    ):
        if gallery is None:
            continue
        if not len(gallery):
            blocks += [Heading(title), Text(_("There is no such image."))]
            continue
        blocks.append(Cards(title, cards(material, gallery)))
        files[name] = _gallery_file(material, gallery)
    return Section("examples", _("What it saw, and where it looked"), blocks), files


def _how_to_look(material: Material) -> str:
    shown = material.shown.right if len(material.shown.right) else material.shown.wrong
    text = _("Each card shows a test image, its true class and what the model said.")
    if shown.heats is not None:
        text += " " + _(
            "The second picture shows where the model looked: the yellower, the more that place "
            "spoke for the class it named; dark blue counted for nothing. Where it was wrong, the "
            "third shows where it looked for the true class."
        )
        if shown.masks is not None:
            text += " " + _("The white outline is where the object really is.")
    return text


def _gallery_file(material: Material, gallery: Gallery) -> bytes:
    pictures, titles = [], []
    for index in range(len(gallery)):
        shown = sized(gallery.images[index])
        if gallery.heats is not None:
            mask = None if gallery.masks is None else gallery.masks[index]
            plain = np.broadcast_to(shown, (*shown.shape[:2], 3))
            heat = with_heat(gallery.images[index], gallery.heats[index], mask)
            shown = np.concatenate([plain, np.full_like(plain[:, :4], 255), heat], axis=1)
        pictures.append(shown)
        titles.append(
            _("true: {true}\nmodel: {said} ({confidence})").format(
                true=material.class_names[int(gallery.true[index])],
                said=material.class_names[int(gallery.predicted[index])],
                confidence=numbers.percent(gallery.confidence[index].item()),
            )
        )
    return png(plots.gallery(pictures, titles, columns=3))


def explanation(material: Material) -> Section:
    """Score the heat maps against where the objects are, where that is known."""
    title = _("Does it look at the object?")
    found = material.facts.get("explanation") or {}
    if found.get("pointing_game") is None:
        text = _(
            "Where the object is in each image is not known for this data set, so the heat maps "
            "cannot be scored; look at them with care."
        )
        return Section("explanation", title, [Text(text)])
    scores = {
        _("pointing game"): (found["pointing_game"], found["pointing_game_chance"]),
        _("heat on the object"): (found["energy_inside"], found["energy_chance"]),
    }
    alt = _("Pointing game {pointing}, heat on the object {energy}, each beside chance.").format(
        pointing=numbers.percent(found["pointing_game"]),
        energy=numbers.percent(found["energy_inside"]),
    )
    caption = _("{method} at layer {layer}, on {count} test images.").format(
        method="Grad-CAM" if found.get("method") == "grad-cam" else found.get("method"),
        layer=found.get("layer"),
        count=numbers.whole(found["count"]),
    )
    words: list[Block] = [Text(_pointing(found), "reading"), _explanation_terms(found)]
    picture = Picture(drawing("explanation", plots.faithfulness(scores), alt), caption)
    return Section("explanation", title, [Row([[picture], words])])


def _pointing(found: Mapping[str, Any]) -> str:
    count, share = int(found["count"]), found["pointing_game"]
    within = proportion_interval(round(share * count), count)
    values = {
        "share": numbers.percent(share),
        "range": numbers.percent_range(within.low, within.high),
        "chance": numbers.percent(found["pointing_game_chance"]),
        "energy": numbers.percent(found["energy_inside"]),
    }
    if within.low > found["pointing_game_chance"]:
        text = _(
            "In {share} of the images the hottest point lies on the object (95 % interval "
            "{range}); a point thrown at random would hit it in {chance}. So the model does look "
            "at the object, and {energy} of the heat lies on it."
        )
    else:
        text = _(
            "In {share} of the images the hottest point lies on the object (95 % interval "
            "{range}); a point thrown at random would hit it in {chance}. That is no more than "
            "chance: these maps do not show that the model looks at the object."
        )
    return text.format(**values)


def _explanation_terms(found: Mapping[str, Any]) -> Terms:
    return Terms(
        [
            (
                _("Pointing game"),
                _("How often the hottest point of the heat map lies on the object."),
            ),
            (
                _("Heat on the object"),
                _("The share of all heat that lies on the object."),
            ),
            (
                _("Chance"),
                _("What an even map would reach: the mean share of the image the object covers."),
            ),
        ]
    )
