"""How single classes fare, and which are taken for which."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house

COUNTED = 12
"""Up to so many classes, the cells of a confusion matrix carry their counts."""

NAMED = 40
"""Up to so many classes, every one is named at the axes."""

ROWS = 30
"""The most classes that `per_class` shows."""

FAINT = 0.6
"""Exponent that lifts rare mistakes to where they can be seen."""


class Scores(Protocol):
    """What `per_class` needs to know of a class; `evaluate.ClassRow` has it."""

    @property
    def name(self) -> str:
        """What the class is called."""

    @property
    def precision(self) -> float:
        """The share of predictions of this class that are right, 0–1 or NaN."""

    @property
    def recall(self) -> float:
        """The share of its images that are found, 0–1 or NaN."""

    @property
    def f1(self) -> float:
        """The harmonic mean of both, 0–1 or NaN."""


@house.drawn
def per_class(rows: Sequence[Scores], class_names: Sequence[str] | None = None) -> Figure:
    """Draw precision and recall of each class, the weakest on top; of many, the weakest 30.

    Args:
        rows: one a class, as `Evaluation.per_class` has them.
        class_names: to show instead of the rows' own names.
    """
    names = [row.name for row in rows] if class_names is None else class_names
    order = np.argsort([np.nan_to_num(row.f1) for row in rows], kind="stable")[:ROWS]
    figure = house.figure(1.2 + 0.26 * len(order))
    axes = figure.subplots()
    place = np.arange(len(order))
    precision = np.array([rows[i].precision for i in order])
    recall = np.array([rows[i].recall for i in order])
    axes.hlines(place, precision, recall, color=house.INK, alpha=0.4, linewidth=1.2)
    axes.plot(precision, place, "s", color=house.VERMILION, label=_("precision"), markersize=6)
    axes.plot(recall, place, "o", color=house.BLUE, label=_("recall"), markersize=6)
    axes.set_yticks(place, [house.label(names[i]) for i in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    house.percent_axis(axes, "x")
    figure.legend(loc="outside upper left", ncols=2)
    return figure


@house.drawn
def confusion_matrix(confusion: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Draw how often each true class (row) was given each name (column).

    The darker a cell, the larger its share of the row: right answers in blue, mistakes in
    vermilion. Up to 12 classes the counts stand in the cells; beyond 40, every few classes
    are named.

    Args:
        confusion: `(classes, classes)` whole numbers.
        class_names: one a class.
    """
    count = len(confusion)
    side = house.WIDTH if count <= COUNTED else min(8.0, house.WIDTH + 0.09 * (count - COUNTED))
    figure = house.figure(side, side)
    axes = figure.subplots()
    axes.grid(visible=False)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(_cells(shares), interpolation="none", aspect="equal")
    _name_axes(axes, class_names)
    if count <= COUNTED:
        _write_counts(axes, confusion, shares)
    return figure


def _cells(shares: np.ndarray) -> np.ndarray:
    """Give RGBA in 0–1: the colour tells right from wrong, the opacity how large the share."""
    right = np.eye(len(shares), dtype=bool)[..., None]
    colours = np.where(right, to_rgb(house.BLUE), to_rgb(house.VERMILION))
    return np.concatenate([colours, shares[..., None] ** FAINT], axis=-1)


def _name_axes(axes: Axes, class_names: Sequence[str]) -> None:
    count = len(class_names)
    step = 1 if count <= NAMED else -(-count // 20)
    ticks = range(0, count, step)
    names = [house.label(class_names[i], 16) for i in ticks]
    size = 9 if count <= COUNTED else 7.5
    axes.set_xticks(ticks, names, rotation=90, fontsize=size)
    axes.set_yticks(ticks, names, fontsize=size)
    axes.set_xlabel(_("predicted class"))
    axes.set_ylabel(_("true class"))


def _write_counts(axes: Axes, confusion: np.ndarray, shares: np.ndarray) -> None:
    size = 11 if len(confusion) <= 5 else 8.5
    for row, column in zip(*np.nonzero(confusion), strict=True):
        strong = shares[row, column] ** FAINT > 0.7
        axes.text(
            column,
            row,
            numbers.whole(int(confusion[row, column])),
            ha="center",
            va="center",
            fontsize=size,
            color="white" if strong else house.INK,
        )
