"""What is wrong with a data set before it is trained on, file by file, in sentences."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evrisim._validate import InputError
from evrisim.data.cache import ArrayCache, default_folder
from evrisim.data.dataset import DataSet
from evrisim.data.decoded import Progress, choose_size, decode_files
from evrisim.data.duplicates import exact_groups, join, members, near_pairs
from evrisim.data.listing import ImageFile, Listing, list_images, some
from evrisim.decode import UnreadableImage, kind_by_name, printable, probe
from evrisim.messages import translate as _

SEVERITIES = ("error", "warning", "note")

# Fewer images of a class than this say little about it: of 20 right or wrong answers the share
# is known to about 20 points.
FEW = 20

# From this ratio of the largest to the smallest class, plain accuracy misleads.
IMBALANCE = 10


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: which check: `layout`, `unreadable`, `mislabelled-type`, `few-images`, `imbalance`,
            `exact-duplicates`, `near-duplicates`, `across-splits`, `conflicting-labels`, `sizes`,
            `left-out`.
        severity: `error` (a training would stop or be worthless), `warning`, or `note`.
        files: the images it is about.
        text: one sentence.
        groups: for copies: which images are copies of each other.
    """

    kind: str
    severity: str
    files: tuple[str, ...]
    text: str
    groups: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Audit:
    """All findings on a data set, the grave ones first.

    Attributes:
        name: the folder or data set.
        images: how many images were looked at.
        classes: how many images each class has.
        findings: what was found.
    """

    name: str
    images: int
    classes: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing of severity `error` was found."""
        return all(finding.severity != "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Give everything as plain dictionaries, lists, strings and numbers."""
        found = [
            {**asdict(f), "files": list(f.files), "groups": [list(group) for group in f.groups]}
            for f in self.findings
        ]
        return {"ok": self.ok, **asdict(self), "findings": found}


@dataclass(frozen=True)
class _Image:
    name: str
    class_name: str
    split: str | None


def audit_folder(
    path: Path | str,
    *,
    cache_dir: Path | str | None = None,
    near: bool = True,
    progress: Progress | None = None,
) -> Audit:
    """Check a folder or CSV of images: every file is decoded, every pair of copies is named.

    Args:
        path: As for `load_folder`.
        cache_dir: As for `load_folder`; with the same size a training then decodes nothing again.
        near: Also look for near copies.
        progress: Called with the number of files decoded and of all.

    Returns:
        The findings; a folder that cannot be listed at all is one finding of kind `layout`.
    """
    try:
        listing = list_images(path)
    except InputError as error:
        return Audit(printable(path), 0, {}, (Finding("layout", "error", (), str(error)),))
    cache = ArrayCache((default_folder() if cache_dir is None else Path(cache_dir)) / "decoded")
    size = choose_size(listing.files)
    decoded = decode_files(listing.files, size, "fit", cache=cache, progress=progress)
    rows = [row for row in range(len(listing.files)) if row not in decoded.failures]
    good = [listing.files[row] for row in rows]
    images = [_Image(file.name, listing.class_names[file.label], file.split) for file in good]
    findings = [
        *_unreadable(listing, decoded.failures),
        *_headers(good),
        *_class_sizes(images, listing.class_names),
        *_copies(decoded.images, np.array(rows, np.int64), images, near),
        *_left_out(listing),
    ]
    return _audit(printable(path), images, listing.class_names, findings)


def audit_dataset(dataset: DataSet, *, near: bool = True) -> Audit:
    """Check a data set in memory: sizes of its classes, and copies within and across its splits.

    Args:
        dataset: Any data set; its images are looked at, not changed.
        near: Also look for near copies (60,000 images of 32x32 pixels take some ten seconds).
    """
    pictures = np.concatenate([split.images for split in dataset.splits.values()])
    images = [
        _Image(f"{name}/{split.name(i)}", dataset.class_names[int(label)], name)
        for name, split in dataset.splits.items()
        for i, label in enumerate(split.labels)
    ]
    findings = [
        *_class_sizes(images, dataset.class_names),
        *_copies(pictures, np.arange(len(pictures)), images, near),
    ]
    return _audit(dataset.name, images, dataset.class_names, findings)


def _audit(
    name: str, images: Sequence[_Image], class_names: Sequence[str], findings: list[Finding]
) -> Audit:
    counts = Counter(image.class_name for image in images)
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    classes = {class_name: counts[class_name] for class_name in class_names}
    return Audit(name, len(images), classes, tuple(findings))


def _unreadable(listing: Listing, failures: dict[int, str]) -> Iterator[Finding]:
    for row in sorted(failures):
        error = UnreadableImage(listing.files[row].name, failures[row])
        yield Finding("unreadable", "error", (error.name,), str(error))


