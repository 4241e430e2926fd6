"""Which image files a folder or a CSV holds, and which class and split each belongs to.

Nothing is decoded here. A folder is read as `class/…/image`, or as `train/class/…`,
`validation/class/…`, `test/class/…`. Links are followed once; what is left out is counted.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evrisim._validate import InputError
from evrisim.data._csv import read_rows
from evrisim.data._walk import Found, walk
from evrisim.decode import printable
from evrisim.messages import translate as _

SPLIT_FOLDERS = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
"""Folder names (any capitals) that mean a split."""


@dataclass(frozen=True)
class ImageFile:
    """One image file of a listing.

    Attributes:
        path: where it is.
        name: its path within the folder, with `/`, printable: how messages call it.
        label: the number of its class.
        split: `train`, `validation`, `test`, or None where the user left that to us.
    """

    path: Path
    name: str
    label: int
    split: str | None


@dataclass(frozen=True)
class Listing:
    """All image files of a folder or CSV, in a fixed order.

    Attributes:
        root: the folder, or the CSV file.
        layout: `classes`, `splits` or `csv`.
        files: the images, sorted by name.
        class_names: in label order: NFC, sorted by their casefolded form.
        left_out: what was not taken, counted, as plain JSON.
    """

    root: Path
    layout: str
    files: tuple[ImageFile, ...]
    class_names: tuple[str, ...]
    left_out: dict[str, Any] = field(default_factory=dict)


def list_images(path: Path | str) -> Listing:
    """List the image files of a folder of classes, a folder of splits, or a CSV of path,label.

    Args:
        path: A folder, or a `.csv` file; a folder that holds no folders and one CSV means the CSV.

    Raises:
        InputError: If there is nothing to list, or it cannot be told which class an image has.
    """
    root = Path(path)
    _check_exists(root)
    if root.is_file():
        return _list_csv(root)
    found = walk(root)
    csvs = [entry for entry in found.others if entry.lower().endswith(".csv")]
    if not found.images and not found.folders and len(csvs) == 1:
        return _list_csv(root / csvs[0])
    if _has_split_folders(found.folders):
        return _list_splits(root, found)
    return _list_classes(root, found)


def class_order(names: Iterable[str]) -> tuple[str, ...]:
    """Order class names: NFC, by their casefolded form, then by code points.

    Example:
        >>> class_order(["zebra", "Ayı", "armut"])
        ('armut', 'Ayı', 'zebra')
    """
    unique = {unicodedata.normalize("NFC", name) for name in names}
    return tuple(sorted(unique, key=lambda name: (name.casefold(), name)))


def _check_exists(root: Path) -> None:
    try:
        if root.exists():
            return
    except (OSError, ValueError):
        pass
    raise InputError(_("There is no folder or CSV file {path}.").format(path=printable(root)))


def _has_split_folders(folders: Iterable[str]) -> bool:
    """Tell `train/ test/` from classes of which one happens to be called `train`."""
    means = [SPLIT_FOLDERS.get(name.casefold()) for name in folders]
    return "train" in means and (set(means) - {"train", None} != set() or set(means) == {"train"})


def _list_classes(root: Path, found: Found) -> Listing:
    loose = [name for name in found.images if "/" not in name]
    _refuse_loose(root, loose, found)
    classes = {name: name.split("/", 1)[0] for name in found.images}
    return _listing(root, "classes", found, classes, dict.fromkeys(classes))


def _list_splits(root: Path, found: Found) -> Listing:
    classes: dict[str, str] = {}
    splits: dict[str, str | None] = {}
    loose, beside = [], Counter[str]()
    for name in found.images:
        parts = name.split("/")
        split = SPLIT_FOLDERS.get(parts[0].casefold())
        if len(parts) == 1 or (split and len(parts) == 2):
            loose.append(name)
        elif split:
            classes[name], splits[name] = parts[1], split
        else:
            beside[printable(parts[0])] += 1
    _refuse_loose(root, loose, found)
    listing = _listing(root, "splits", found, classes, splits)
    if beside:
        listing.left_out["folders_beside_the_splits"] = dict(beside)
    return listing


def _refuse_loose(root: Path, loose: list[str], found: Found) -> None:
    """Refuse images that lie where no class folder says what they are."""
    if not loose:
        return
    if len(loose) == len(found.images):
        raise InputError(
            _(
                "{path}: its {count} images lie in no class folder; make one folder for each class "
                "and put the images into them, or give a CSV of path,label."
            ).format(path=printable(root), count=len(loose))
        )
    raise InputError(
        _(
            "{path}: {count} images lie beside the class folders, so their class is unknown "
            "({names}); move each into its class folder."
        ).format(path=printable(root), count=len(loose), names=some(loose))
    )


def some(names: Iterable[str], limit: int = 3) -> str:
    """Name the first few, printable, with `…` if there are more.

    Example:
        >>> some(["a", "b", "c", "d"])
        'a, b, c, …'
    """
    known = [printable(name) for name in names]
    return ", ".join(known[:limit]) + (", …" if len(known) > limit else "")


def _listing(
    root: Path,
    layout: str,
    found: Found,
    classes: dict[str, str],
    splits: dict[str, str | None],
) -> Listing:
    if not classes:
        raise InputError(
            _(
                "{path} holds no image: expected one folder for each class with images in it "
                "(found {folders} folders, {others} other files, {hidden} hidden)."
            ).format(
                path=printable(root),
                folders=len(found.folders),
                others=len(found.others),
                hidden=found.hidden,
            )
        )
    _refuse_empty_classes(root, found, set(classes.values()), layout)
    class_names = class_order(printable(name) for name in classes.values())
    number = {name: label for label, name in enumerate(class_names)}
    files = tuple(
        ImageFile(
            root / name,
            printable(name),
            number[unicodedata.normalize("NFC", printable(classes[name]))],
            splits[name],
        )
        for name in sorted(classes)
    )
    return Listing(root, layout, files, class_names, found.left_out())


def _refuse_empty_classes(root: Path, found: Found, filled: set[str], layout: str) -> None:
    if layout == "splits":
        return
    empty = sorted(set(found.folders) - filled)
    if empty:
        raise InputError(
            _(
                "{path}: the class folder {names} holds no image; put images into it or remove it."
            ).format(path=printable(root), names=some(empty))
        )


def _list_csv(path: Path) -> Listing:
    rows, repeated = read_rows(path)
    class_names = class_order(row.label for row in rows)
    number = {name: label for label, name in enumerate(class_names)}
    files = tuple(
        ImageFile(path.parent / row.path, printable(row.path), number[row.label], row.split)
        for row in sorted(rows, key=lambda row: row.path)
    )
    return Listing(path, "csv", files, class_names, {"rows_repeated": repeated} if repeated else {})
