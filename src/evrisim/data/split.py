"""Which images train, which steer and which judge: stratified, seeded, and hard to disturb.

Every image has a key (its path in the folder). A hash of (seed, key) puts the images of a class in
an order that depends on nothing else; the test split takes its share from one end, validation
from the other, training keeps the middle. So the shares of a class are right to one image, and
adding a file moves at most one other image at each end. Fixed thresholds on the hash
would move none, but small classes would then miss a split by chance. Who needs that nothing moves
keeps the split in a file (`save_split`) and goes on from it (`continue_split`).
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from evrisim import _files
from evrisim._validate import InputError
from evrisim.messages import translate as _

SPLITS = ("train", "validation", "test")


def split_indices(
    labels: np.ndarray,
    *,
    validation: float,
    test: float,
    seed: int,
    groups: np.ndarray | None = None,
    keys: Sequence[str] | None = None,
) -> dict[str, np.ndarray]:
    """Share images out to `train`, `validation` and `test`, class by class.

    Args:
        labels: `(count,)` integers.
        validation: Share of each class for validation, 0 to below 1; 0 leaves it empty.
        test: Share of each class for the test, likewise.
        seed: Another seed gives another split.
        groups: `(count,)` integers; images of one group (copies of each other) stay together, and
            count for the class of their first member. None: each image is its own.
        keys: One name an image; the split depends on the names, not on their order. None: the
            position.

    Returns:
        Ascending indices (int64) for each of `SPLITS`; together they are every image once.

    Raises:
        InputError: If the shares leave nothing to train on, or a class has too few images (or
            groups of copies) to be in every split that is wanted.

    Example:
        >>> parts = split_indices(np.zeros(10, int), validation=0.2, test=0.2, seed=0)
        >>> {name: len(part) for name, part in parts.items()}
        {'train': 6, 'validation': 2, 'test': 2}
    """
    labels = np.asarray(labels)
    check_shares(validation, test)
    clusters = _clusters(labels, seed, groups, keys)
    side = np.zeros(len(labels), np.int64)
    for label, owned in clusters.items():
        _check_enough(label, owned, 1 + (validation > 0) + (test > 0))
        total = sum(map(len, owned))
        for_test, rest = _take(owned, test, total, spare=1 + (validation > 0))
        for_validation, _rest = _take(rest[::-1], validation, total, spare=1)
        for members in for_test:
            side[members] = 2
        for members in for_validation:
            side[members] = 1
    return {name: np.flatnonzero(side == number) for number, name in enumerate(SPLITS)}


def continue_split(
    previous: Mapping[str, str],
    labels: np.ndarray,
    *,
    validation: float,
    test: float,
    seed: int,
    groups: np.ndarray | None = None,
    keys: Sequence[str],
) -> dict[str, np.ndarray]:
    """Share images out as `split_indices` does, but leave every image of `previous` where it was.

    A new image goes where its class is furthest below its share; a new copy of a known image
    goes to that image's side. Copies that stood on several sides all go to the training side,
    so that the test stays clean.

    Args:
        previous: The split each known key belongs to, as `load_split` gives it.
        labels: As for `split_indices`, like all that follows.
        validation: Share of each class.
        test: Share of each class.
        seed: Orders the new images.
        groups: Copies of each other.
        keys: One name an image.

    Returns:
        Ascending indices (int64) for each of `SPLITS`.
    """
    labels = np.asarray(labels)
    shares = np.array([1 - validation - test, validation, test])
    side = np.zeros(len(labels), np.int64)
    for owned in _clusters(labels, seed, groups, keys).values():
        counts, fresh = np.zeros(3), []
        for members in owned:
            known = [SPLITS.index(previous[keys[i]]) for i in members if keys[i] in previous]
            if known:
                side[members] = min(known)
                counts[min(known)] += len(members)
            else:
                fresh.append(members)
        for members in fresh:
            missing = shares * (counts.sum() + len(members)) - counts
            chosen = int(np.argmax(np.where(shares > 0, missing, -np.inf)))
            side[members] = chosen
            counts[chosen] += len(members)
    return {name: np.flatnonzero(side == number) for number, name in enumerate(SPLITS)}


def check_shares(validation: float, test: float) -> None:
    """Check that both shares are 0 or more and leave something to train on.

    Raises:
        InputError: If not.
    """
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise InputError(
            _(
                "`validation` and `test` are shares of the images, 0 or more and together below 1; "
                "received {validation} and {test}."
            ).format(validation=validation, test=test)
        )


def save_split(path: Path, parts: Mapping[str, np.ndarray], keys: Sequence[str]) -> None:
    """Write which key belongs to which split, as JSON, whole or not at all."""
    named = {name: sorted(keys[i] for i in part) for name, part in parts.items()}
    _files.write_json(path, {"format": 1, "splits": named})


def load_split(path: Path) -> dict[str, str]:
    """Read what `save_split` wrote: the split of each key; empty if there is no such file.

    Raises:
        InputError: If the file is there but is no split.
    """
    try:
        splits = json.loads(path.read_text(encoding="utf-8"))["splits"]
        return {str(key): name for name in SPLITS for key in splits[name]}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            _("{path} does not hold a split that can be read; remove it to split anew.").format(
                path=path
            )
        ) from None


def _clusters(
    labels: np.ndarray, seed: int, groups: np.ndarray | None, keys: Sequence[str] | None
) -> dict[int, list[list[int]]]:
    """Give each class its groups of images (lists of indices) in the order of their hash."""
    names = [str(i) for i in range(len(labels))] if keys is None else keys
    order = sorted(range(len(labels)), key=lambda i: (_hash(seed, names[i]), names[i]))
    groups = np.arange(len(labels)) if groups is None else np.asarray(groups)
    members: dict[int, list[int]] = {}
    for i in order:
        members.setdefault(int(groups[i]), []).append(i)
    # Every class is named, also one whose images are all copies of another class's.
    owned: dict[int, list[list[int]]] = {int(label): [] for label in np.unique(labels)}
    for cluster in members.values():
        owned[int(labels[cluster[0]])].append(cluster)
    return owned


def _hash(seed: int, key: str) -> bytes:
    # NFC: one name on macOS and Linux; surrogates stand for bytes that are no UTF-8.
    name = unicodedata.normalize("NFC", key).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(name, digest_size=8, key=str(seed).encode()[:64]).digest()


def _take(
    ordered: list[list[int]], share: float, total: int, *, spare: int
) -> tuple[list[list[int]], list[list[int]]]:
    """Take groups from the front until the share is full; at least one, leaving `spare` groups."""
    if share == 0:
        return [], ordered
    wanted = max(1, round(share * total))
    taken: list[list[int]] = []
    rest: list[list[int]] = []
    filled = 0
    for position, members in enumerate(ordered):
        left = len(ordered) - position - 1 + len(rest)
        if filled + len(members) <= wanted and left >= spare:
            taken.append(members)
            filled += len(members)
        else:
            rest.append(members)
    if not taken:
        smallest = min(range(len(rest)), key=lambda i: len(rest[i]))
        taken.append(rest.pop(smallest))
    return taken, rest


def _check_enough(label: int, owned: list[list[int]], needed: int) -> None:
    if len(owned) < needed:
        raise InputError(
            _(
                "Class number {label} has {count} different images (copies counted once); it needs "
                "at least {needed}, one for each split."
            ).format(label=label, count=len(owned), needed=needed)
        )