def _headers(files: Sequence[ImageFile]) -> Iterator[Finding]:
    """Compare each name with the content, and describe the sizes."""
    wrong: dict[tuple[str, str], list[str]] = defaultdict(list)
    sides = []
    for file in files:
        try:
            header = probe(file.path, name=file.name)
        except UnreadableImage:
            continue  # changed since it was decoded
        sides.append((header.height, header.width))
        promised = kind_by_name(file.name)
        if promised not in (None, header.kind):
            wrong[str(promised), header.kind].append(file.name)
    for (promised, kind), names in sorted(wrong.items()):
        text = _("{count} files are named as {promised} but hold {kind}: {names}.").format(
            count=len(names), promised=promised, kind=kind, names=some(names, 10)
        )
        yield Finding("mislabelled-type", "warning", tuple(names), text)
    if sides:
        yield _sizes(np.array(sides))


def _sizes(sides: np.ndarray) -> Finding:
    low, middle, high = sides.min(axis=0), np.median(sides, axis=0).astype(int), sides.max(axis=0)
    text = _(
        "{count} images, {kinds} different sizes; height x width: smallest {low}, median {middle}, "
        "largest {high}."
    ).format(
        count=len(sides),
        kinds=len(np.unique(sides, axis=0)),
        low=f"{low[0]}x{low[1]}",
        middle=f"{middle[0]}x{middle[1]}",
        high=f"{high[0]}x{high[1]}",
    )
    return Finding("sizes", "note", (), text)


def _class_sizes(images: Sequence[_Image], class_names: Sequence[str]) -> Iterator[Finding]:
    counts = dict.fromkeys(class_names, 0) | Counter(image.class_name for image in images)
    if len(counts) < 2:
        text = _("There is a single class; a classifier needs at least 2.")
        yield Finding("few-images", "error", (), text)
    for name, count in counts.items():
        if count < FEW:
            text = _(
                "Class {name} has {count} images; below 3 it cannot be split, below {few} its "
                "score says little."
            ).format(name=name, count=count, few=FEW)
            yield Finding("few-images", "error" if count < 3 else "warning", (), text)
    largest, smallest = max(counts.values(), default=0), min(counts.values(), default=0)
    if smallest and largest >= IMBALANCE * smallest:
        text = _(
            "The largest class has {ratio} times as many images as the smallest ({large} and "
            "{small}): look at each class's recall, not only at the overall score."
        ).format(
            ratio=round(largest / smallest),
            large=max(counts, key=counts.__getitem__),
            small=min(counts, key=counts.__getitem__),
        )
        yield Finding("imbalance", "warning", (), text)


def _copies(
    pictures: np.ndarray, rows: np.ndarray, images: Sequence[_Image], near: bool
) -> Iterator[Finding]:
    """Report copies; `images[i]` describes row `rows[i]` of `pictures`."""
    exact = exact_groups(pictures)[rows]
    groups = [[images[i] for i in part] for part in members(exact)]
    yield from _reported("exact", groups)
    if not near:
        return
    place = np.full(len(pictures), -1)
    place[rows] = np.arange(len(rows))
    pairs = place[near_pairs(pictures)].reshape(-1, 2)
    pairs = pairs[(pairs >= 0).all(axis=1)]
    joined = join(exact, pairs)
    touched = set(joined[pairs].ravel().tolist())
    groups = [[images[i] for i in part] for part in members(joined) if joined[part[0]] in touched]
    yield from _reported("near", groups)


def _reported(kind: str, groups: list[list[_Image]]) -> Iterator[Finding]:
    """Report groups of copies, and again those that cross splits or classes."""
    crossing = [group for group in groups if len({image.split for image in group}) > 1]
    conflicting = [group for group in groups if len({image.class_name for image in group}) > 1]
    exact = kind == "exact"
    texts = (
        (
            f"{kind}-duplicates",
            "warning" if exact else "note",
            groups,
            _("{count} groups of images have the same pixels: {shown}.")
            if exact
            else _("{count} groups of images are nearly the same picture: {shown}."),
        ),
        (
            "across-splits",
            "error" if exact else "warning",
            crossing,
            _("{count} groups of equal images cross the splits, so the test is no test: {shown}.")
            if exact
            else _("{count} groups of nearly equal images cross the splits: {shown}."),
        ),
        (
            "conflicting-labels",
            "error" if exact else "warning",
            conflicting,
            _("{count} groups of equal images carry different labels: {shown}.")
            if exact
            else _("{count} groups of nearly equal images carry different labels: {shown}."),
        ),
    )
    for name, severity, chosen, text in texts:
        if chosen:
            named = tuple(tuple(image.name for image in group) for group in chosen)
            shown = "; ".join(" = ".join(group[:4]) for group in named[:5])
            shown += "; …" if len(named) > 5 else ""
            files = tuple(file for group in named for file in group)
            yield Finding(name, severity, files, text.format(count=len(named), shown=shown), named)


def _left_out(listing: Listing) -> Iterator[Finding]:
    if listing.left_out:
        shown = ", ".join(f"{key} {value}" for key, value in listing.left_out.items())
        text = _("Not taken: {shown}.").format(shown=shown)
        yield Finding("left-out", "note", (), text)
