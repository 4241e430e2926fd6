"""What the parts of every application are made of: titles, words, pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evrisim.messages import translate as _
from evrisim.report.blocks import Block, Picture, Section, Table, Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def words(name: str, title: str, *paragraphs: str) -> Section:
    """Begin a part with its title and what there is to know."""
    return Section(name, title, [Text(paragraph) for paragraph in paragraphs])


def joined(begun: Section, *more: Sequence[Block]) -> Section:
    """Give a part with the blocks that came out added."""
    return Section(
        begun.name, begun.title, [*begun.blocks, *(one for part in more for one in part)]
    )


def picture(
    name: str, figure: "Figure", alt: str, caption: str = "", *, wide: bool | None = None
) -> Picture:
    """Give a figure as a block; `alt` says what there is to see.

    It is as wide as the page unless it has a caption, or is told otherwise.
    """
    from evrisim.report.pictures import drawing

    return Picture(drawing(name, figure, alt), caption, wide=not caption if wide is None else wide)


def unmeasured() -> list[Block]:
    """Say that something has not been measured yet."""
    return [Text(_("It has not been measured yet: the button starts that."))]


def claims(wanted: Sequence[str], title: str) -> list[Block]:
    """Show what the course says in some of its claims, and what was measured on CIFAR-10."""
    from evrisim import claims as room
    from evrisim.claims import sentences

    names = sentences.verdicts()
    rows = [
        (claim, room.said()[claim], names[one.verdict], one.evidence)
        for claim in wanted
        for one in room.rulings(claim)
    ]
    headers = (_("claim"), _("the course says"), _("verdict"), _("evidence"))
    return [Table(title, headers, rows)]
