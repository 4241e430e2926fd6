"""Kernels that have a name, each built by a function whose arguments are its options."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from evrisim._validate import InputError, check_choice, check_range, check_whole
from evrisim.messages import translate as _

LARGEST = 99
"""Rows and columns of a named kernel at most."""


def named(name: str, **options: Any) -> np.ndarray:
    """Build the kernel of a name; `describe` lists the names, `options_of` the options.

    Derivatives grow to the right (`-x`) and downwards (`-y`); nothing is divided by the sum of
    the weights except in the blurs, which keep the brightness.

    Returns:
        `(rows, columns)` float32, both odd.

    Raises:
        InputError: For an unknown name, an option the kernel does not have, or a value out of
            its range.

    Example:
        >>> named("horizontal-lines").tolist()
        [[-1.0, -1.0, -1.0], [2.0, 2.0, 2.0], [-1.0, -1.0, -1.0]]
        >>> float(named("gaussian", sigma=2, size=9).sum().round(5))
        1.0
    """
    build = KERNELS[check_choice("kernel", name, KERNELS)]
    known = options_of(name)
    for option in options:
        if not known:
            raise InputError(
                _("The kernel {name} has no options; received {option!r}.").format(
                    name=name, option=option
                )
            )
        check_choice(f"{name} option", option, known)
    return build(**options).astype(np.float32)


def options_of(name: str) -> dict[str, Any]:
    """Give the options of a named kernel with their defaults; None means: chosen to suit.

    Example:
        >>> options_of("gaussian"), options_of("emboss")
        ({'sigma': 1.0, 'size': None}, {})
    """
    found = inspect.signature(KERNELS[check_choice("kernel", name, KERNELS)]).parameters
    return {option.name: option.default for option in found.values()}


def describe() -> dict[str, str]:
    """Say in a line what each named kernel does."""
    return {
        "identity": _("leaves the image as it is"),
        "box": _("blurs: the mean of a square"),
        "gaussian": _("blurs: a mean weighted by a bell curve"),
        "sharpen": _("adds to each pixel its difference from its neighbours"),
        "emboss": _("makes the image look stamped, lit from the upper left"),
        "edge": _("finds edges in every direction: the middle against its eight neighbours"),
        "sobel-x": _("finds vertical edges: brightness rising to the right, smoothed along them"),
        "sobel-y": _("finds horizontal edges: brightness rising downwards, smoothed along them"),
        "prewitt-x": _("finds vertical edges: as sobel-x, with a plain mean along them"),
        "prewitt-y": _("finds horizontal edges: as sobel-y, with a plain mean along them"),
        "scharr-x": _("finds vertical edges: as sobel-x, truer to slanting ones"),
        "scharr-y": _("finds horizontal edges: as sobel-y, truer to slanting ones"),
        "laplacian": _("finds spots and both sides of edges: the sum of both second derivatives"),
        "horizontal-lines": _("finds bright lines that lie: a row against the rows beside it"),
        "vertical-lines": _("finds bright lines that stand: a column against those beside it"),
        "diagonal-lines": _("finds bright lines that fall to the right"),
        "antidiagonal-lines": _("finds bright lines that rise to the right"),
        "gabor": _("finds stripes of one angle and one wavelength"),
    }


def _identity() -> np.ndarray:
    return _rows([[0, 0, 0], [0, 1, 0], [0, 0, 0]])


def _box(size: int = 3) -> np.ndarray:
    size = _odd("size", size)
    return np.full((size, size), 1 / size**2)


def _gaussian(sigma: float = 1.0, size: int | None = None) -> np.ndarray:
    sigma = _between("sigma", sigma, 0.1, LARGEST / 6)
    # Beyond three standard deviations less than 0.3 % of the weight is left.
    size = min(LARGEST, 2 * math.ceil(3 * sigma) + 1) if size is None else _odd("size", size)
    bell = np.exp(-0.5 * (_around(size) / sigma) ** 2)
    bell /= bell.sum()
    return np.outer(bell, bell)


def _sharpen(strength: float = 1.0) -> np.ndarray:
    return _identity() - _between("strength", strength, 0, 100) * _laplacian()


def _emboss() -> np.ndarray:
    return _rows([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])


def _edge() -> np.ndarray:
    return _rows([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])


def _sobel_x() -> np.ndarray:
    return np.outer([1, 2, 1], [-1, 0, 1])


def _sobel_y() -> np.ndarray:
    return _sobel_x().T


def _prewitt_x() -> np.ndarray:
    return np.outer([1, 1, 1], [-1, 0, 1])


def _prewitt_y() -> np.ndarray:
    return _prewitt_x().T


def _scharr_x() -> np.ndarray:
    return np.outer([3, 10, 3], [-1, 0, 1])


def _scharr_y() -> np.ndarray:
    return _scharr_x().T


def _laplacian() -> np.ndarray:
    return _rows([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


def _horizontal_lines(length: int = 3) -> np.ndarray:
    return np.outer([-1, 2, -1], np.ones(_odd("length", length)))


def _vertical_lines(length: int = 3) -> np.ndarray:
    return _horizontal_lines(length).T


def _diagonal_lines(size: int = 3) -> np.ndarray:
    size = _odd("size", size, 3)
    return size * np.eye(size) - 1


def _antidiagonal_lines(size: int = 3) -> np.ndarray:
    return _diagonal_lines(size)[:, ::-1]


def _gabor(angle: float = 0.0, wavelength: float = 6.0, size: int | None = None) -> np.ndarray:
    """Weigh a wave with a bell; `angle` is that of the stripes: 0 lying, 90 standing, degrees.

    The bell is round (γ = 1) and as wide as makes a filter of one octave. A flat image gives 0;
    the positive weights add up to 1.

    Reference:
        Petkov and Kruizinga 1997, https://doi.org/10.1007/s004220050440, eq. 1 and 3.
    """
    wavelength = _between("wavelength", wavelength, 2, 40)
    turn = math.radians(_between("angle", angle, -360, 360))
    sigma = 0.56 * wavelength
    if size is None:
        size = min(LARGEST, 2 * math.ceil(2.5 * sigma) + 1)
    at = _around(_odd("size", size, 3))
    across = np.add.outer(at * math.cos(turn), at * math.sin(turn))
    bell = np.exp(-np.add.outer(at**2, at**2) / (2 * sigma**2))
    wave = bell * np.cos(2 * math.pi * across / wavelength)
    wave -= bell * (wave.sum() / bell.sum())
    return wave / wave[wave > 0].sum()


KERNELS: dict[str, Callable[..., np.ndarray]] = {
    "identity": _identity,
    "box": _box,
    "gaussian": _gaussian,
    "sharpen": _sharpen,
    "emboss": _emboss,
    "edge": _edge,
    "sobel-x": _sobel_x,
    "sobel-y": _sobel_y,
    "prewitt-x": _prewitt_x,
    "prewitt-y": _prewitt_y,
    "scharr-x": _scharr_x,
    "scharr-y": _scharr_y,
    "laplacian": _laplacian,
    "horizontal-lines": _horizontal_lines,
    "vertical-lines": _vertical_lines,
    "diagonal-lines": _diagonal_lines,
    "antidiagonal-lines": _antidiagonal_lines,
    "gabor": _gabor,
}
"""Every named kernel with the function that builds it."""


def _rows(weights: list[list[int]]) -> np.ndarray:
    return np.array(weights, float)


def _around(size: int) -> np.ndarray:
    """Count positions from the middle: -1, 0, 1 for a size of 3."""
    return np.arange(size) - (size - 1) / 2


def _odd(name: str, value: Any, low: int = 1) -> int:
    value = int(check_range(name, check_whole(name, value, low), low, LARGEST))
    if value % 2 == 0:
        raise InputError(
            _("`{name}` must be odd, so that the kernel has a middle; received {value}.").format(
                name=name, value=value
            )
        )
    return value


def _between(name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool):  # True passes for 1 in comparisons
        value = str(value)
    return check_range(name, value, low, high)
