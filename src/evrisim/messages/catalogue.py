"""Keep the catalogue: `python -m evrisim.messages.catalogue` renews it from the sources.

New sentences enter `tr/LC_MESSAGES/evrisim.po` with an empty translation, gone ones leave it, and
the `.mo` file that programs read is compiled. Needs Babel (of the `dev` extra). A test refuses a
catalogue that is not complete or not compiled.
"""

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

HERE = Path(__file__).parent
SOURCES = HERE.parent
NOTEBOOKS = SOURCES.parents[1] / "applications"
TURKISH = HERE / "tr" / "LC_MESSAGES" / "evrisim.po"


def sentences() -> set[str]:
    """Give every literal that is passed to `translate` in the sources, and the commands' help."""
    from babel.messages.extract import extract_from_dir

    keywords = {"_": None, "translate": None}
    found = chain.from_iterable(
        extract_from_dir(str(folder), [("**.py", "python")], keywords=keywords)
        for folder in (SOURCES, NOTEBOOKS)
    )
    # Every message is a plain literal: no plural forms, which would come as tuples.
    literals = {str(message) for _file, _line, message, _comments, _context in found if message}
    return literals | set(_helps())


def _helps() -> Iterator[str]:
    """Give the docstring of every command: what takes `--lang` shows it as its help."""
    for path in sorted((SOURCES / "cli").glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and "lang" in [a.arg for a in node.args.args]:
                yield from filter(None, [ast.get_docstring(node)])


def read() -> "Catalog":
    """Read the Turkish catalogue."""
    from babel.messages.pofile import read_po

    with TURKISH.open("rb") as file:
        return read_po(file, locale="tr")


def compiled(catalogue: "Catalog") -> bytes:
    """Give the bytes of the `.mo` file of a catalogue."""
    from io import BytesIO

    from babel.messages.mofile import write_mo

    buffer = BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def renew() -> None:
    """Bring the catalogue in line with the sources and compile it."""
    from io import BytesIO

    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    from evrisim import _files

    old = read()
    new = Catalog(locale="tr", project="evrisim", fuzzy=False, creation_date=old.creation_date)
    new.revision_date = old.revision_date
    for sentence in sorted(sentences()):
        known = old.get(sentence)
        new.add(sentence, known.string if known else "")
    buffer = BytesIO()
    write_po(buffer, new, width=0, omit_header=False)
    _files.write_bytes(TURKISH, buffer.getvalue())
    _files.write_bytes(TURKISH.with_suffix(".mo"), compiled(read()))


if __name__ == "__main__":
    renew()
