"""MNIST and Fashion-MNIST: found where Keras keeps them, in a folder of yours, or fetched."""

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evrisim._validate import InputError, check_range
from evrisim.data.dataset import DataSet, Split, check_dataset
from evrisim.data.download import Progress, existing, fetch, is_offline, keras_datasets, not_here
from evrisim.data.split import split_indices
from evrisim.messages import translate as _

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_LARGEST_ARRAY = 64 * 2**20  # the largest honest one has 47 MB

_Arrays = dict[str, np.ndarray]  # train_images, train_labels, test_images, test_labels


class _Damaged(Exception):
    """A file does not hold what it should; the text says what."""


# What damage makes the readers of gzip and zip raise, an unknown compression (RuntimeError) and a
# name that is no text (ValueError) included.
_UNREADABLE = (
    _Damaged,
    OSError,
    EOFError,
    LookupError,
    ValueError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
)


@dataclass(frozen=True)
class _Source:
    """Where one of the sets is kept, and how it is read.

    `files` gives each file's SHA-256 and size; `per_class` the training and test images of every
    class, None where the classes differ in size.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    folder: str
    files: Mapping[str, tuple[str, int]]
    bases: tuple[str, ...]
    read: Callable[[dict[str, bytes]], _Arrays]
    per_class: tuple[int, int] | None
    counts: tuple[int, int] = (60_000, 10_000)


def load_mnist(
    *,
    data_dir: Path | None = None,
    seed: int = 0,
    validation: int = 5000,
    offline: bool = False,
    progress: Progress | None = None,
) -> DataSet:
    """Load MNIST: 70,000 grey handwritten digits of 28×28.

    Looked for in `data_dir`, then where Keras keeps data sets (`mnist.npz`), and fetched if it is
    in neither.

    Args:
        data_dir: Your folder. What is fetched goes here, else where Keras keeps data sets.
        seed: Draws the validation images, the same share of each class; test is as published.
        validation: How many of the 60,000 training images validate (rounded class by class).
        offline: Open no connection.
        progress: Called as `progress(bytes_so_far, bytes_in_all)` while fetching.

    Returns:
        Images `(count, 28, 28, 1)` uint8; `origin` tells where they were found and whether the
        files are the official ones.

    Raises:
        InputError: If the set is nowhere, is damaged, or is not what it should be.

    Reference:
        LeCun, Bottou, Bengio and Haffner 1998, Gradient-Based Learning Applied to Document
        Recognition.
    """
    return _load(_MNIST, _find(_MNIST, data_dir, offline, progress), seed, validation)


def load_fashion_mnist(
    *,
    data_dir: Path | None = None,
    seed: int = 0,
    validation: int = 5000,
    offline: bool = False,
    progress: Progress | None = None,
) -> DataSet:
    """Load Fashion-MNIST: as MNIST, with articles of clothing in ten classes of equal size.

    Looked for as four `.gz` files in `data_dir` or its folder `fashion-mnist`, then there where
    Keras keeps them. Arguments, result and errors are those of `load_mnist`.

    Reference:
        Xiao, Rasul and Vollgraf 2017, https://arxiv.org/abs/1708.07747
    """
    return _load(_FASHION, _find(_FASHION, data_dir, offline, progress), seed, validation)


def _find(source: _Source, data_dir: Path | None, offline: bool, progress: Progress | None) -> Path:
    """Give the folder that holds the files; fetch what is missing if it is in none."""
    home = keras_datasets()
    roots = [home] if data_dir is None else [existing(data_dir), home]
    for root in roots:
        for folder in (root / source.folder, root, root / "datasets" / source.folder):
            if all((folder / name).is_file() for name in source.files):
                return folder
    if is_offline(offline):
        raise not_here(source.title, roots, ", ".join(source.files))
    folder = roots[0] / source.folder
    for name, (sha256, size) in source.files.items():
        urls = [base + name for base in source.bases]
        fetch(urls, folder / name, sha256=sha256, size=size, progress=progress)
    return folder


def _load(source: _Source, folder: Path, seed: int, validation: int) -> DataSet:
    contents, official = _read_files(source, folder)
    try:
        arrays = source.read(contents)
        test = _checked(source, arrays, "test", source.counts[1])
        train = _checked(source, arrays, "train", source.counts[0])
    except _UNREADABLE as problem:
        raise _wrong(source, folder, str(problem)) from problem
    check_range("validation", validation, len(source.class_names), len(train) // 2)
    parts = split_indices(train.labels, validation=validation / len(train), test=0, seed=seed)
    origin = {
        "path": str(folder),
        "official": official,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        "seed": seed,
        "validation": validation,
    }
    return check_dataset(
        DataSet(
            source.name,
            train.take(parts["train"]),
            train.take(parts["validation"]),
            test,
            source.class_names,
            origin,
        )
    )


def _read_files(source: _Source, folder: Path) -> tuple[dict[str, bytes], bool]:
    """Read the files; say whether all are the official ones (some being so is damage)."""
    contents, foreign = {}, []
    for name, (sha256, _size) in source.files.items():
        try:
            contents[name] = (folder / name).read_bytes()
        except OSError as problem:
            raise _wrong(source, folder / name, problem.strerror or str(problem)) from problem
        if hashlib.sha256(contents[name]).hexdigest() != sha256:
            foreign.append(name)
    if foreign and len(foreign) < len(source.files):
        raise _wrong(
            source,
            folder,
            _("{files} differs from the official file while others do not").format(
                files=", ".join(foreign)
            ),
        )
    return contents, not foreign


def _wrong(source: _Source, path: Path, reason: str) -> InputError:
    return InputError(
        _(
            "{path} is not {title} as it should be: {reason}. Remove it and fetch it anew: "
            "evrisim data fetch {name}."
        ).format(path=path, title=source.title, reason=reason, name=source.name)
    )


def _checked(source: _Source, arrays: _Arrays, split: str, count: int) -> Split:
    """Check one split's shapes, types, label range and class sizes."""
    images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
    if images.shape != (count, 28, 28) or images.dtype != np.uint8:
        raise _Damaged(
            _("its images have shape {found} instead of {wanted}").format(
                found=images.shape, wanted=(count, 28, 28)
            )
        )
    classes = len(source.class_names)
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise _Damaged(_("it does not hold {count} labels").format(count=count))
    if labels.min() < 0 or labels.max() >= classes:
        raise _Damaged(_("a label is no whole number from 0 to {last}").format(last=classes - 1))
    found = np.bincount(labels, minlength=classes)
    wanted = None if source.per_class is None else source.per_class[split == "test"]
    wrong = np.flatnonzero(found == 0 if wanted is None else found != wanted)
    if len(wrong):
        raise _Damaged(
            _("class {name} has {found} images instead of {wanted}").format(
                name=source.class_names[wrong[0]],
                found=found[wrong[0]],
                wanted="1+" if wanted is None else wanted,
            )
        )
    return Split(images[..., np.newaxis], labels.astype(np.int64))


