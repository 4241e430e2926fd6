"""Walking a folder: every image once, links followed once, nothing hidden, all of it counted."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from evrisim._validate import InputError
from evrisim.decode import looks_like_image, printable
from evrisim.messages import translate as _

# Files that are meant as images, whether or not they can be read: a broken one is named, not
# passed over. Files with any other ending are images if their content begins like one.
IMAGE_ENDINGS = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".png", ".apng", ".gif", ".webp", ".bmp", ".dib",
    ".tif", ".tiff", ".avif", ".avifs", ".jp2", ".j2k", ".jpf", ".jpx", ".jpc", ".pbm", ".pgm",
    ".ppm", ".pnm", ".ico", ".cur", ".pcx", ".qoi", ".sgi", ".rgb", ".rgba", ".bw", ".ras", ".dds",
    ".icns", ".psd", ".tga", ".icb", ".vda", ".vst", ".xbm", ".xpm", ".heic", ".heif", ".svg",
})  # fmt: skip

# Files that nobody means as images: they are not opened to look.
_OTHER_ENDINGS = frozenset({
    ".txt", ".json", ".jsonl", ".csv", ".tsv", ".xml", ".md", ".html", ".yaml", ".yml", ".ini",
    ".log", ".db", ".py", ".ipynb", ".npy", ".npz", ".pkl", ".pdf", ".zip", ".mp4", ".mov",
})  # fmt: skip

# Folders that systems put beside the user's own.
_SYSTEM_FOLDERS = frozenset({"__MACOSX", "@eaDir", "lost+found"})


@dataclass
class Found:
    """What is under a folder; names are relative to it, with `/`.

    Attributes:
        images: files taken for images, sorted.
        folders: the folders directly inside, sorted.
        others: files that are no images.
        hidden: how many hidden files and folders were passed over.
        links_left_out: links to what is counted already, or that lead back up.
    """

    images: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    hidden: int = 0
    links_left_out: list[str] = field(default_factory=list)

    def left_out(self) -> dict[str, Any]:
        """Count what was not taken, as plain JSON."""
        endings = Counter(PurePosixPath(name).suffix.lower() or "-" for name in self.others)
        counted: dict[str, Any] = {
            "hidden": self.hidden,
            "other_files": {printable(ending): n for ending, n in sorted(endings.items())},
            "links": [printable(name) for name in sorted(self.links_left_out)[:20]],
        }
        return {key: value for key, value in counted.items() if value}


def walk(root: Path) -> Found:
    """Find all image files under `root`, each once.

    Real folders and files come before links, so a link to something inside the tree never takes
    it away from where it stands. A link that leads back up the tree is not followed.

    Raises:
        InputError: If a folder cannot be opened.
    """
    return _Walker(root).run()


class _Walker:
    """One walk: what is still to visit, and what has been seen by device and inode."""

    def __init__(self, root: Path) -> None:
        self.root = os.fspath(root)
        self.top = os.path.realpath(root)
        self.found = Found()
        self.pending: list[str] = [""]
        self.links: list[str] = []
        self.seen: set[tuple[int, int]] = set()

    def run(self) -> Found:
        while self.pending or self.links:
            if self.pending:
                self._folder(self.pending.pop())
            else:
                # Links wait until all that is really here has been seen; shortest names first,
                # so that the order does not depend on the file system.
                self.links.sort(key=lambda name: (name.count("/"), name), reverse=True)
                self._link(self.links.pop())
        self.found.images.sort()
        self.found.folders.sort()
        return self.found

    def _path(self, name: str) -> str:
        return os.path.join(self.root, name) if name else self.root  # noqa: PTH118 (bytes kept)

    def _folder(self, name: str) -> None:
        device, inode = self._identity(self._path(name))
        if (device, inode) in self.seen:
            self.found.links_left_out.append(name)
            return
        self.seen.add((device, inode))
        if name and "/" not in name:
            self.found.folders.append(name)
        empty = True
        for entry in self._entries(name):
            empty = False
            self._sort_in(entry, f"{name}/{entry.name}" if name else entry.name, device)
        if empty and "/" in name and _is_image_name(name):
            self.found.images.append(name)  # a folder called x.jpg: it will be named as one

    def _entries(self, name: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self._path(name)) as entries:
                yield from entries
        except OSError as error:
            raise InputError(
                _("The folder {path} cannot be opened: {reason}.").format(
                    path=printable(self._path(name)), reason=error.strerror
                )
            ) from error

    def _sort_in(self, entry: os.DirEntry[str], name: str, device: int) -> None:
        if entry.name.startswith(".") or entry.name in _SYSTEM_FOLDERS:
            self.found.hidden += 1
        elif entry.is_symlink():
            self.links.append(name)
        elif entry.is_dir(follow_symlinks=False):
            self.pending.append(name)
        else:
            self.seen.add((device, entry.inode()))
            self._file(name)

    def _file(self, name: str) -> None:
        ending = PurePosixPath(name).suffix.lower()
        taken = ending in IMAGE_ENDINGS or (
            ending not in _OTHER_ENDINGS and looks_like_image(Path(self._path(name)))
        )
        (self.found.images if taken else self.found.others).append(name)

    def _link(self, name: str) -> None:
        target = os.path.realpath(self._path(name))
        try:
            identity = self._identity(target)
        except OSError:
            self._file(name)  # leads nowhere: named as broken if it is called like an image
            return
        leads_up = self.top == target or self.top.startswith(target.rstrip(os.sep) + os.sep)
        if leads_up or identity in self.seen:
            self.found.links_left_out.append(name)
        elif os.path.isdir(target):  # noqa: PTH112 (a str with surrogates)
            self.pending.append(name)
        else:
            self.seen.add(identity)
            self._file(name)

    @staticmethod
    def _identity(path: str) -> tuple[int, int]:
        status = os.stat(path)  # noqa: PTH116 (a str with surrogates)
        return status.st_dev, status.st_ino


def _is_image_name(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in IMAGE_ENDINGS
