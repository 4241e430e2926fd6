"""Figures into files, whole or not at all."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from evrisim import _files
from evrisim.plots import house

DOTS_PER_INCH = 120

_LONGEST = 16_000  # pixels of a side; WebP takes no more, and few viewers do


def save(figure: Figure, path: Path, *, dots: float = DOTS_PER_INCH) -> None:
    """Write a figure on white; its ending says how, and folders that are missing are made.

    Args:
        figure: What `plots` made.
        path: A file for which `check_picture` passes.
        dots: Pixels an inch; fewer for a figure that would be too long.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    how: dict[str, Any] = {
        "dpi": min(dots, _LONGEST / max(figure.get_size_inches())),
        "facecolor": "white",
    }
    with matplotlib.rc_context(house.style()):
        _files.write_with(path, lambda place: figure.savefig(place, **how))
