"""A user's folder of images as a data set: decoded once, split once, nothing lost in silence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evrisim import images as pictures
from evrisim._validate import InputError, check_choice, check_range
from evrisim.data.cache import ArrayCache, default_folder, digest
from evrisim.data.dataset import DataSet, Split, check_dataset
from evrisim.data.decoded import (
    Decoded,
    Progress,
    available_memory,
    bytes_needed,
    choose_size,
    decode_files,
)
from evrisim.data.duplicates import exact_groups
from evrisim.data.listing import ImageFile, Listing, list_images
from evrisim.data.split import (
    SPLITS,
    check_shares,
    continue_split,
    load_split,
    save_split,
    split_indices,
)
from evrisim.decode import printable
from evrisim.messages import translate as _


@dataclass(frozen=True)
class Reading:
    """How a folder is read: the keyword arguments of `load_folder`.

    Attributes:
        size: `(height, width)` of every image; None: the common size if the images have one of at
            most 96 pixels a side, else 64x64 (see `decoded.choose_size`).
        policy: How images of another shape get there: `fit`, `crop` or `pad`, see `images.fit`.
        seed: Of the split.
        validation: Share of each class for validation, where the folder has none.
        test: Share of each class for the test, where the folder has none.
        skip_broken: Go on without files that cannot be read, and list them in `origin`.
        cache_dir: Where decoded images and the split are kept; None: `$EVRISIM_CACHE`, else
            `evrisim` in the user's cache folder.
        memory_share: The share of free memory the images may take; beyond it they stay on disk.
    """

    size: tuple[int, int] | None = None
    policy: str = "fit"
    seed: int = 0
    validation: float = 0.15
    test: float = 0.15
    skip_broken: bool = False
    cache_dir: Path | str | None = None
    memory_share: float = 0.5

    def __post_init__(self) -> None:
        """Check every value."""
        if self.size is not None:
            object.__setattr__(self, "size", pictures.check_size(self.size))
        check_choice("policy", self.policy, pictures.POLICIES)
        check_range("validation", self.validation, 0.001, 0.9)
        check_range("test", self.test, 0.001, 0.9)
        check_shares(self.validation, self.test)
        check_range("memory_share", self.memory_share, 0, 1)

    @property
    def folder(self) -> Path:
        """The cache folder."""
        return default_folder() if self.cache_dir is None else Path(self.cache_dir)


def load_folder(path: Path | str, *, progress: Progress | None = None, **reading: Any) -> DataSet:
    """Read a folder of images, or a CSV of path,label, as a data set.

    A folder holds one folder for each class, however deeply nested inside; or `train` (and
    `validation`, `test`) with the class folders in each, where a missing split is taken from
    `train`. A CSV has the columns `path`, `label` and, if wanted, `split`. Classes are ordered by
    their casefolded name. Copies with the same pixels stay on one side of the split. A second
    reading decodes nothing again and leaves every image in the split it was in.

    Args:
        path: The folder, or the CSV file.
        progress: Called with the number of files decoded and of all.
        **reading: The attributes of `Reading`: size, policy, seed, validation, test, skip_broken,
            cache_dir, memory_share.

    Returns:
        The data set; `origin` says how it came to be: the files skipped with their reasons, the
        copies found, what was left out, where split and images are kept.

    Raises:
        InputError: For a folder that cannot be read as classes of images, files that cannot be
            decoded (unless `skip_broken`), or classes too small to split.
    """
    settings = Reading(**reading)
    listing = list_images(path)
    _check_classes(listing)
    size = settings.size or choose_size(listing.files)
    decoded = _decode(listing, size, settings, progress)
    skipped = _broken(listing, decoded, settings.skip_broken)
    rows = np.array([r for r in range(len(listing.files)) if r not in decoded.failures], np.int64)
    files = [listing.files[row] for row in rows]
    groups = exact_groups(decoded.images)[rows]
    parts, kept = _split(listing, files, groups, settings)
    splits, where = _arrange(decoded, rows, files, parts, settings)
    origin = {
        **_origin(listing, files, size, settings),
        "skipped": skipped,
        "copies": _count_copies(groups, files, parts),
        "split": kept,
        "decoded": decoded.source,
        "images": where,
    }
    train, validation, test = splits
    return check_dataset(
        DataSet(printable(path), train, validation, test, listing.class_names, origin)
    )


def _check_classes(listing: Listing) -> None:
    if len(listing.class_names) < 2:
        raise InputError(
            _(
                "{path} has a single class, {name}; a classifier needs at least 2 class folders."
            ).format(path=printable(listing.root), name=listing.class_names[0])
        )


def _decode(
    listing: Listing, size: tuple[int, int], settings: Reading, progress: Progress | None
) -> Decoded:
    free = available_memory()
    memory = None if free is None else int(free * settings.memory_share)
    cache = ArrayCache(settings.folder / "decoded")
    return decode_files(
        listing.files, size, settings.policy, cache=cache, memory=memory, progress=progress
    )


def _broken(listing: Listing, decoded: Decoded, skip: bool) -> list[dict[str, str]]:
    """List the files that could not be read; stop unless they are to be skipped."""
    broken = [
        {"name": listing.files[row].name, "reason": decoded.failures[row]}
        for row in sorted(decoded.failures)
    ]
    if broken and (not skip or len(broken) == len(listing.files)):
        shown = "; ".join(f"{file['name']}: {file['reason']}" for file in broken[:10])
        raise InputError(
            _(
                "{count} of {total} images in {path} cannot be read ({shown}{more}); repair or "
                "remove them, or go on without them with --skip-broken."
            ).format(
                count=len(broken),
                total=len(listing.files),
                path=printable(listing.root),
                shown=shown,
                more="; …" if len(broken) > 10 else "",
            )
        )
    return broken


def _split(
    listing: Listing, files: Sequence[ImageFile], groups: np.ndarray, settings: Reading
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Take the splits the user made and share out the rest of `train`."""
    given = {file.split for file in files} - {None}
    shares = {
        "validation": 0.0 if "validation" in given else settings.validation,
        "test": 0.0 if "test" in given else settings.test,
    }
    pool = np.array([i for i, file in enumerate(files) if file.split in (None, "train")], np.int64)
    labels = np.array([files[i].label for i in pool], np.int64)
    _check_pool(listing, labels, groups[pool], 1 + sum(share > 0 for share in shares.values()))
    keys = [files[i].name for i in pool]
    arguments = {**shares, "seed": settings.seed, "groups": groups[pool], "keys": keys}
    shared, kept = _shared_out(listing, labels, arguments, settings)
    parts = {
        name: np.sort(
            np.concatenate(
                [
                    pool[shared[name]],
                    np.array(
                        [i for i, f in enumerate(files) if f.split == name != "train"], np.int64
                    ),
                ]
            )
        )
        for name in SPLITS
    }
    return parts, {**kept, "given": sorted(map(str, given)), **shares}


