"""What a draw is: for each image a list of steps, each a code and eight numbers.

Whatever draws (NumPy or a tensor library) and whatever applies (compiled loops or a device) meet
in this table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

WIDTH = 8
"""Numbers a step has."""


class Code(IntEnum):
    """The kinds of step, with what their numbers mean."""

    KEEP = 0  # nothing
    MOVE = 1  # the map a b tx / c d ty from places of the output to those of the input; level
    TONE = 2  # gain, shift
    CONTRAST = 3  # factor; 0 about each channel's mean, 1 about the mean of the grey picture
    SATURATION = 4  # factor
    HUE = 5  # shift in turns
    SHARPNESS = 6  # factor
    POSTERISE = 7  # bits kept
    SOLARISE = 8  # threshold
    EQUALISE = 9
    AUTOCONTRAST = 10
    INVERT = 11
    BLUR = 12  # standard deviation in pixels
    NOISE = 13  # standard deviation; two keys
    JPEG = 14  # quality
    ERASE = 15  # top, left, bottom, right; a colour or -1 for noise; two keys
    BEGIN = 16  # of a chain that starts from the picture as it was before the first one
    ADD = 17  # weight of the chain that ends here
    BLEND = 18  # share of the weighted chains in the picture
    MIXUP = 19  # partner's place in the batch; own share
    CUTMIX = 20  # partner's place in the batch; top, left, bottom, right


MIXING = frozenset({Code.MIXUP, Code.CUTMIX})
"""Steps that join two images of a batch, and with them their labels."""

FILLS = ("constant", "nearest", "reflect", "wrap")
"""What lies outside; `reflect` repeats the border pixel, as in Keras: c b a | a b c | c b a."""


@dataclass(frozen=True, eq=False)
class Step:
    """One step of every image of a batch.

    Places of a move are (column, row) in pixels from the middle of the image.

    Attributes:
        codes: `(count,)` float32, each image's `Code`.
        values: `(count, 8)` float32, what the code asks for.
        may: The codes that can be among `codes`, known without looking.
        fill: What moves find outside the image, one of `FILLS`.
    """

    codes: Any
    values: Any
    may: frozenset[Code]
    fill: str = "reflect"


def step(
    xp: Any, code: Code, like: Any, *columns: Any, where: Any = None, fill: str = "reflect"
) -> Step:
    """Make a step of one kind.

    Args:
        xp: `numpy` or `keras.ops`.
        code: Its kind.
        like: Any float32 array `(count,)`, for the count.
        columns: The first of its numbers, each a `(count,)` array or one number for all.
        where: `(count,)` bool, the images it is for; all by default.
        fill: What moves find outside the image.
    """
    nothing = like * 0.0
    chosen = nothing + float(code)
    codes = chosen if where is None else xp.where(where, chosen, nothing)
    return Step(codes, _table(xp, nothing, columns), frozenset({code}), fill)


def _table(xp: Any, nothing: Any, columns: Sequence[Any]) -> Any:
    """Give columns side by side, and zeros in those that are not there."""
    if xp is np:  # the same in a fifth of the time
        table = np.zeros((len(nothing), WIDTH), np.float32)
        for place, column in enumerate(columns):
            table[:, place] = nothing + column
        return table
    filled = [nothing + column for column in columns]
    return xp.stack(filled + [nothing] * (WIDTH - len(filled)), axis=-1)


def composed(xp: Any, steps: Sequence[Step]) -> tuple[Step, ...]:
    """Join moves that follow each other into one, so that a picture is resampled once.

    Moves are joined where they fill in the same way. Where a step moves some images only (one
    of several kinds, drawn for each image), those images are joined and the others not.
    """
    joined: list[Step] = []
    for one in steps:
        moves = joined and Code.MOVE in joined[-1].may & one.may and joined[-1].fill == one.fill
        joined[-1:] = _joined(xp, joined[-1], one) if moves else [*joined[-1:], one]
    return tuple(joined)


def _joined(xp: Any, first: Step, second: Step) -> list[Step]:
    """Give two steps as one if both only move, else let the second take over the first's moves."""
    is_first, is_second = (one.codes == float(Code.MOVE) for one in (first, second))
    both = xp.logical_and(is_first, is_second)
    product = xp.where(both[:, None], _product(xp, first.values, second.values), second.values)
    if first.may == second.may == {Code.MOVE}:
        values = xp.where(xp.logical_or(both, is_second)[:, None], product, first.values)
        return [Step(xp.maximum(first.codes, second.codes), values, first.may, first.fill)]
    left = xp.where(both, first.codes * 0.0, first.codes)
    return [
        Step(left, first.values, first.may, first.fill),
        Step(second.codes, product, second.may, second.fill),
    ]


def _product(xp: Any, first: Any, second: Any) -> Any:
    """Give the map that goes through the second map and then the first."""
    a, b, tx, c, d, ty = (first[:, column] for column in range(6))
    e, f, ux, g, h, uy = (second[:, column] for column in range(6))
    columns = [
        a * e + b * g,
        a * f + b * h,
        a * ux + b * uy + tx,
        c * e + d * g,
        c * f + d * h,
        c * ux + d * uy + ty,
        second[:, 6],
        second[:, 7],
    ]
    return xp.stack(columns, axis=-1)
