"""The sections that say how good the model is: answer, learning, classes, confusion."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from evrisim import plots
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import (
    Behind,
    Block,
    Cell,
    Matrix,
    Picture,
    Points,
    Row,
    Section,
    Table,
    Terms,
    Text,
)
from evrisim.report.cards import cards
from evrisim.report.material import Material
from evrisim.report.pictures import drawing, png

FEW = 100
"""With fewer test images than this, the reader is warned."""

PAIRS = 6
MATRIX = "matrix"
"""Address of the confusion matrix, whatever section it stands in."""

WIDE_GAP, SMALL_GAP = 0.08, 0.03


def answer(material: Material) -> Section:
    """Say how good the model is and how sure one can be of it, before anything else."""
    evaluation, top = material.evaluation, material.evaluation.top1
    chance = float(np.bincount(evaluation.labels).max() / evaluation.count)
    share, within = numbers.percent(top.value), numbers.percent_range(top.low, top.high)
    figure = plots.score(top.value, top.low, top.high, chance)
    alt = _("Right answers: {share}; 95 % interval {range}; always the commonest class: {chance}.")
    drawn = drawing(
        "score", figure, alt.format(share=share, range=within, chance=numbers.percent(chance))
    )
    lead = _(
        "Of {count} test images it never saw, the model names {share} rightly "
        "(95 % interval {range})."
    ).format(count=numbers.whole(evaluation.count), share=share, range=within)
    meaning = Text(_meaning(material))
    touched = Text(_touches(int(material.facts.get("test_touches") or 0)))
    row = Row([[Text(lead, "lead"), Picture(drawn)], [meaning, touched, *_top5(material)]])
    return Section("answer", _("The answer"), [row, *_warnings(material)])


def _meaning(material: Material) -> str:
    top = material.evaluation.top1
    return _(
        "The interval is what {count} images can tell: they are a sample, and another sample of "
        "the same kind would give a slightly different result. In 95 of 100 such tests, an "
        "interval made like this one holds the true rate. Here it reaches about {half} to either "
        "side; of two models that lie closer together than that, this test can hardly say which is "
        "better."
    ).format(
        count=numbers.whole(material.evaluation.count),
        half=numbers.points((top.high - top.low) / 2),
    )


def _touches(count: int) -> str:
    if count == 1:
        return _(
            "The test images were looked at once, after every choice had been made on the "
            "validation images; so the result is not flattered by choosing."
        )
    if count > 1:
        return _(
            "The test images have been looked at {count} times in this run. Each further look is a "
            "chance to choose by luck: take the result with that much more caution."
        ).format(count=numbers.whole(count))
    return _("How often the test images have been looked at was not recorded.")


def _top5(material: Material) -> list[Block]:
    top = material.evaluation.top5
    if top is None:
        return []
    return [
        Text(
            _(
                "In {share} of the images the true class is among the model's first five guesses "
                "(95 % interval {range})."
            ).format(
                share=numbers.percent(top.value), range=numbers.percent_range(top.low, top.high)
            )
        )
    ]


def _warnings(material: Material) -> list[Block]:
    found: list[str] = []
    status = material.facts.get("status")
    if material.evaluation.count < FEW:
        found.append(
            _(
                "With only {count} test images the interval is wide: treat the result as a first "
                "impression."
            ).format(count=numbers.whole(material.evaluation.count))
        )
    if status == "interrupted":
        found.append(_("The training was interrupted: these are the best weights up to then."))
    if status == "diverged":
        found.append(
            _(
                "The training diverged: its loss was no longer a number. These are the best "
                "weights before that."
            )
        )
    across = ((material.data.get("origin") or {}).get("copies") or {}).get("across_splits") or 0
    if across:
        found.append(
            _(
                "{count} groups of identical images lie in more than one split, so some test "
                "images were seen in training: the result is too good by up to their share."
            ).format(count=numbers.whole(across))
        )
    return [Text(text, "warning") for text in found]


def learning(material: Material) -> Section:
    """Show how the training went and say in words what the curves mean."""
    title = _("How it learned")
    if not material.history:
        return Section("learning", title, [Text(_("No epoch was recorded."))])
    alts = {
        "loss": _("Loss of training and validation over {count} epochs."),
        "accuracy": _("Accuracy in training and validation over {count} epochs."),
        "learning_rate": _("Learning rate over {count} epochs."),
    }
    cells = [
        [
            Picture(
                drawing(
                    panel,
                    plots.learning_curves(
                        material.history, best_epoch=material.best_epoch, panels=(panel,)
                    ),
                    alts[panel].format(count=numbers.whole(len(material.history))),
                )
            )
        ]
        for panel in ("loss", "accuracy", "learning_rate")
    ]
    return Section("learning", title, [Row(cells), *_learning_words(material)])


def _learning_words(material: Material) -> list[Block]:
    blocks: list[Block] = [
        Text(
            _(
                "An epoch is one pass over all training images. The loss measures how far the "
                "model's probabilities are from the truth; the learning rate, how large its steps "
                "are. Validation images are never trained on. After every epoch they say how far "
                "the model is, and the weights of the best epoch are kept."
            )
        )
    ]
    small = sum("image_size" in row for row in material.history)
    if small:
        blocks.append(
            Text(
                _(
                    "The first epochs, {count} of {all}, saw images shrunk, in validation too: "
                    "their points are those of another task, and none of them can be the best."
                ).format(count=small, all=len(material.history))
            )
        )
    best = material.best
    if best is None:
        return blocks
    blocks.append(
        Text(f"{_gap(best)} {_end(int(best['epoch']), len(material.history))}", "reading")
    )
    blocks.append(
        Text(
            _(
                "Training accuracy is taken during the epoch, on augmented images and with dropout "
                "on where the model has it; so it may lie below validation accuracy, and "
                "overfitting may be a little stronger than the gap shows."
            )
        )
    )
    return blocks


def _gap(best: Mapping[str, Any]) -> str:
    gap = best["accuracy"] - best["val_accuracy"]
    values = {
        "epoch": best["epoch"],
        "validation": numbers.percent(best["val_accuracy"]),
        "training": numbers.percent(best["accuracy"]),
        "gap": numbers.points(gap),
    }
    if gap > WIDE_GAP:
        text = _(
            "In the best epoch ({epoch}) the model names {training} of the training images and "
            "{validation} of the validation images rightly. The gap of {gap} is overfitting: it "
            "has partly learned the training images by heart. More images, stronger augmentation, "
            "dropout or a smaller model would narrow it."
        )
    elif gap > SMALL_GAP:
        text = _(
            "In the best epoch ({epoch}) the model names {training} of the training images and "
            "{validation} of the validation images rightly. A gap of {gap} is mild overfitting, as "
            "most good models show."
        )
    else:
        text = _(
            "In the best epoch ({epoch}) the model names {validation} of the validation images "
            "rightly, and {training} in training. There is no sign of overfitting: a larger model "
            "or a longer training may still gain something."
        )
    return text.format(**values)


def _end(best: int, count: int) -> str:
    if best == count:
        return _("The last epoch was the best, so it had not stopped improving.")
    if count - best >= max(3, count // 4):
        return _(
            "After epoch {best} of {count} validation did not improve any more: fewer epochs would "
            "have done."
        ).format(best=best, count=count)
    return _("Towards the end validation hardly changes: the training was long enough.")


def classes(material: Material) -> Section:
    """Show precision, recall and F1 of each class."""
    rows, names = material.evaluation.per_class, material.class_names
    figure = plots.per_class(rows, names)
    caption = _("The weakest classes are on top.")
    if len(rows) > plots.classes.ROWS:
        caption = _("The {count} weakest classes, the weakest on top.").format(
            count=plots.classes.ROWS
        )
    alt = _("Precision and recall of each class; the numbers are in the table.")
    blocks: list[Block] = [
        Row([[Picture(drawing("per_class", figure, alt), caption)], [_class_table(material)]]),
        Terms(
            [
                (_("Recall"), _("Of the images of this class: the share the model finds.")),
                (
                    _("Precision"),
                    _("Of the images the model gives this name: the share that are of this class."),
                ),
                (_("F1"), _("Both in one number (harmonic mean); low if either is low.")),
            ]
        ),
        Text(_extremes(material), "reading"),
    ]
    return Section("classes", _("Class by class"), [*blocks, *_class_notes(material)])


def _class_table(material: Material) -> Table:
    evaluation = material.evaluation
    rows = [
        (
            name,
            numbers.whole(row.support),
            numbers.percent(row.precision),
            numbers.percent(row.recall),
            numbers.percent(row.f1),
        )
        for name, row in zip(material.class_names, evaluation.per_class, strict=True)
    ]
    macro = (numbers.percent(evaluation.macro[key]) for key in ("precision", "recall", "f1"))
    return Table(
        _("Each class in the test"),
        (_("Class"), _("Images"), _("Precision"), _("Recall"), "F1"),
        rows,
        numeric=frozenset({1, 2, 3, 4}),
        foot=[(_("mean"), numbers.whole(evaluation.count), *macro)],
    )


def _extremes(material: Material) -> str:
    present = [
        (row.recall, name)
        for name, row in zip(material.class_names, material.evaluation.per_class, strict=True)
        if row.support
    ]
    (low, hardest), (high, easiest) = min(present), max(present)
    return _(
        "The model finds “{easiest}” most reliably ({high} of its images) and “{hardest}” least "
        "({low})."
    ).format(
        easiest=easiest,
        high=numbers.percent(high),
        hardest=hardest,
        low=numbers.percent(low),
    )


def _class_notes(material: Material) -> list[Block]:
    rows = material.evaluation.per_class
    notes: list[Block] = []
    smallest = min(row.support for row in rows)
    if smallest < 30:
        notes.append(
            Text(
                _(
                    "The smallest class has {count} test images: a single image changes its recall "
                    "a lot, so do not read much into small differences between classes."
                ).format(count=numbers.whole(smallest))
            )
        )
    if any(np.isnan([row.precision, row.recall, row.f1]).any() for row in rows):
        notes.append(
            Text(
                _(
                    "Where it says {missing}, the number is not defined: the class was never "
                    "predicted, or the test has no image of it. The means are over the classes "
                    "that occur."
                ).format(missing=numbers.percent(None))
            )
        )
    return notes


def confusions(material: Material) -> Section:
    """Show which classes are taken for which, and the images behind: the commonest in words."""
    names = material.class_names
    wide = len(names) > plots.classes.COUNTED
    pairs = _pairs(material)
    words: list[Block] = [Text(_("The model made no mistake on these test images."))]
    if pairs:
        words = [Text(_("The commonest mistakes:")), Points(pairs)]
    shown: Block = _drawn(material) if wide else _matrix(material)
    how = _(
        "Each row is a true class, each column what the model said. Blue on the diagonal is right, "
        "vermilion is wrong; the darker, the larger the share of the row."
    )
    if material.shown.behind and not wide:
        how += " " + _("Underlined numbers lead to images that are behind them.")
    behind = [] if wide else _behind(material)
    blocks = [shown, Text(how), *words, *behind]
    return Section("confusion", _("What is taken for what"), blocks)


def confusion_file(material: Material) -> dict[str, bytes]:
    """Give the confusion matrix as a PNG file, by name, where the page does not draw it itself."""
    if len(material.class_names) > plots.classes.COUNTED:
        return {}
    figure = plots.confusion_matrix(material.evaluation.confusion, material.class_names)
    return {"confusion": png(figure)}


def _drawn(material: Material) -> Picture:
    figure = plots.confusion_matrix(material.evaluation.confusion, material.class_names)
    alt = _("Confusion matrix of {count} classes; the commonest mistakes are listed beside it.")
    return Picture(
        drawing("confusion", figure, alt.format(count=len(material.class_names))), wide=True
    )


def _matrix(material: Material) -> Matrix:
    confusion, names = material.evaluation.confusion, material.class_names
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    rows = [
        [
            Cell(
                numbers.whole(int(confusion[row, column])) if confusion[row, column] else "",
                _taken(names[row], names[column], int(confusion[row, column])),
                float(shares[row, column]),
                row == column,
                _address(row, column) if (row, column) in material.shown.behind else "",
            )
            for column in range(len(names))
        ]
        for row in range(len(names))
    ]
    return Matrix(
        MATRIX, _("Test images by true and predicted class"), _("true ↓ said →"), names, rows
    )


def _taken(true: str, said: str, count: int) -> str:
    if true == said:
        return _("“{true}” named rightly: {count}").format(true=true, count=numbers.whole(count))
    return _("“{true}” taken for “{said}”: {count}").format(
        true=true, said=said, count=numbers.whole(count)
    )


def _address(true: int, said: int) -> str:
    return f"behind-{true}-{said}"


def _behind(material: Material) -> list[Behind]:
    names, confusion = material.class_names, material.evaluation.confusion
    back = (MATRIX, _("Back to the matrix"))
    return [
        Behind(
            _address(true, said),
            _taken(names[true], names[said], int(confusion[true, said])),
            cards(material, gallery),
            back,
        )
        for (true, said), gallery in material.shown.behind.items()
    ]


def _pairs(material: Material) -> list[str]:
    confusion, names = material.evaluation.confusion, material.class_names
    mistakes = np.where(np.eye(len(confusion), dtype=bool), 0, confusion)
    order = np.argsort(-mistakes, axis=None, kind="stable")[:PAIRS]
    support = confusion.sum(axis=1)
    return [
        _("“{true}” taken for “{predicted}”: {count} of {support} images ({share})").format(
            true=names[row],
            predicted=names[column],
            count=numbers.whole(int(mistakes[row, column])),
            support=numbers.whole(int(support[row])),
            share=numbers.percent(mistakes[row, column] / support[row]),
        )
        for row, column in zip(*np.unravel_index(order, mistakes.shape), strict=True)
        if mistakes[row, column]
    ]
