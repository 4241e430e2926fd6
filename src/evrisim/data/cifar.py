"""CIFAR-10 and CIFAR-100: found where Keras keeps them, in a folder of yours, or fetched."""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evrisim._validate import InputError, check_range
from evrisim.data.cifar_layouts import CIFAR10, CIFAR100, Layout
from evrisim.data.dataset import DataSet, Split, check_dataset
from evrisim.data.download import Progress, existing, fetch, is_offline, keras_datasets, not_here
from evrisim.data.split import split_indices
from evrisim.data.unpickle import load_plain
from evrisim.messages import translate as _

_LARGEST_FILE = 200 * 2**20  # the largest honest one is CIFAR-100's `train`, 155 MB


def load_cifar10(
    *,
    data_dir: Path | None = None,
    seed: int = 0,
    validation: int = 5000,
    offline: bool = False,
    progress: Progress | None = None,
) -> DataSet:
    """Load CIFAR-10: 60,000 colour photographs of 32×32 in ten classes.

    Looked for in `data_dir` (which may hold the batches, their folder or the archive), then where
    Keras keeps data sets, and fetched if it is in neither. The batches are read each time
    (about a second), so there is no second copy that could differ from them.

    Args:
        data_dir: Your folder (or the archive itself). What is fetched goes into it, else where
            Keras keeps data sets.
        seed: Draws the validation images, equally many of each class; test is as published.
        validation: How many of the 50,000 training images validate.
        offline: Open no connection.
        progress: Called as `progress(bytes_so_far, bytes_in_all)` while fetching.

    Returns:
        Images `(count, 32, 32, 3)` uint8; `origin` tells where they were found, the MD5 of each
        file, and whether these are the official ones.

    Raises:
        InputError: If the set is nowhere, is damaged, or is not what it should be.

    Reference:
        Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images.
    """
    source = _find(CIFAR10, data_dir, offline, progress)
    return _assemble(CIFAR10, source, seed, validation)


def load_cifar100(
    *,
    data_dir: Path | None = None,
    seed: int = 0,
    validation: int = 5000,
    offline: bool = False,
    progress: Progress | None = None,
) -> DataSet:
    """Load CIFAR-100: as CIFAR-10, with a hundred fine classes of 600 images each.

    Arguments, result and errors are those of `load_cifar10`.
    """
    source = _find(CIFAR100, data_dir, offline, progress)
    return _assemble(CIFAR100, source, seed, validation)


def _find(layout: Layout, data_dir: Path | None, offline: bool, progress: Progress | None) -> Path:
    """Give the folder or the archive that holds the set; fetch the archive if there is none."""
    home = keras_datasets()
    roots = [home] if data_dir is None else [existing(data_dir), home]
    for root in roots:
        found = _within(layout, root)
        if found is not None:
            return found
    if is_offline(offline):
        raise not_here(layout.title, roots, layout.archives[0])
    return fetch(
        layout.urls,
        roots[0] / layout.archives[0],
        sha256=layout.sha256,
        size=layout.size,
        progress=progress,
    )


def _within(layout: Layout, root: Path) -> Path | None:
    """Give the set inside `root`: unpacked, unpacked by Keras 3, or as an archive."""
    if root.is_file():
        return root
    for place in (root, root / "datasets"):
        keras_3 = place / f"{layout.folder}-target" / layout.folder
        for folder in (place, place / layout.folder, keras_3):
            if all((folder / name).is_file() for name in layout.files):
                return folder
        for archive in layout.archives:
            if (place / archive).is_file():
                return place / archive
    return None


