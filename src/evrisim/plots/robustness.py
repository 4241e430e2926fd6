"""Right answers under each corruption and severity, and what the corruptions look like."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from evrisim.corruptions import CORRUPTIONS, GROUPS, SEVERITIES, display_names
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house

HEIGHT = 6.0
"""Inches of the table of fifteen rows."""

GAP = 0.35
"""Rows left empty between groups."""


@house.drawn
def corruption_scores(facts: Mapping[str, Any]) -> Figure:
    """Draw the table of right answers: the deeper the blue, the more of the clean accuracy is left.

    Args:
        facts: What `robustness.json` holds.
    """
    figure = house.figure(HEIGHT)
    _table(figure.subplots(), facts)
    return figure


@house.drawn
def robustness(facts: Mapping[str, Any], pictures: Sequence[np.ndarray], severity: int) -> Figure:
    """Draw the table, and beside it one image as it is and under every corruption.

    Args:
        facts: What `robustness.json` holds.
        pictures: `(height, width, 1 or 3)` uint8: the image itself, then one a corruption.
        severity: of the corrupted pictures.
    """
    figure = house.figure(HEIGHT, 2.5 * house.WIDTH)
    left, right = np.ravel(figure.subfigures(1, 2, width_ratios=(1, 1.35), squeeze=False))
    for part in (left, right):
        part.set_facecolor("none")
    _table(left.subplots(), facts)
    right.suptitle(
        _("The same image at severity {severity}").format(severity=severity),
        fontsize=11,
        fontweight="bold",
    )
    named = display_names()
    titles = [_("as it is"), *(named[name] for name in CORRUPTIONS)]
    for axes, picture, title in zip(right.subplots(4, 4).ravel(), pictures, titles, strict=True):
        axes.axis("off")
        axes.imshow(np.broadcast_to(picture, (*picture.shape[:2], 3)), interpolation="nearest")
        axes.set_title(title, fontsize=9, fontweight="normal", loc="center", pad=3)
    return figure


def _table(axes: Axes, facts: Mapping[str, Any]) -> None:
    rows = facts["corruptions"]
    clean = facts["clean_top1"]["value"]
    places = [number + GAP * GROUPS.index(row["group"]) for number, row in enumerate(rows)]
    for place, row in zip(places, rows, strict=True):
        shares = [*(cell["value"] for cell in row["top1"]), row["mean"]]
        for column, share in enumerate(shares):
            _cell(axes, column + GAP * (column == len(SEVERITIES)), place, share, clean)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    named = display_names()
    axes.set_yticks(places, [named[row["name"]] for row in rows])
    heads = [*map(numbers.whole, SEVERITIES), _("mean")]
    axes.set_xticks([*range(len(SEVERITIES)), len(SEVERITIES) + GAP], heads)
    axes.xaxis.tick_top()
    axes.set_xlim(-0.5, len(SEVERITIES) + GAP + 0.5)
    axes.set_ylim(places[-1] + 0.5, -0.5)
    axes.set_xlabel(
        _("right answers in % by severity; {clean} as they are").format(
            clean=numbers.percent(clean)
        )
    )


def _cell(axes: Axes, column: float, row: float, share: float, clean: float) -> None:
    """Fill one cell: its number is the share, its colour what that is of the clean accuracy."""
    depth = min(share / clean, 1.0) ** 1.5 if clean else 0.0
    corner = (column - 0.48, row - 0.48)
    axes.add_patch(Rectangle(corner, 0.96, 0.96, color=(house.BLUE, depth), linewidth=0))
    axes.text(
        column,
        row,
        numbers.decimal(100 * share, 1),
        ha="center",
        va="center",
        fontsize=8.5,
        color="white" if depth > 0.6 else house.INK,
    )
