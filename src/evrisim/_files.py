"""Files that appear whole or not at all: written beside their place, flushed, then renamed."""

import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TRIES = 16
"""How often a folder is put in place while others put theirs there."""


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Give a temporary path next to `path`; on a clean exit it is flushed and becomes `path`.

    Works for a file or a folder, whichever the block creates. When the block raises, the
    temporary is removed and what stood at `path` before is untouched.

    Raises:
        OSError: As the file system raises it (full disk, read-only folder), after cleaning up.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name[:80]}.{uuid.uuid4().hex[:12]}.partial")
    try:
        yield temporary
        flush(temporary)
        _replace(temporary, path)
        _flush_folder(path.parent)
    except BaseException:
        remove(temporary)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with written_beside(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write `value` as readable JSON, whole or not at all; NaN is refused, as JSON has none."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_with(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` make the file at a temporary path of the same ending, then put it at `path`."""
    with written_beside(path) as temporary:
        ended = temporary.with_name(temporary.name + path.suffix)
        try:
            write(ended)
            ended.replace(temporary)
        except BaseException:
            remove(ended)
            raise


def append_line(path: Path, line: str) -> None:
    """Append one line and flush it to the disk; a kill leaves at most a torn last line."""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def sha256(path: Path) -> str:
    """Give the SHA-256 of a file as hexadecimal text."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Flush a file, or every file of a folder and the folder itself, to the disk."""
    if path.is_dir():
        for child in path.iterdir():
            flush(child)
        _flush_folder(path)
        return
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def remove(path: Path) -> None:
    """Remove a file or a folder if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _replace(source: Path, target: Path) -> None:
    if not source.is_dir():
        source.replace(target)
        return
    # A folder cannot be renamed over a filled one: the old one steps aside first. Another process
    # may put or move its own between two steps; then the steps are taken again.
    aside = source.with_name(f"{source.name}.old")
    for tries_left in reversed(range(_TRIES)):
        try:
            if target.is_dir():
                target.replace(aside)
            source.replace(target)
        except OSError as error:
            if not tries_left or error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise
        else:
            remove(aside)
            return
        remove(aside)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
