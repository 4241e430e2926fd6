"""Checks of what a user gives, with one wording: what is wrong, where, and what is expected."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from evrisim.messages import translate as _


class InputError(ValueError):
    """Something the user gave is wrong; the message is one clear sentence.

    The command line prints the sentence and ends with exit code 2. Anything else
    that escapes is a defect of ours and keeps its traceback.
    """


LISTED = 32
"""Choices that a sentence lists at most; there are forty known architectures."""


def check_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`, else say which there are.

    Raises:
        InputError: If `value` is not among the choices.

    Example:
        >>> check_choice("model", "convnet", ["convnet", "resnet20"])
        'convnet'
    """
    known = list(choices)
    if value in known:
        return str(value)
    near = get_close_matches(str(value), known, n=1)
    hint = _(" Did you mean {near!r}?").format(near=near[0]) if near else ""
    listed = ", ".join(known)
    if len(known) > LISTED:
        listed = _("{some}, … ({count} in all)").format(
            some=", ".join(known[:LISTED]), count=len(known)
        )
    raise InputError(
        _("`{name}` must be one of {known}; received {value!r}.").format(
            name=name, known=listed, value=value
        )
        + hint
    )


def check_range(name: str, value: float, low: float, high: float) -> float:
    """Return `value` if `low <= value <= high` (NaN never is).

    Raises:
        InputError: If the value is outside, or is not a number.

    Example:
        >>> check_range("severity", 0.5, 0, 1)
        0.5
    """
    try:
        inside = low <= value <= high
    except TypeError:
        inside = False
    if not inside:
        raise InputError(
            _("`{name}` must lie between {low} and {high}; received {value!r}.").format(
                name=name, low=low, high=high, value=value
            )
        )
    return value


PICTURES = (".png", ".jpg", ".webp", ".svg", ".pdf")
"""Endings of files that pictures are written to."""


def check_picture(name: str, path: Path) -> Path:
    """Return `path` if its ending is one of `PICTURES`.

    Raises:
        InputError: If it is not.

    Example:
        >>> check_picture("--out", Path("look.png")).name
        'look.png'
    """
    if path.suffix.lower() not in PICTURES:
        raise InputError(
            _("`{name}` must be a picture, its name ending in {known}; received {path}.").format(
                name=name, known=", ".join(PICTURES), path=path
            )
        )
    return path


def check_whole(name: str, value: Any, low: int) -> int:
    """Return `value` if it is a whole number of at least `low` (True and 3.0 are not).

    Raises:
        InputError: If it is not.

    Example:
        >>> check_whole("epochs", 3, 1)
        3
    """
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < low:
        raise InputError(
            _("`{name}` must be a whole number of at least {low}; received {value!r}.").format(
                name=name, low=low, value=value
            )
        )
    return int(value)


def check_flag(name: str, value: Any) -> bool:
    """Return `value` if it is True or False (1 and "yes" are not).

    Raises:
        InputError: If it is not.

    Example:
        >>> check_flag("model.bias", True)
        True
    """
    if not isinstance(value, bool):
        raise InputError(
            _("`{name}` must be true or false; received {value!r}.").format(name=name, value=value)
        )
    return value
