"""Image files as the reading of a folder finds them: the data's own, or its images written."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from evrisim.data.cache import ArrayCache
from evrisim.data.dataset import DataSet
from evrisim.data.decoded import decode_files
from evrisim.data.listing import ImageFile

MOST = 128
"""Files that are decoded a round; photographs may take a tenth of a second each."""

QUALITY = 90
"""Of the JPEG files that are written, as cameras do."""


@dataclass(frozen=True)
class Reader:
    """Some image files, to be read as the reading of a folder does it.

    Attributes:
        files: at most `MOST`.
        kind: `folder` for the data's own files, `written` for files that were made of its images.
        size, policy: How images get to their size.
        cache: Where decoded images are kept.
    """

    files: tuple[ImageFile, ...]
    kind: str
    size: tuple[int, int]
    policy: str
    cache: ArrayCache

    def decode(self) -> None:
        """Read and decode all files, in threads."""
        decode_files(self.files, self.size, self.policy)

    def from_cache(self) -> None:
        """Read the decoded images from the cache, verified, into memory; the first time decode."""
        np.array(decode_files(self.files, self.size, self.policy, cache=self.cache).images)


@contextmanager
def reader(dataset: DataSet, count: int) -> Iterator[Reader]:
    """Give a reader for `count` training images of a data set, at most `MOST` and all there are.

    What is written for it is gone afterwards.
    """
    count = min(count, MOST, len(dataset.train))
    own = _own_files(dataset, count)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        yield Reader(
            own or _written(dataset, count, folder),
            "folder" if own else "written",
            dataset.image_shape[:2],
            dataset.origin.get("policy", "fit"),
            ArrayCache(folder / "cache"),
        )


def _own_files(dataset: DataSet, count: int) -> tuple[ImageFile, ...]:
    """Find the files that the first images came from; none if they are no longer all there."""
    if dataset.origin.get("kind") != "folder" or dataset.train.names is None:
        return ()
    root = Path(dataset.origin["folder"])
    folder = root if root.is_dir() else root.parent
    names = dataset.train.names[:count]
    files = tuple(ImageFile(folder / name, name, 0, None) for name in names)
    return files if all(file.path.is_file() for file in files) else ()


def _written(dataset: DataSet, count: int, folder: Path) -> tuple[ImageFile, ...]:
    files = []
    for number, pixels in enumerate(dataset.train.images[:count]):
        file = ImageFile(folder / f"{number}.jpg", f"{number}.jpg", 0, None)
        image = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
        Image.fromarray(image).save(file.path, quality=QUALITY)
        files.append(file)
    return tuple(files)
