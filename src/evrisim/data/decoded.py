"""Many image files to one array: in threads, once, kept for the next time."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL

from evrisim import images as pictures
from evrisim._validate import InputError
from evrisim.data.cache import ArrayCache, digest
from evrisim.data.listing import ImageFile
from evrisim.decode import UnreadableImage, decode, probe, quiet_pillow
from evrisim.messages import translate as _

# Raise this when the same file would decode to other pixels than before.
_VERSION = 1

_CHUNK = 32

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Decoded:
    """The images of some files, row by row.

    Attributes:
        images: `(count, height, width, 3)` uint8; the rows of failures are white. Maybe mapped
            from disk, then read-only.
        failures: why a file could not be read, by its row.
        source: `cache` (nothing was decoded), `files`, or `files, not kept: …` with the reason.
    """

    images: np.ndarray
    failures: dict[int, str]
    source: str


def decode_files(
    files: Sequence[ImageFile],
    size: tuple[int, int],
    policy: str,
    *,
    cache: ArrayCache | None = None,
    memory: int | None = None,
    progress: Progress | None = None,
) -> Decoded:
    """Decode all files to one size, or take them from the cache if nothing has changed.

    Args:
        files: What to decode.
        size: `(height, width)` of every image.
        policy: How to get there: see `images.fit`.
        cache: Where to keep the result; None keeps nothing. A cache that cannot be written is
            gone without, and the result says so.
        memory: Most bytes to hold in memory where the cache does not serve; None: any.
        progress: Called with the number of files done and of all.

    Returns:
        The images; files that cannot be read are in `failures`, nothing is raised for them.

    Raises:
        InputError: If the images fit neither into the cache nor into `memory`.
    """
    shape = (len(files), *size, 3)

    def fill(images: np.ndarray) -> dict[str, Any]:
        failures = _fill(images, files, policy, progress)
        return {"failures": {str(row): failures[row] for row in sorted(failures)}}

    if cache is None:
        images = _in_memory(shape, memory, _("there is no cache folder"))
        return _decoded(images, fill(images), "files")
    key = _key(files, size, policy)
    kept = cache.load(key)
    if kept is not None and kept[0].shape == shape:
        return _decoded(*kept, "cache")
    try:
        return _decoded(*cache.store(key, shape, fill), "files")
    except OSError as error:
        reason = str(error.strerror or error)
        images = _in_memory(shape, memory, reason)
        return _decoded(images, fill(images), f"files, not kept: {reason}")


def choose_size(files: Sequence[ImageFile]) -> tuple[int, int]:
    """Choose a size for images whose user named none.

    If all images have one size with sides up to 96 pixels, that size; else 64x64. Files that
    cannot be read have no say. Of many files, some 500 spread over the list are looked at: an odd
    one among them is then brought to the size of the others.
    """
    common: tuple[int, int] | None = None
    for file in files[:: max(1, len(files) // 500)]:
        try:
            header = probe(file.path, name=file.name)
        except UnreadableImage:
            continue
        size = header.height, header.width
        if max(size) > 96 or (common is not None and size != common):
            return 64, 64
        common = size
    return common or (64, 64)


def bytes_needed(count: int, size: tuple[int, int]) -> int:
    """Give the bytes that `count` images of a size occupy."""
    return count * size[0] * size[1] * 3


def available_memory() -> int | None:
    """Give the bytes of memory still to be had, within a container's limit; None if unknown."""
    free = [value for value in (_system_memory(), _container_memory()) if value is not None]
    return min(free, default=None)


def _system_memory() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _container_memory() -> int | None:
    try:
        return int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):
        return None  # no limit, or no such container


def _fill(
    images: np.ndarray, files: Sequence[ImageFile], policy: str, progress: Progress | None
) -> dict[int, str]:
    """Decode every file into its row; return the reasons of those that could not be."""
    failures: dict[int, str] = {}
    workers = min(8, os.cpu_count() or 1)
    with quiet_pillow(), ThreadPoolExecutor(workers) as pool:
        chunks = [
            pool.submit(
                _decode_chunk, images, files, range(start, min(start + _CHUNK, len(files))), policy
            )
            for start in range(0, len(files), _CHUNK)
        ]
        done = 0
        try:
            for chunk in as_completed(chunks):
                count, reasons = chunk.result()
                failures.update(reasons)
                done += count
                if progress is not None:
                    progress(done, len(files))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return failures


def _decode_chunk(
    images: np.ndarray, files: Sequence[ImageFile], rows: range, policy: str
) -> tuple[int, dict[int, str]]:
    size = (images.shape[1], images.shape[2])
    reasons: dict[int, str] = {}
    for row in rows:
        try:
            images[row] = pictures.fit(decode(files[row].path, name=files[row].name), size, policy)
        except UnreadableImage as error:
            images[row] = 255
            reasons[row] = error.reason
    return len(rows), reasons


def _in_memory(shape: tuple[int, ...], memory: int | None, why: str) -> np.ndarray:
    needed = int(np.prod(shape))
    if memory is not None and needed > memory:
        raise InputError(
            _(
                "The images need {needed} MB, more than the {memory} MB of memory they may take, "
                "and cannot be kept on disk ({why}); set EVRISIM_CACHE to a folder with room, or "
                "choose a smaller size."
            ).format(needed=needed >> 20, memory=memory >> 20, why=why)
        )
    return np.empty(shape, np.uint8)


def _decoded(images: np.ndarray, notes: dict[str, Any], source: str) -> Decoded:
    return Decoded(images, {int(row): text for row, text in notes["failures"].items()}, source)


def _key(files: Sequence[ImageFile], size: tuple[int, int], policy: str) -> str:
    """Name what the result depends on: which files, as they are now, and how they are decoded."""
    stamps = [(os.fsencode(file.path).hex(), *_stamp(file.path)) for file in files]
    return digest(_VERSION, PIL.__version__, list(size), policy, stamps)


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return (-1, -1, -1)
    # The time of change also tells of a file that was rewritten and given its old date back.
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
