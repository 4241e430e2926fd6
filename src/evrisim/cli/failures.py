"""What went wrong, in one sentence on standard error."""

import errno
import sys

from evrisim._validate import InputError
from evrisim.messages import translate as _


def say(sentence: str) -> None:
    """Print one sentence on standard error."""
    print(sentence, file=sys.stderr)  # noqa: T201


def interrupted() -> str:
    """Say that the user stopped the command, and how to go on."""
    return _(
        "Interrupted. What was finished is kept; the same command goes on (`train` with --resume)."
    )


def sentence(error: Exception) -> str | None:
    """Give the sentence for a failure that is the user's or the machine's; None for a defect."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, MemoryError):
        return _("There is not enough memory for this; use a smaller batch_size or smaller images.")
    if isinstance(error, OSError):
        return _of_system(error)
    return None


def _of_system(error: OSError) -> str | None:
    path = error.filename or ""
    number = error.errno or _number_in(str(error))
    sentences = {
        errno.ENOSPC: _(
            "The disk is full: {path} could not be written. Free some space and go on."
        ),
        errno.EDQUOT: _("The disk quota is used up: {path} could not be written."),
        errno.EFBIG: _("The disk allows no larger file: {path} could not be written."),
        errno.EROFS: _("{path} lies on a read-only disk; choose another folder with --out."),
        errno.EACCES: _("No permission for {path}; choose another folder or change its rights."),
        errno.EPERM: _("No permission for {path}; choose another folder or change its rights."),
        errno.ENOTDIR: _("{path} cannot be made: a part of its path is a file, not a folder."),
        errno.EEXIST: _("{path} cannot be made: there is a file of that name."),
        errno.ENAMETOOLONG: _("The name {path} is too long for this disk."),
        errno.ENOENT: _("There is no {path}."),
        errno.EISDIR: _("{path} is a folder, where a file was expected."),
    }
    found = sentences.get(number)
    return found.format(path=path or _("a file")) if found else None


def _number_in(text: str) -> int:
    """Find the error number in HDF5's own wording, which carries it as `errno = 28`."""
    _before, _mark, after = text.partition("errno = ")
    digits = after.split(",")[0].strip()
    return int(digits) if digits.isdigit() else 0
