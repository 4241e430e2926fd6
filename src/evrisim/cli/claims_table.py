"""The ledger as text: a table of claims, or one claim whole."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evrisim.cli.output import Output
from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.claims.ledger import Ruling
    from evrisim.claims.rerunning import Rerun

WIDTH = 120
"""Columns of the table where no terminal says how wide it is."""

Rulings = Mapping[str, "Sequence[Ruling]"]


def layout(found: Rulings, *, whole: bool) -> list[str]:
    """Lay out claims with their rulings as lines: one whole, or a table of them."""
    if whole:
        ((claim, rulings),) = found.items()
        return _whole(claim, rulings)
    return [*_table(found), "", _summary(found), *_hint()]


def rerun_lines(found: "Mapping[str, Rerun]") -> list[str]:
    """Say what settling claims again gave, and where it lies."""
    lines: list[str] = []
    for claim, one in found.items():
        lines += [*_whole(claim, [one.ruling]), ""]
        if one.directory is not None:
            lines += [_("Results: {path}").format(path=one.directory), ""]
    return lines[:-1]


def _table(found: Rulings) -> list[str]:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from evrisim.claims import sentences

    said, words = sentences.said(), sentences.verdicts()
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(_("claim"), no_wrap=True)
    table.add_column(_("the course says"), ratio=4)
    table.add_column(_("verdict"), ratio=2)
    table.add_column(_("evidence"), ratio=6)
    for claim, rulings in found.items():
        for place, ruling in enumerate(rulings):
            first = (claim, said[claim]) if place == 0 else ("", "")
            cells = (*first, _verdict(ruling, words), ruling.evidence)
            table.add_row(*map(Text, cells), style="dim" if _is_open(ruling) else None)
        table.add_section()
    return _drawn(table)


def _drawn(table: object) -> list[str]:
    import sys

    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines() if line.strip()]


def _verdict(ruling: "Ruling", words: Mapping[str, str]) -> str:
    """Name the verdict and where it holds: `supported (shapes, quick)`."""
    from evrisim.claims import sentences

    return f"{words[ruling.verdict]} ({_where(ruling) or sentences.ways()[ruling.way]})"


def _where(ruling: "Ruling") -> str:
    return ", ".join(part for part in (ruling.data, ruling.budget) if part)


def _is_open(ruling: "Ruling") -> bool:
    return ruling.verdict == "not measured"


def _summary(found: Rulings) -> str:
    settled = sum(
        any(ruling.verdict not in ("not measured", "undecided") for ruling in rulings)
        for rulings in found.values()
    )
    return _("{settled} of {count} claims have a verdict, in whole or in part.").format(
        settled=settled, count=len(found)
    )


def _hint() -> list[str]:
    return [
        _("One whole: evrisim claims C3. Settle it again: evrisim claims C1 --run."),
    ]


def _whole(claim: str, rulings: "Sequence[Ruling]") -> list[str]:
    from evrisim.claims import ledger, sentences

    lines = [f"{claim}  {sentences.said()[claim]}"]
    for ruling in rulings:
        lines += ["", *_ruling(ruling)]
    full = ledger.ENTRIES[claim].commands.get("full")
    return [*lines, "", _("Full budget: {command}").format(command=full)] if full else lines


def _ruling(ruling: "Ruling") -> list[str]:
    from evrisim.claims import sentences

    way, word = sentences.ways()[ruling.way], sentences.verdicts()[ruling.verdict]
    where = f" ({_where(ruling)})" if _where(ruling) else ""
    lines = [f"{way}: {word}{where}", ruling.evidence]
    if ruling.table is not None:
        lines += ["", *Output().table(ruling.table.header, ruling.table.rows), ""]
    lines += ruling.notes
    if ruling.date:
        lines.append(_("Date: {date}").format(date=_day(ruling.date)))
    if ruling.command:
        lines.append(_("Repeat: {command}").format(command=ruling.command))
    return lines


def _day(moment: str) -> str:
    return numbers.date(moment).split(",")[0]
