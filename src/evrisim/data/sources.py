"""Data sets by name, or a folder of one's own."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evrisim._validate import InputError
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.data.dataset import DataSet

Progress = Callable[[int, int], None]

_COUNTS = (10_000, 2_000, 2_000)

EMBEDDED = ("shapes", "digits")
FETCHED = ("cifar10", "cifar100", "mnist", "fashion_mnist")
DATA_SETS = EMBEDDED + FETCHED


@dataclass(frozen=True)
class Place:
    """Where data that is not embedded is looked for.

    Attributes:
        data_dir: A folder (or archive) that is tried first.
        offline: Open no connection.
    """

    data_dir: Path | None = None
    offline: bool = False


def load(
    source: str,
    *,
    seed: int = 0,
    place: Place | None = None,
    progress: Progress | None = None,
    reading: dict[str, Any] | None = None,
    counts: tuple[int, int, int] | None = None,
) -> "DataSet":
    """Load a data set.

    Args:
        source: One of `DATA_SETS`, or the path of a folder of images or of a CSV.
        seed: Draws `shapes` and the splits of the others; not the training's seed.
        place: Where to look.
        progress: Called as `progress(done, total)` while images are drawn, read or fetched.
        reading: For a folder, how it is read: attributes of `folder.Reading`.
        counts: For `shapes`, the images of training, validation and test.

    Raises:
        InputError: If there is no such data set or folder, or it cannot be used.
    """
    if reading and source in DATA_SETS:
        raise InputError(
            _("{options}: these options are for folders of images, not for {name}.").format(
                options=", ".join(sorted(reading)), name=source
            )
        )
    if source == "shapes":
        from evrisim.data import shapes
        from evrisim.data.cache import ArrayCache, default_folder

        cache = ArrayCache(default_folder() / "drawn")
        return shapes.generate(counts or _COUNTS, seed=seed, progress=progress, cache=cache)
    if source == "digits":
        from evrisim.data.digits import load_digits_set

        return load_digits_set(seed=seed)
    if source in FETCHED:
        place = place or Place()
        return _fetched(source)(
            data_dir=place.data_dir, seed=seed, offline=place.offline, progress=progress
        )
    return _folder(source, seed, progress, reading or {})


def stem(source: str) -> str:
    """Give a data set's name as a part of a folder's name.

    Example:
        >>> stem("cifar10"), stem("/photos/my cats/")
        ('cifar10', 'my-cats')
    """
    name = Path(source).resolve().name or "data"
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "data"


def check_source(source: str) -> None:
    """Pass if `source` names a data set or something on disk.

    Raises:
        InputError: If it does neither; the nearest name is suggested.
    """
    if source in DATA_SETS or os.path.lexists(source):
        return
    near = get_close_matches(source, DATA_SETS, n=1)
    hint = _(" Did you mean {near!r}?").format(near=near[0]) if near else ""
    raise InputError(
        _(
            "There is no data set or folder {name!r}. Data sets: {known}; or give the path of "
            "a folder with one folder of images a class."
        ).format(name=source, known=", ".join(DATA_SETS))
        + hint
    )


def describe() -> dict[str, str]:
    """Say in a line what each data set is."""
    return {
        "shapes": _("ten drawn shapes in colour, 32×32, with object masks; embedded"),
        "digits": _("1,797 handwritten digits, 32×32 grey; embedded"),
        "cifar10": _("60,000 photographs in ten classes, 32×32 colour; found or fetched"),
        "cifar100": _("60,000 photographs in a hundred classes, 32×32 colour; found or fetched"),
        "mnist": _("70,000 handwritten digits, 28×28 grey; found or fetched"),
        "fashion_mnist": _("70,000 articles of clothing, 28×28 grey; found or fetched"),
    }


def _fetched(name: str) -> "Callable[..., DataSet]":
    from evrisim.data import cifar, mnist

    return {
        "cifar10": cifar.load_cifar10,
        "cifar100": cifar.load_cifar100,
        "mnist": mnist.load_mnist,
        "fashion_mnist": mnist.load_fashion_mnist,
    }[name]


def _folder(
    source: str, seed: int, progress: Progress | None, reading: dict[str, Any]
) -> "DataSet":
    from evrisim.data.folder import load_folder

    check_source(source)
    return load_folder(Path(source), seed=seed, progress=progress, **reading)
