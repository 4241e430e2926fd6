"""Numbers as the reader's language writes them: 93.4 % in English, %93,4 in Turkish.

What is undefined (NaN or None) is shown as such, never as a zero. A share that only rounds to
none or all is shown as below or above its last digit: 1999 of 2000 is not 100 %.
"""

import math
from datetime import datetime

from evrisim.messages import language
from evrisim.messages import translate as _

_SWAPPED = str.maketrans({",": ".", ".": ",", "-": "−"})
_MINUS = str.maketrans({"-": "−"})
_SPACE = "\u00a0"  # a number and its unit stay on one line


def decimal(value: float | None, digits: int = 2) -> str:
    """Write a number with as many digits after the decimal point, thousands grouped.

    Example:
        >>> decimal(1234.5), decimal(-0.25, 1)
        ('1,234.50', '−0.2')
    """
    if value is None or math.isnan(value):
        return _("n/a")
    return _localised(f"{value:z,.{digits}f}")


def whole(value: float | None) -> str:
    """Write a count, thousands grouped.

    Example:
        >>> whole(60000)
        '60,000'
    """
    return decimal(value, 0)


def general(value: float | None, figures: int = 3) -> str:
    """Write a number of any size with as many significant figures, no zeros behind.

    Example:
        >>> general(0.05), general(1e-7)
        ('0.05', '1e−07')
    """
    if value is None or math.isnan(value):
        return _("n/a")
    return _localised(f"{value:.{figures}g}")


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share of 0–1 as a percentage.

    Example:
        >>> percent(0.934) == "93.4\\u00a0%", percent(0.99999) == ">99.9\\u00a0%"
        (True, True)
    """
    if share is None or math.isnan(share):
        return _("n/a")
    step = 10.0**-digits
    text = decimal(100 * share, digits)
    if 0 < share < 1 and text == decimal(100, digits):
        return ">" + _with_sign(decimal(100 - step, digits))
    if 0 < share < 1 and text == decimal(0, digits):
        return "<" + _with_sign(decimal(step, digits))
    return _with_sign(text)


def percent_range(low: float, high: float, digits: int = 1) -> str:
    """Write two shares of 0–1 as a range of percentages.

    Example:
        >>> percent_range(0.922, 0.944) == "92.2–94.4\\u00a0%"
        True
    """
    return _with_sign(f"{decimal(100 * low, digits)}–{decimal(100 * high, digits)}")


def percent_spread(mean: float | None, spread: float | None, digits: int = 2) -> str:
    """Write the mean of shares (0–1) with their standard deviation, as percentages.

    Example:
        >>> percent_spread(0.9046, 0.0071) == "90.46 ± 0.71\\u00a0%"
        True
    """
    if mean is None or spread is None or math.isnan(mean + spread):
        return percent(mean, digits)
    return _with_sign(f"{decimal(100 * mean, digits)} ± {decimal(100 * spread, digits)}")


def points(difference: float, digits: int = 1) -> str:
    """Write the difference of two shares (0–1) in percentage points.

    Example:
        >>> points(0.011) == "1.1\\u00a0points"
        True
    """
    return _("{value} points").format(value=decimal(100 * difference, digits)).replace(" ", _SPACE)


def large(value: float | None) -> str:
    """Write a big count in words, three significant figures; below ten thousand it is exact.

    Example:
        >>> large(9408), large(40_552_448) == "40.6\\u00a0million"
        ('9,408', True)
    """
    if value is None or math.isnan(value):
        return _("n/a")
    if abs(value) < 10_000:
        return whole(value)
    power = min(4, int(math.log10(abs(float(f"{value:.3g}"))) // 3))
    scaled = value / 1000**power
    figures = decimal(scaled, max(0, 2 - int(math.log10(abs(scaled)) + 1e-9)))
    text = (
        _("{value} thousand"),
        _("{value} million"),
        _("{value} billion"),
        _("{value} trillion"),
    )
    return text[power - 1].format(value=figures).replace(" ", _SPACE)


def duration(seconds: float | None) -> str:
    """Write how long something took, in the two largest units.

    Example:
        >>> duration(8.25) == "8.2\\u00a0s", duration(192) == "3\\u00a0min 12\\u00a0s"
        (True, True)
    """
    if seconds is None or math.isnan(seconds):
        return _("n/a")
    if round(seconds, 1) < 10:
        return _("{count} s").format(count=decimal(seconds, 1)).replace(" ", _SPACE)
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    named = (
        (hours, _("{count} h")),
        (minutes, _("{count} min")),
        (rest if not hours else 0, _("{count} s")),
    )
    parts = [text.format(count=whole(count)).replace(" ", _SPACE) for count, text in named if count]
    return " ".join(parts)


def date(moment: str) -> str:
    """Write the day and time of an ISO 8601 text; what is not one is given back as it is.

    Example:
        >>> date("2026-11-23T09:05:29+00:00")
        '23 November 2026, 09:05 UTC'
    """
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return (
        _("{day} {month} {year}, {time} {zone}")
        .format(
            day=when.day,
            month=_months()[when.month - 1],
            year=when.year,
            time=f"{when:%H:%M}",
            zone=when.tzname() or "",
        )
        .strip()
    )


def _localised(text: str) -> str:
    return text.translate(_SWAPPED if language() == "tr" else _MINUS)


def _with_sign(text: str) -> str:
    return f"%{text}" if language() == "tr" else f"{text}{_SPACE}%"


def _months() -> tuple[str, ...]:
    return (
        _("January"),
        _("February"),
        _("March"),
        _("April"),
        _("May"),
        _("June"),
        _("July"),
        _("August"),
        _("September"),
        _("October"),
        _("November"),
        _("December"),
    )
