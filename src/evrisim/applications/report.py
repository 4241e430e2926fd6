"""The report of an application: one page of all its parts, and what they found in a few lines."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from evrisim.applications import titles
from evrisim.applications.asked import Asked
from evrisim.messages import language
from evrisim.messages import translate as _
from evrisim.report import page as pages
from evrisim.report.blocks import Block, Page, Row, Section, Text


def write(asked: Asked, parts: Sequence[Section]) -> Path:
    """Write the report and its pictures; each file is written whole or not at all.

    Returns:
        The HTML file.
    """
    page = Page(
        language=language(),
        title=titles()[asked.number],
        subtitle=_("{data}, budget {budget}").format(data=asked.stem, budget=asked.budget),
        sections=parts,
        words=pages.words(),
    )
    asked.directory.mkdir(parents=True, exist_ok=True)
    return pages.write(asked.directory / "report.html", page)


def summary(parts: Sequence[Section]) -> list[str]:
    """Give the title of each part and the sentences that say what came out."""
    lines = []
    for part in parts:
        lines += [part.title, *(f"  {sentence}" for sentence in _found(part.blocks)), ""]
    return lines


def _found(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Text) and block.tone == "reading":
            yield block.text
        elif isinstance(block, Row):
            for cell in block.cells:
                yield from _found(cell)
