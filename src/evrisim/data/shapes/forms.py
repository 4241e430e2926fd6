"""The ten forms, each as a signed field: negative inside, zero on the outline, positive outside.

A form is put together from half planes and discs by `minimum` (union) and `maximum`
(intersection). The sign is exact; the value is the distance to the outline near it, which is
what anti-aliasing needs. All forms are mirror images of themselves (left and right), have the
area of the unit disc and their centroid at the origin, so that neither a flip nor area nor
position says which one it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Field = Callable[[np.ndarray, np.ndarray], np.ndarray]

# Written out, so that no cosine of the machine at hand enters the images.
_SIN_36, _COS_36 = np.float32(0.58778525), np.float32(0.80901699)
_ROOT_3 = np.float32(1.7320508)
_ROOT_HALF = np.float32(0.70710678)


@dataclass(frozen=True)
class Form:
    """One form as it is easiest to write down, and what brings it to standard size and place.

    Attributes:
        name: the class name.
        field: the signed field in the coordinates of the formula, `y` upwards.
        scale: what makes its area π, that of the unit disc.
        height: the `y` of its centroid before scaling.
    """

    name: str
    field: Field
    scale: float
    height: float

    def signed(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Evaluate the field at standard size: float32, negative inside.

        Example:
            >>> circle = FORMS[0]
            >>> circle.signed(np.float32([0, 2]), np.float32([0, 0])).tolist()
            [-1.0, 1.0]
        """
        scale = np.float32(self.scale)
        return self.field(x / scale, y / scale + np.float32(self.height)) * scale


def _disc(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    return np.sqrt(x * x + y * y) - np.float32(radius)


def _box(x: np.ndarray, y: np.ndarray, half_width: float, half_height: float) -> np.ndarray:
    return np.maximum(np.abs(x) - np.float32(half_width), np.abs(y) - np.float32(half_height))


def _circle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _disc(x, y, 1)


def _square(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _box(x, y, 1, 1)


def _triangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    half = np.float32(0.5)
    return np.maximum(-y, half * (_ROOT_3 * np.abs(x) + y)) - half


def _star(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # Two folds bring every point into the wedge of 36° beside the upper ray, where the
    # outline is one line, from the point (0, 1) to the notch.
    x = np.abs(x)
    for normal_x, normal_y in ((_COS_36, -_SIN_36), (-_COS_36, -_SIN_36)):
        beyond = 2 * np.maximum(normal_x * x + normal_y * y, 0)
        x, y = x - beyond * normal_x, y - beyond * normal_y
    x = np.abs(x)
    notch_x, notch_y = np.float32(0.47) * _SIN_36, np.float32(0.47) * _COS_36
    across, along = 1 - notch_y, notch_x
    return (x * across + (y - 1) * along) / np.sqrt(across * across + along * along)


def _cross(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.minimum(_box(x, y, 1, 0.34), _box(x, y, 0.34, 1))


def _ring(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.abs(_disc(x, y, 0.78)) - np.float32(0.22)


def _crescent(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(_disc(x, y, 1), -_disc(x, y - np.float32(0.7), 0.85))


def _heart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # Two discs of radius 0.5 side by side and their outer tangents, which meet at (0, -1.2).
    # With sides 5, 12 and 13 the tangent's direction is (120, 119) / 169 without a rounding.
    x = np.abs(x)
    half, right, up = np.float32(0.5), np.float32(120 / 169), np.float32(119 / 169)
    tangent = up * x - right * y - np.float32(144 / 169)
    below = np.maximum(right * (x - half) + up * y, y)
    return np.minimum(np.maximum(tangent, below), _disc(x - half, y, 0.5))


def _arrow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x = np.abs(x)
    width, base, tip = np.float32(0.8), np.float32(0.05), np.float32(1)
    slope = np.sqrt(width * width + (tip - base) * (tip - base))
    head = np.maximum(base - y, (x * (tip - base) + (y - tip) * width) / slope)
    return np.minimum(head, _box(x, y + np.float32(0.45), 0.26, 0.55))


def _drop(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # A disc of radius 0.57 at the origin and the two tangents that meet at (0, 1.3).
    radius, sine = np.float32(0.57), np.float32(0.57 / 1.3)
    cosine = np.sqrt(1 - sine * sine)
    tangent = np.abs(x) * cosine + y * sine - radius
    return np.minimum(np.maximum(tangent, radius * sine - y), _disc(x, y, 0.57))


FORMS: tuple[Form, ...] = (
    Form("circle", _circle, 1, 0),
    Form("square", _square, 0.88623, 0),
    Form("triangle", _triangle, 1.55512, 0),
    Form("star", _star, 1.50811, 0),
    Form("cross", _cross, 1.17965, 0),
    Form("ring", _ring, 1.207, 0),
    Form("crescent", _crescent, 1.34707, -0.3551),
    Form("heart", _heart, 1.19968, -0.18737),
    Form("arrow", _arrow, 1.55097, 0.01479),
    Form("drop", _drop, 1.54051, 0.17609),
)
