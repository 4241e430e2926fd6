"""Kernels of one's own: read from text, and checked."""

import re
from typing import Any

import numpy as np

from evrisim._validate import InputError
from evrisim.messages import translate as _

Centre = tuple[int, int] | str | None

KERAS = "keras"
"""As a centre: wherever Keras places the kernel, whatever its size."""


def check_kernel(array: Any, centre: Centre = None) -> np.ndarray:
    """Return a kernel as an array if it is one.

    A kernel of odd size has a middle. One of even size has none: of the two conventions that
    are common, either gives an image shifted by a pixel against the other, so it must be said
    which of its cells lies on the pixel that the result belongs to.

    Args:
        array: `(rows, columns)` numbers.
        centre: The cell `(row, column)`, counted from 0, or `"keras"`; None for the middle.

    Returns:
        `(rows, columns)` float32.

    Raises:
        InputError: If it does not have two axes, is empty, holds anything but finite numbers, or
            has no middle and `centre` is None; or if `centre` is not a cell of the kernel.

    Example:
        >>> check_kernel([[1, -1]], centre=(0, 0)).tolist()
        [[1.0, -1.0]]
    """
    kernel = finite("kernel", array)
    if kernel.ndim != 2:
        raise InputError(
            _("`kernel` must have two axes, rows and columns; received the shape {shape}.").format(
                shape=kernel.shape
            )
        )
    check_centre(centre, kernel.shape)
    return kernel.astype(np.float32)


def check_centre(centre: Centre, shape: tuple[int, ...]) -> None:
    """Pass if a kernel's centre is clear: its middle, a cell of it, or Keras' placing.

    Raises:
        InputError: If it is not.
    """
    rows, columns = shape[:2]
    if centre == KERAS:
        return
    if centre is None:
        if rows % 2 and columns % 2:
            return
        raise InputError(
            _(
                "A kernel of {rows} × {columns} has no middle; say with `centre` which cell lies "
                "on the pixel, as (row, column) counted from 0, or say keras."
            ).format(rows=rows, columns=columns)
        )
    if not _is_cell(centre, rows, columns):
        raise InputError(
            _(
                "`centre` must be a cell (row, column) of the kernel, from (0, 0) to "
                "({row}, {column}), or keras; received {value!r}."
            ).format(row=rows - 1, column=columns - 1, value=centre)
        )


def parse(text: str) -> np.ndarray:
    """Read a kernel from text: numbers in rows, rows parted by `;`, by line or by brackets.

    Numbers are parted by spaces or commas; a fraction such as 1/9 is a number, too.

    Returns:
        `(rows, columns)` float32; see `check_kernel` for what else it must satisfy.

    Raises:
        InputError: If a part is not a number or the rows are not equally long, by row.

    Example:
        >>> parse("-1 0 1; -2 0 2").tolist() == parse("[[-1, 0, 1], [-2, 0, 2]]").tolist()
        True
        >>> parse("1/2 0.5").tolist()
        [[0.5, 0.5]]
    """
    lines = _lines(text)
    rows = [
        [_number(part, number, text) for part in re.split(r"[,\s]+", line)]
        for number, line in enumerate(lines, 1)
    ]
    if not rows:
        raise InputError(_("The kernel {text!r} holds no numbers.").format(text=text))
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise InputError(
                _(
                    "All rows of a kernel must be equally long: row {number} of {text!r} has "
                    "{found} numbers, row 1 has {wanted}."
                ).format(number=number, text=text, found=len(row), wanted=len(rows[0]))
            )
    return np.array(rows, np.float32)


def finite(name: str, array: Any) -> np.ndarray:
    """Return an array as float64 if it holds finite real numbers, at least one.

    Raises:
        InputError: If it does not.
    """
    try:
        values = np.asarray(array)
    except ValueError:  # NumPy on rows of different lengths
        raise InputError(
            _("`{name}` must be an array: its rows are not equally long.").format(name=name)
        ) from None
    if values.dtype.kind not in "biuf":
        raise InputError(
            _("`{name}` must hold real numbers; received {kind}.").format(
                name=name, kind=values.dtype
            )
        )
    if values.size == 0:
        raise InputError(
            _("`{name}` is empty: its shape is {shape}.").format(name=name, shape=values.shape)
        )
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        place = tuple(int(index) for index in np.argwhere(~np.isfinite(values))[0])
        raise InputError(
            _("`{name}` must hold finite numbers; there is {value} at {place}.").format(
                name=name, value=values[place], place=place
            )
        )
    return values


def _is_cell(centre: Any, rows: int, columns: int) -> bool:
    try:
        row, column = centre
        return row in range(rows) and column in range(columns)
    except (TypeError, ValueError):
        return False


def _lines(text: str) -> list[str]:
    """Part the text into rows; brackets around rows part as semicolons do."""
    bare = text.strip()
    if bare.startswith("["):
        if bare.count("[") != bare.count("]") or re.search(r"\][^\s,;\]]|\d\s*\[", bare):
            raise InputError(
                _("The brackets of the kernel {text!r} do not match.").format(text=text)
            )
        bare = re.sub(r"\]\s*,?\s*\[", ";", bare).replace("[", " ").replace("]", " ")
    lines = re.split(r"[;\n]", bare)
    return [line.strip(" \t,") for line in lines if line.strip(" \t,")]


def _number(part: str, row: int, text: str) -> float:
    above, slash, below = part.partition("/")
    try:
        return float(above) / float(below) if slash else float(above)
    except (ValueError, ZeroDivisionError):
        raise InputError(
            _("Row {row} of the kernel {text!r} holds {part!r}, which is not a number.").format(
                row=row, text=text, part=part
            )
        ) from None