def _assemble(layout: Layout, source: Path, seed: int, validation: int) -> DataSet:
    contents = _read_archive(layout, source) if source.is_file() else _read_folder(layout, source)
    checksums = {name: _md5(content) for name, content in contents.items()}
    official = _compare(layout, source, checksums)
    _check_meta(layout, source, contents.pop(layout.meta))
    test = _split(layout, source, contents, test=True)
    train = _split(layout, source, contents, test=False)
    check_range("validation", validation, len(layout.class_names), len(train) // 2)
    parts = split_indices(train.labels, validation=validation / len(train), test=0, seed=seed)
    origin = {
        "path": str(source),
        "official": official,
        "md5": checksums,
        "seed": seed,
        "validation": validation,
    }
    return check_dataset(
        DataSet(
            layout.name,
            train.take(parts["train"]),
            train.take(parts["validation"]),
            test,
            layout.class_names,
            origin,
        )
    )


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _read_folder(layout: Layout, folder: Path) -> dict[str, bytes]:
    contents = {}
    for name in layout.files:
        path = folder / name
        try:
            if path.stat().st_size > _LARGEST_FILE:
                raise _wrong(layout, path, _("the file is too large"))
            contents[name] = path.read_bytes()
        except OSError as problem:
            raise _wrong(layout, path, problem.strerror or str(problem)) from problem
    return contents


class _Bounded:
    """A stream that gives out at most so many bytes: an archive may unfold into anything."""

    def __init__(self, stream: gzip.GzipFile, limit: int):
        self.stream = stream
        self.left = limit

    def read(self, count: int = -1) -> bytes:
        if count > self.left:
            raise tarfile.ReadError(_("it unfolds into too much"))
        data = self.stream.read(count)
        self.left -= len(data)
        return data


def _read_archive(layout: Layout, path: Path) -> dict[str, bytes]:
    """Read the files of the set out of the archive in memory; nothing is unpacked to disk."""
    wanted = {f"{layout.folder}/{name}": name for name in layout.files}
    contents: dict[str, bytes] = {}
    try:
        with gzip.open(path) as stream:
            bounded: Any = _Bounded(stream, _LARGEST_FILE * 2)
            with tarfile.open(fileobj=bounded, mode="r|") as archive:
                for member in archive:
                    name = wanted.get(member.name.removeprefix("./"))
                    file = archive.extractfile(member) if name else None  # of a link: an error
                    if name and file and member.size <= _LARGEST_FILE:
                        contents[name] = file.read()
            while bounded.read(2**16):  # to the end, where the checksum stands
                pass
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as problem:
        raise _wrong(layout, path, str(problem) or type(problem).__name__) from problem
    missing = [name for name in layout.files if name not in contents]
    if missing:
        raise _wrong(layout, path, _("{files} is missing").format(files=", ".join(missing)))
    return contents


def _compare(layout: Layout, source: Path, checksums: Mapping[str, str]) -> bool:
    """Say whether the files are the official ones; some being so and others not is damage."""
    foreign = [name for name in layout.files if checksums[name] != layout.checksums[name]]
    images = [name for name in layout.files if name != layout.meta]
    if foreign and any(name not in foreign for name in images):
        raise _wrong(
            layout,
            source,
            _("{files} differs from the official file while others do not").format(
                files=", ".join(foreign)
            ),
        )
    return not foreign


def _check_meta(layout: Layout, source: Path, content: bytes) -> None:
    table = _table(layout, source / layout.meta, content)
    names = table.get(layout.names_key)
    if names is None or [_decoded(name) for name in names] != list(layout.class_names):
        raise _wrong(layout, source / layout.meta, _("it names other classes"))


def _table(layout: Layout, path: Path, content: bytes) -> dict[str, Any]:
    table = load_plain(content, where=str(path))
    if type(table) is not dict:
        raise _wrong(layout, path, _("it holds no table"))
    return {_decoded(key): value for key, value in table.items()}


def _decoded(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _split(layout: Layout, source: Path, contents: dict[str, bytes], *, test: bool) -> Split:
    """Put the images of one split together; each file's bytes are let go once it is read."""
    names, per_class = (
        (layout.test, layout.per_class[1]) if test else (layout.train, layout.per_class[0])
    )
    total = per_class * len(layout.class_names)
    each = total // len(names)
    images = np.empty((total, 32, 32, 3), np.uint8)
    labels = np.empty(total, np.int64)
    for number, name in enumerate(names):
        place = slice(number * each, (number + 1) * each)
        table = _table(layout, source / name, contents.pop(name))
        images[place], labels[place] = _images_and_labels(layout, source / name, table, each)
    counts = np.bincount(labels, minlength=len(layout.class_names))
    if np.any(counts != per_class):
        worst = int(np.argmax(np.abs(counts - per_class)))
        raise _wrong(
            layout,
            source,
            _("class {name} has {found} images instead of {wanted}").format(
                name=layout.class_names[worst], found=counts[worst], wanted=per_class
            ),
        )
    return Split(images, labels)


def _images_and_labels(
    layout: Layout, path: Path, table: dict[str, Any], count: int
) -> tuple[np.ndarray, np.ndarray]:
    pixels, labels = table.get("data"), table.get(layout.labels_key)
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        raise _wrong(layout, path, _("it holds no array of bytes"))
    if pixels.shape not in ((count, 3072), (count, 3, 32, 32)):
        raise _wrong(
            layout,
            path,
            _("its images have shape {found} instead of {wanted}").format(
                found=pixels.shape, wanted=(count, 3072)
            ),
        )
    numbers = labels.tolist() if isinstance(labels, np.ndarray) else labels
    classes = len(layout.class_names)
    if not isinstance(numbers, list) or len(numbers) != count:
        raise _wrong(layout, path, _("it does not hold {count} labels").format(count=count))
    if not all(type(label) is int and 0 <= label < classes for label in numbers):
        raise _wrong(
            layout, path, _("a label is no whole number from 0 to {last}").format(last=classes - 1)
        )
    # Planes of red, green and blue become channels last.
    return pixels.reshape(count, 3, 32, 32).transpose(0, 2, 3, 1), np.array(numbers, np.int64)


def _wrong(layout: Layout, path: Path, reason: str) -> InputError:
    return InputError(
        _(
            "{path} is not {title} as it should be: {reason}. Remove it and fetch it anew: "
            "evrisim data fetch {name}."
        ).format(path=path, title=layout.title, reason=reason, name=layout.name)
    )
