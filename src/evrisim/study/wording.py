"""The words of a study that pictures, reports and tables share."""

from typing import Any

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.study.design import Claim
from evrisim.study.results import Comparison

LEAST_P = 0.001
"""Smaller p-values are shown as below this: their size says nothing more."""

SIGNS = {"supported": "✓", "refuted": "✗", "undecided": "?"}
"""Said beside the word, so that a verdict is seen without its colour."""


def compared(comparison: Comparison, longest: int | None = None) -> str:
    """Name the two sides of a comparison, the one that is subtracted last.

    Args:
        comparison: Of two arms, of two levels of a factor, or an interaction.
        longest: Letters that each side may have; None for all.
    """
    if comparison.kind == "interaction":
        first, _times, second = comparison.arm.partition(" × ")
        return f"{_cut(setting(first), longest)} × {_cut(setting(second), longest)}"
    if comparison.kind == "factor":
        name, _is, level = comparison.arm.rpartition("=")
        other = comparison.against.rpartition("=")[2]
        return f"{_cut(setting(name), longest)}: {_cut(level, longest)} − {_cut(other, longest)}"
    return f"{_cut(comparison.arm, longest)} − {_cut(comparison.against, longest)}"


def setting(name: str) -> str:
    """Name a setting without the group it is in.

    Example:
        >>> setting("model.width"), setting("batch_size")
        ('width', 'batch_size')
    """
    return name.rpartition(".")[2]


def value(given: Any) -> str:
    """Write the value of a setting as the language does."""
    if given is None:
        return _("none")
    if isinstance(given, bool):
        return _("yes") if given else _("no")
    return numbers.general(given, 6) if isinstance(given, float) else str(given)


def claimed(claim: Claim | None) -> str:
    """Say what is claimed of a difference.

    Example:
        >>> claimed(Claim("not-worse", 1.0)) == "at most 1.0\\u00a0points worse"
        True
    """
    if claim is None:
        return _("nothing claimed")
    texts = {
        "better": _("at least {size} better"),
        "worse": _("at least {size} worse"),
        "same": _("the same within {size}"),
        "not-better": _("at most {size} better"),
        "not-worse": _("at most {size} worse"),
    }
    return texts[claim.kind].format(size=numbers.points(claim.points / 100))


def verdict(word: str | None) -> str:
    """Give the word of a verdict with its sign; a dash where nothing was claimed."""
    return "–" if word is None else f"{SIGNS[word]}\u00a0{verdicts()[word]}"


def verdicts() -> dict[str, str]:
    """Name the verdicts in the language in use."""
    return {
        "supported": _("supported"),
        "refuted": _("refuted"),
        "undecided": _("undecided"),
    }


def signed(difference: float | None, digits: int = 2) -> str:
    """Write a difference of two shares (0–1) in percentage points, always with its sign.

    Example:
        >>> signed(0.0123), signed(-0.5, 1), signed(0.00001)
        ('+1.23', '−50.0', '0.00')
    """
    if difference is None:
        return numbers.decimal(None)
    text = numbers.decimal(100 * difference, digits)
    positive = difference > 0 and text != numbers.decimal(0.0, digits)
    return f"+{text}" if positive else text


def _cut(text: str, longest: int | None) -> str:
    """Leave out the middle of a long name: arms often differ at their ends."""
    if longest is None or len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return f"{text[: longest - 1 - end]}…{text[-end:]}"
