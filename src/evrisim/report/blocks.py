"""What a page is made of: a title, an answer, and sections of plain blocks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from evrisim.report.pictures import Drawing


@dataclass(frozen=True)
class Text:
    """A paragraph; `tone` is `plain`, `reading` (what a result means) or `warning`."""

    text: str
    tone: str = "plain"
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Points:
    """A list of short sentences."""

    items: Sequence[str]
    kind: ClassVar[str] = "points"


@dataclass(frozen=True)
class Terms:
    """Words and what they mean."""

    items: Sequence[tuple[str, str]]
    kind: ClassVar[str] = "terms"


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows; `numeric` columns are set to the right."""

    caption: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    foot: Sequence[Sequence[str]] = ()
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Picture:
    """A drawing with a line below it."""

    drawing: Drawing
    caption: str = ""
    wide: bool = False
    kind: ClassVar[str] = "picture"


@dataclass(frozen=True)
class Look:
    """An image with where the model looked for a class; `word` names it below."""

    image: str
    alt: str
    word: str


@dataclass(frozen=True)
class Card:
    """One image of a gallery: itself, where the model looked, and what it said."""

    image: str
    alt: str
    looks: Sequence[Look]
    lines: Sequence[tuple[str, str]]
    name: str
    small: bool


@dataclass(frozen=True)
class Cards:
    """A gallery."""

    title: str
    cards: Sequence[Card]
    kind: ClassVar[str] = "cards"


@dataclass(frozen=True)
class Cell:
    """A number in a matrix: `share` colours it, `target` is the address of what is behind it."""

    text: str
    says: str
    share: float
    right: bool
    target: str = ""


@dataclass(frozen=True)
class Matrix:
    """A table of classes by classes whose cells lead to what is behind them, and back to `name`."""

    name: str
    caption: str
    corner: str
    names: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    kind: ClassVar[str] = "matrix"


@dataclass(frozen=True)
class Behind:
    """Images behind a cell of a matrix, shown once its address is gone to."""

    name: str
    title: str
    cards: Sequence[Card]
    back: tuple[str, str]
    kind: ClassVar[str] = "behind"


@dataclass(frozen=True)
class Code:
    """Something to type."""

    text: str
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Heading:
    """The title of a part of a section."""

    text: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Row:
    """Blocks side by side where the page is wide enough; each cell is a stack of blocks."""

    cells: Sequence[Sequence["Block"]]
    kind: ClassVar[str] = "row"


Block = Text | Points | Terms | Table | Picture | Cards | Matrix | Behind | Code | Heading | Row


@dataclass(frozen=True)
class Section:
    """A part of the page; `name` is its address within the page."""

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """A whole page.

    Attributes:
        language: `en` or `tr`.
        title, subtitle: what it is about, and when and of what it was made.
        sections: in the order they are read; the first is the answer.
        words: the few words the template itself needs, by name.
        files: PNG pictures that go into files only, by name.
    """

    language: str
    title: str
    subtitle: str
    sections: Sequence[Section]
    words: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def drawings(blocks: Sequence[Block]) -> list[Drawing]:
    """List every drawing among blocks, however deep."""
    found: list[Drawing] = []
    for block in blocks:
        if isinstance(block, Picture):
            found.append(block.drawing)
        elif isinstance(block, Row):
            for cell in block.cells:
                found += drawings(cell)
    return found
