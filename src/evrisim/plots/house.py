"""What all figures share: colours, sizes, how numbers stand at the axes."""

import unicodedata
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import Formatter, FuncFormatter

from evrisim.messages import numbers

INK = "#1b1f24"
"""Of text and axes; the report puts the page's own text colour in its place."""

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
"""Okabe and Ito 2008, "Color universal design"."""

WIDTH = 4.6
"""Inches; at a phone's width the letters are then still about eleven pixels high."""

_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "text.usetex": False,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "figure.facecolor": "none",
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "savefig.facecolor": "none",
    "lines.linewidth": 2.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "evrisim",
}

_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the direction of writing, so that a name reads as another."""

Arguments = ParamSpec("Arguments")


def drawn(make: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Let a function draw in the house style, whatever the user's own settings of Matplotlib."""

    @wraps(make)
    def styled(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with matplotlib.rc_context(_STYLE):
            return make(*args, **kwargs)

    return styled


def style() -> dict[Any, Any]:
    """Give the settings of Matplotlib that figures are drawn and saved with."""
    return dict(_STYLE)


def figure(height: float, width: float = WIDTH, *, solved: bool = True) -> Figure:
    """Make an empty figure with its own canvas, in inches; `solved` finds room for all labels."""
    made = Figure(figsize=(width, height), layout="constrained" if solved else None)
    FigureCanvasAgg(made)
    return made


def spread(figure: Figure, **room: Any) -> None:
    """Set the room that the layout of a figure keeps (`w_pad`, `h_pad`, `rect`)."""
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(**room)


def stacked(heights: Sequence[float], width: float) -> tuple[Figure, list[SubFigure]]:
    """Make a figure of full-width parts, one above the other, for a wall and not a phone.

    Args:
        heights: of the parts, in inches.
        width: in inches.
    """
    made = figure(sum(heights), width)
    spread(made, h_pad=0.12, w_pad=0.06)  # large letters need more room than small ones
    parts = made.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)
    for part in np.ravel(parts):
        part.set_facecolor("none")
    return made, list(np.ravel(parts))


def label(text: str, longest: int = 24) -> str:
    """Prepare a name from outside for a figure: shortened, and no part of it a formula."""
    shown = visible(text).replace("\n", " ")
    short = shown if len(shown) <= longest else shown[: longest - 1] + "…"
    return short.replace("$", r"\$")


def visible(text: str) -> str:
    r"""Replace by � what no page may hold: controls, halves of characters, turned writing.

    Example:
        >>> visible("kedi\x00"), visible("a\nb"), visible("\u202egnp.tac")
        ('kedi�', 'a\nb', '�gnp.tac')
    """
    return "".join("�" if _hidden(character) else character for character in text)


def _hidden(character: str) -> bool:
    if character in _TURNING:
        return True
    return unicodedata.category(character) in ("Cc", "Cs", "Cn") and character not in "\n\t"


def percent_axis(axes: Axes, which: str) -> None:
    """Write the numbers of the `x` or `y` axis (0–1) as percentages, as finely as they stand."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(_Percent())


def number_axis(axes: Axes, which: str) -> None:
    """Write the numbers of the `x` or `y` axis as the language does."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: numbers.general(value, 6)))


class _Percent(Formatter):
    """Shares as percentages, with the digits that tell the marks of the axis apart."""

    def __call__(self, share: float, pos: int | None = None) -> str:
        return numbers.percent(_whole_zero(share), 0)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        marks = 100 * np.asarray(values, float)
        exact = [digits for digits in range(3) if np.allclose(marks, marks.round(digits), 0, 1e-6)]
        return [numbers.percent(_whole_zero(share), min(exact, default=2)) for share in values]


def _whole_zero(share: float) -> float:
    """Give 0 for what is 0 but for rounding, which would be written as less than nothing."""
    return 0.0 if abs(share) < 1e-9 else share
