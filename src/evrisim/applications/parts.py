"""What the parts of every application are made of: titles, words, pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evrisim.report.blocks import Block, Picture, Section, Text

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