def _read_npz(contents: dict[str, bytes]) -> _Arrays:
    """Read the four arrays of an `.npz`, whose parts may claim any size or shape."""
    (content,) = contents.values()
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for split in ("train", "test"):
            for short, long in (("x", "images"), ("y", "labels")):
                member = archive.getinfo(f"{short}_{split}.npy")
                if member.file_size > _LARGEST_ARRAY:
                    raise _Damaged(_("it unfolds into too much"))
                arrays[f"{split}_{long}"] = _array(archive.read(member))
    return arrays


def _array(content: bytes) -> np.ndarray:
    """Read an `.npy` without trusting its shape, and without ever unpickling."""
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(version)
        shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
    except ValueError as problem:
        raise _Damaged(_("it holds no array of bytes")) from problem
    if kind != np.uint8 or fortran:
        raise _Damaged(_("it holds no array of bytes"))
    return np.frombuffer(content[file.tell() :], np.uint8).reshape(shape)


def _read_idx(contents: dict[str, bytes]) -> _Arrays:
    """Read the four `.gz` files in MNIST's own format: big-endian sizes, then bytes."""
    arrays = {}
    for name, content in contents.items():
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            raw = stream.read(_LARGEST_ARRAY)
            if stream.read(1):
                raise _Damaged(_("it unfolds into too much"))
        if raw[:3] != b"\0\0\x08":
            raise _Damaged(_("{name} holds no array of bytes").format(name=name))
        start = 4 + 4 * raw[3]
        shape = np.frombuffer(raw[4:start], ">u4").tolist()
        split = "test" if name.startswith("t10k") else "train"
        kind = "labels" if "labels" in name else "images"
        arrays[f"{split}_{kind}"] = np.frombuffer(raw[start:], np.uint8).reshape(shape)
    return arrays


_MNIST = _Source(
    name="mnist",
    title="MNIST",
    class_names=tuple("0123456789"),
    folder="",
    files={
        "mnist.npz": (
            "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
            11_490_434,
        )
    },
    bases=(_KERAS, "https://s3.amazonaws.com/img-datasets/"),
    read=_read_npz,
    per_class=None,
)

_FASHION = _Source(
    name="fashion_mnist",
    title="Fashion-MNIST",
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    folder="fashion-mnist",
    files={
        "train-images-idx3-ubyte.gz": (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            26_421_880,
        ),
        "train-labels-idx1-ubyte.gz": (
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            29_515,
        ),
        "t10k-images-idx3-ubyte.gz": (
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            4_422_102,
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            5_148,
        ),
    },
    bases=(
        _KERAS,
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    read=_read_idx,
    per_class=(6000, 1000),
)
