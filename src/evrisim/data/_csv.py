"""A CSV of path and label (and split), read with every mistake named by its line."""

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evrisim._validate import InputError
from evrisim.messages import translate as _

_SPLITS = {
    "": None,
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip

_MOST_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Row:
    """One image: its path as written, its label (NFC), its split or None."""

    path: str
    label: str
    split: str | None


def read_rows(path: Path) -> tuple[list[Row], int]:
    """Read the rows of a CSV with the columns `path` and `label`, and `split` if it is there.

    Separated by commas, semicolons or tabs, UTF-8, header in any capitals and order. A row that
    repeats another is counted once.

    Returns:
        The rows, and how many repeated another.

    Raises:
        InputError: For missing columns, empty cells, an unknown split, or one path with two labels.
    """
    first: dict[str, tuple[int, Row]] = {}
    wrong: list[str] = []
    repeated = 0
    for line, cells in _cells(path):
        row, problem = _row(cells)
        if row is not None and row.path in first:
            before, known = first[row.path]
            problem = (
                "" if known == row else _("as in line {line}, but differs").format(line=before)
            )
            repeated += known == row
        elif row is not None:
            first[row.path] = (line, row)
        if problem:
            wrong.append(_("line {line}: {problem}").format(line=line, problem=problem))
    if wrong:
        raise InputError(
            _("{path}: {count} rows cannot be used ({problems}).").format(
                path=path, count=len(wrong), problems="; ".join(wrong[:10])
            )
        )
    if not first:
        raise InputError(_("{path} has a header but no rows.").format(path=path))
    return [row for _line, row in first.values()], repeated


def _row(cells: dict[str, str]) -> tuple[Row | None, str]:
    name, label, split = cells["path"], cells["label"], cells.get("split", "").casefold()
    if not name:
        return None, _("no path")
    if not label:
        return None, _("no label for {name}").format(name=name)
    if split not in _SPLITS:
        return None, _("split {split!r} is none of train, validation, test").format(split=split)
    return Row(name, unicodedata.normalize("NFC", label), _SPLITS[split]), ""


def _cells(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    text = _text(path)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        columns = [name.strip().casefold() for name in next(reader, [])]
        missing = [name for name in ("path", "label") if name not in columns]
        if missing:
            raise InputError(
                _(
                    "{path}: the first line must name the columns path and label (and may name "
                    "split); {missing} is missing, found: {found}."
                ).format(path=path, missing=", ".join(missing), found=", ".join(columns) or "-")
            )
        for cells in reader:
            if any(cell.strip() for cell in cells):
                padded = [cell.strip() for cell in cells] + [""] * len(columns)
                yield reader.line_num, dict(zip(columns, padded, strict=False))
    except csv.Error as error:
        raise InputError(
            _("{path}, line {line}: this is no readable CSV ({error}).").format(
                path=path, line=reader.line_num, error=error
            )
        ) from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(_("{path} is too large for a list of images.").format(path=path))
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            _("{path} is not UTF-8 text (byte {position}); save it as CSV UTF-8.").format(
                path=path, position=error.start
            )
        ) from error
    except OSError as error:
        raise InputError(
            _("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from error