def _check_pool(listing: Listing, labels: np.ndarray, groups: np.ndarray, needed: int) -> None:
    for label, name in enumerate(listing.class_names):
        different = len(np.unique(groups[labels == label]))
        if different < needed:
            raise InputError(
                _(
                    "{path}: class {name} has {count} different images to split (copies counted "
                    "once); it needs at least {needed}, one for each of train, validation and test."
                ).format(path=printable(listing.root), name=name, count=different, needed=needed)
            )


def _shared_out(
    listing: Listing, labels: np.ndarray, arguments: dict[str, Any], settings: Reading
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Share out anew, or go on from the split an earlier reading left."""
    if not arguments["validation"] and not arguments["test"]:
        return split_indices(labels, **arguments), {"source": "given", "file": None}
    key = digest(
        str(listing.root.resolve()), settings.seed, arguments["validation"], arguments["test"]
    )
    file = settings.folder / "splits" / f"{key}.json"
    previous = load_split(file)
    parts, source = None, "new"
    if any(name in previous for name in arguments["keys"]):
        parts, source = continue_split(previous, labels, **arguments), "continued"
        if not _all_present(parts, labels, arguments):
            parts, source = None, "new, because files of the earlier split are gone"
    if parts is None:
        parts = split_indices(labels, **arguments)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_split(file, parts, arguments["keys"])
    except OSError as error:
        return parts, {"source": source, "file": None, "not_kept": str(error.strerror or error)}
    return parts, {"source": source, "file": printable(file)}


def _all_present(
    parts: dict[str, np.ndarray], labels: np.ndarray, arguments: dict[str, Any]
) -> bool:
    wanted = {"train": 1.0, **{name: arguments[name] for name in ("validation", "test")}}
    return all(
        len(np.unique(labels[parts[name]])) == len(np.unique(labels))
        for name, share in wanted.items()
        if share > 0
    )


def _arrange(
    decoded: Decoded,
    rows: np.ndarray,
    files: Sequence[ImageFile],
    parts: dict[str, np.ndarray],
    settings: Reading,
) -> tuple[list[Split], str]:
    """Bring the images into the order of the splits, in memory or on disk."""
    free = available_memory()
    needed = bytes_needed(len(rows), decoded.images.shape[1:3])
    mapped = isinstance(decoded.images, np.memmap) and (
        free is not None and needed > settings.memory_share * free
    )
    order = np.concatenate([rows[parts[name]] for name in SPLITS])
    arranged = _on_disk(decoded.images, order, settings) if mapped else None
    splits, start = [], 0
    for name in SPLITS:
        part = parts[name]
        stop = start + len(part)
        images = decoded.images[rows[part]] if arranged is None else arranged[start:stop]
        labels = np.array([files[i].label for i in part], np.int64)
        splits.append(Split(images, labels, names=tuple(files[i].name for i in part)))
        start = stop
    return splits, "memory" if arranged is None else "disk"


def _on_disk(images: np.ndarray, order: np.ndarray, settings: Reading) -> np.ndarray:
    """Give the images in another order, mapped from disk, copied there a piece at a time."""
    cache = ArrayCache(settings.folder / "arranged")
    key = digest(getattr(images, "filename", ""), order.tolist())

    def fill(arranged: np.ndarray) -> dict[str, Any]:
        for start in range(0, len(order), 1024):
            arranged[start : start + 1024] = images[order[start : start + 1024]]
        return {}

    kept = cache.load(key)
    try:
        return (kept or cache.store(key, (len(order), *images.shape[1:]), fill))[0]
    except OSError as error:
        raise InputError(
            _(
                "{folder} has no room for the images in the order of their splits ({reason}); free "
                "some space, set EVRISIM_CACHE to another folder, or choose a smaller size."
            ).format(folder=printable(cache.folder), reason=error.strerror or error)
        ) from error


def _origin(
    listing: Listing, files: Sequence[ImageFile], size: tuple[int, int], settings: Reading
) -> dict[str, Any]:
    counts = Counter(file.label for file in files)
    return {
        "kind": "folder",
        "folder": printable(listing.root.resolve()),
        "layout": listing.layout,
        "class_order": "casefolded NFC name",
        "images_by_class": {name: counts[label] for label, name in enumerate(listing.class_names)},
        "left_out": listing.left_out,
        "size": list(size),
        "policy": settings.policy,
        "seed": settings.seed,
    }


def _count_copies(
    groups: np.ndarray, files: Sequence[ImageFile], parts: dict[str, np.ndarray]
) -> dict[str, int]:
    """Count groups of images with the same pixels, and those that cross splits or classes."""
    side = np.empty(len(files), np.int64)
    for number, name in enumerate(SPLITS):
        side[parts[name]] = number
    labels = np.array([file.label for file in files], np.int64)
    repeated = np.flatnonzero(np.bincount(groups) > 1)
    members = np.isin(groups, repeated)

    def crossing(values: np.ndarray) -> int:
        pairs = np.unique(np.stack([groups[members], values[members]]), axis=1)
        return int((np.bincount(pairs[0]) > 1).sum()) if pairs.size else 0

    return {
        "groups": len(repeated),
        "images": int(members.sum()),
        "across_splits": crossing(side),
        "across_classes": crossing(labels),
    }
