"""Arrays kept on disk, such as decoded images: written whole, verified, never needed."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evrisim import _files


def default_folder() -> Path:
    """Give `$EVRISIM_CACHE`, or `evrisim` in the user's cache folder."""
    chosen = os.environ.get("EVRISIM_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "evrisim"


@dataclass(frozen=True)
class ArrayCache:
    """Arrays of images, or of what was made of them, with notes, by key, in a folder.

    An entry is a folder with `images.npy` and `entry.json`, which holds the SHA-256 of the array
    file and of the notes: an entry that was changed by a single bit is not used.
    """

    folder: Path

    def load(self, key: str) -> tuple[np.ndarray, dict[str, Any]] | None:
        """Give the images (read-only, mapped from disk) and the notes, if there and unharmed."""
        entry = self.folder / key
        try:
            described = json.loads((entry / "entry.json").read_text(encoding="utf-8"))
            if described["notes_sha256"] != _digest(described["notes"]):
                return None
            if described["images_sha256"] != _files.sha256(entry / "images.npy"):
                return None
            return np.load(entry / "images.npy", mmap_mode="r"), described["notes"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def store(
        self,
        key: str,
        shape: tuple[int, ...],
        fill: Callable[[np.ndarray], dict[str, Any]],
        dtype: type[np.generic] = np.uint8,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Let `fill` write the array and return the notes; then the entry appears, whole.

        Raises:
            OSError: If the folder cannot be written or is full; nothing is left behind.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with _files.written_beside(self.folder / key) as temporary:
            temporary.mkdir()
            file = temporary / "images.npy"
            images = np.lib.format.open_memmap(file, mode="w+", dtype=dtype, shape=shape)
            _reserve(file)
            notes = fill(images)
            images.flush()
            described = {
                "images_sha256": _files.sha256(file),
                "notes_sha256": _digest(notes),
                "notes": notes,
            }
            (temporary / "entry.json").write_text(json.dumps(described), encoding="utf-8")
            # Mapped before it is in place, where another process may put its own instead.
            made = np.load(file, mmap_mode="r")
        return made, notes


def _reserve(file: Path) -> None:
    """Find out now whether the disk has room: a mapped write to a full disk would kill us."""
    if hasattr(os, "posix_fallocate"):
        with file.open("rb+") as handle:
            os.posix_fallocate(handle.fileno(), 0, file.stat().st_size)


def _digest(notes: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(notes, sort_keys=True).encode()).hexdigest()


def digest(*parts: Any) -> str:
    """Give a short key for plain values."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
