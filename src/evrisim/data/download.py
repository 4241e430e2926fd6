"""Downloads that end in the right file or in none: verified, resumed, from several mirrors.

What arrives is kept beside the target as `.part` until its SHA-256 is right; only then does it
take the target's name. A later attempt, from whichever mirror, goes on where the last stopped.
"""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import FileIO
from pathlib import Path
from urllib import request
from urllib.error import HTTPError
from urllib.parse import urlsplit

from evrisim import _files
from evrisim._validate import InputError
from evrisim.messages import translate as _

Progress = Callable[[int, int], None]

# Seconds to wait before the first, second, … round through the mirrors that are left. A round
# that brought something in counts as none: a connection that is cut now and then still arrives.
_PAUSES = (0.0, 2.0, 8.0)
_WORTH_A_ROUND = 2**16
# A mirror slower than this for so long is left for the next one, which goes on from there.
_SLOW_BYTES_A_SECOND = 200_000
_SLOW_SECONDS = 15.0
_CHUNK = 2**16
_LARGEST = 2**32
_LATER = (408, 425, 429)  # "try again" among the answers that otherwise mean "never"


class _MirrorFailed(Exception):
    """One mirror did not deliver; `final` when asking it again is of no use."""

    def __init__(self, reason: str, *, final: bool = False):
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True)
class _Wanted:
    """The file that is wanted, and where it grows."""

    target: Path
    sha256: str
    size: int | None
    progress: Progress | None
    timeout: float

    @property
    def part(self) -> Path:
        """The unfinished file; its name carries the hash, so it is never continued as another."""
        return self.target.with_name(f"{self.target.name}.{self.sha256[:12]}.part")


def is_offline(offline: bool = False) -> bool:
    """Say whether the network is off limits: asked for here, or by `EVRISIM_OFFLINE=1`."""
    return offline or os.environ.get("EVRISIM_OFFLINE", "").strip().lower() in ("1", "true", "yes")


def keras_datasets() -> Path:
    """Give the folder where Keras keeps data sets: `$KERAS_HOME/datasets`, else `~/.keras/…`."""
    return keras_folder("datasets")


def keras_folder(name: str) -> Path:
    """Give a folder of those Keras keeps: `$KERAS_HOME/<name>`, else `~/.keras/<name>`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / name


def existing(place: Path) -> Path:
    """Return the folder or file a user named, if it exists.

    Raises:
        InputError: If it does not.
    """
    if not Path(place).exists():
        raise InputError(_("There is no folder {folder}.").format(folder=place))
    return Path(place)


def not_here(title: str, places: Sequence[Path], names: str) -> InputError:
    """Say that a set is nowhere and may not be fetched: where it was looked for, what to do."""
    return InputError(
        _(
            "{title} is not in {places}, and nothing is downloaded while offline. Put {names} into "
            "{home}, or use the embedded data: evrisim train shapes."
        ).format(title=title, places=", ".join(map(str, places)), names=names, home=places[0])
    )


def fetch(
    urls: Sequence[str],
    target: Path,
    *,
    sha256: str,
    size: int | None = None,
    progress: Progress | None = None,
    offline: bool = False,
    timeout: float = 30.0,
) -> Path:
    """Bring a file of known content to `target`, whole or not at all.

    A file that is already there and right is left alone, without any connection. Several
    processes may ask for the same file at once: one downloads, the others wait for it.

    Args:
        urls: Mirrors (http or https), tried in turn.
        target: Where the file shall be; its folder is made.
        sha256: What its content must hash to, as hexadecimal text.
        size: Its bytes, where known: a mirror that offers another size is passed over.
        progress: Called as `progress(bytes_so_far, bytes_in_all)`; 0 in all where unknown.
        offline: Open no connection (as does `EVRISIM_OFFLINE=1`).
        timeout: Seconds without any answer after which a connection counts as lost.

    Returns:
        `target`.

    Raises:
        InputError: If it cannot be had, with the reason of every mirror and where to put it by
            hand; if another file stands at `target`; if the disk is full or not writable.
    """
    wanted = _Wanted(Path(target), sha256.lower(), size, progress, timeout)
    if _is_there(wanted):
        return wanted.target
    if is_offline(offline):
        raise InputError(
            _(
                "{name} is not at {folder}, and nothing is downloaded while offline. "
                "Fetch {url} and put it there."
            ).format(name=wanted.target.name, folder=wanted.target.parent, url=urls[0])
        )
    _check_room(wanted)
    with _sole_writer(wanted) as file:
        if _is_there(wanted):  # another process was quicker
            file.truncate(0)
            return wanted.target
        if not _is_right(wanted, file):
            _receive_from_any(wanted, file, urls)
        os.fsync(file.fileno())
        wanted.part.replace(wanted.target)
    return wanted.target


def _is_there(wanted: _Wanted) -> bool:
    if not wanted.target.exists():
        return False
    if _files.sha256(wanted.target) == wanted.sha256:
        return True
    raise InputError(
        _("{path} is not the file expected (its SHA-256 is another): move it away first.").format(
            path=wanted.target
        )
    )


def _check_room(wanted: _Wanted) -> None:
    """Make the folder, and find out at once when the disk cannot hold the file."""
    folder = wanted.target.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as problem:
        raise _cannot_write(folder, problem) from problem
    here = wanted.part.stat().st_size if wanted.part.exists() else 0
    if wanted.size is not None and free < wanted.size - here:
        raise _cannot_write(folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def _cannot_write(place: Path, problem: OSError) -> InputError:
    return InputError(
        _("Cannot write to {place}: {reason}. Make room or choose another folder.").format(
            place=place, reason=problem.strerror or problem
        )
    )


@contextmanager
def _sole_writer(wanted: _Wanted) -> Iterator[FileIO]:
    """Open the unfinished file for this process alone; a killed holder frees it."""
    while True:
        try:
            file = FileIO(wanted.part, "a+")
        except OSError as problem:
            raise _cannot_write(wanted.part, problem) from problem
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Whoever held it before may have renamed it into place: then it is not ours to touch.
            if not _is_same(wanted.part, file):
                continue
            try:
                yield file
            finally:
                if _is_same(wanted.part, file) and _size(file) == 0:
                    wanted.part.unlink()
            return


def _is_same(path: Path, file: FileIO) -> bool:
    return path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno()))


def _size(file: FileIO) -> int:
    return os.fstat(file.fileno()).st_size


def _is_right(wanted: _Wanted, file: FileIO) -> bool:
    size = _size(file)
    if size == 0 or (wanted.size is not None and size != wanted.size):
        return False
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest() == wanted.sha256


def _receive_from_any(wanted: _Wanted, file: FileIO, urls: Sequence[str]) -> None:
    """Ask the mirrors in turn until the file is right; raise with all reasons if none will do."""
    left, reasons, tries = list(urls), {}, 0
    while left and tries < len(_PAUSES):
        time.sleep(_PAUSES[tries])
        before = _size(file)
        for url in tuple(left):
            try:
                _receive(wanted, file, url)
                return
            except _MirrorFailed as problem:
                reasons[url] = f"{urlsplit(url).hostname}: {problem}"
                if problem.final:
                    left.remove(url)
        tries = 0 if _size(file) >= before + _WORTH_A_ROUND else tries + 1
    raise InputError(
        _(
            "Could not download {name} ({reasons}). Try again later, what has arrived is kept; "
            "or fetch {url} by hand and put it at {target}."
        ).format(
            name=wanted.target.name,
            reasons="; ".join(reasons.values()),
            url=urls[0],
            target=wanted.target,
        )
    )


def _receive(wanted: _Wanted, file: FileIO, url: str) -> None:
    """Take from one mirror what is missing; return only when the whole file is right."""
    with _ask(wanted, url, start=_size(file)) as response:
        start, total = _offered(response)
        if total and wanted.size is not None and total != wanted.size:
            raise _MirrorFailed(
                _("offers {found} bytes instead of {wanted}").format(
                    found=total, wanted=wanted.size
                ),
                final=True,
            )
        if start != _size(file):
            if start:
                raise _MirrorFailed(_("sends another part than asked for"), final=True)
            file.truncate(0)
        _copy(wanted, file, response, wanted.size or total)
    if _is_right(wanted, file):
        return
    if total and _size(file) < total:
        raise _MirrorFailed(_("the connection ended early"))
    file.truncate(0)
    # A continued file may owe its fault to where it began: then the same mirror gets a fresh go.
    raise _MirrorFailed(_("the file it sends is not the right one"), final=start == 0)


def _ask(wanted: _Wanted, url: str, *, start: int) -> HTTPResponse:
    if urlsplit(url).scheme not in ("http", "https"):
        raise _MirrorFailed(_("only http and https are allowed"), final=True)
    headers = {"User-Agent": "evrisim", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        return _opener().open(request.Request(url, headers=headers), timeout=wanted.timeout)
    except HTTPError as problem:
        problem.close()
        if problem.code == 416 and start:  # there is nothing after what is here, and it is wrong
            os.truncate(wanted.part, 0)
            raise _MirrorFailed(_("the file it sends is not the right one")) from problem
        if problem.code < 400:
            raise _astray() from problem
        final = problem.code < 500 and problem.code not in _LATER
        raise _MirrorFailed(f"HTTP {problem.code}", final=final) from problem
    except (OSError, HTTPException) as problem:
        raise _MirrorFailed(_reason(problem)) from problem


def _astray() -> _MirrorFailed:
    return _MirrorFailed(_("redirects for ever, or to a place that is not allowed"), final=True)


class _SameOrSafer(request.HTTPRedirectHandler):
    """Follows a redirection, but never from https to anything less."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            fp.close()
            raise _astray()
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> request.OpenerDirector:
    """Build an opener that knows http and https alone: no files, no ftp, no data addresses."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        _SameOrSafer(),
        request.HTTPErrorProcessor(),
        request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _offered(response: HTTPResponse) -> tuple[int, int]:
    """Tell where the answer begins within the file, and how long the whole is (0: it is silent)."""
    declared = response.headers.get("Content-Length") or ""
    length = int(declared) if declared.isdecimal() else 0
    if response.status != 206:
        return 0, length
    found = re.match(r"bytes (\d+)-\d+/(\d+|\*)$", response.headers.get("Content-Range") or "")
    if not found:
        raise _MirrorFailed(_("sends another part than asked for"), final=True)
    start = int(found[1])
    return start, int(found[2]) if found[2] != "*" else start + length


def _copy(wanted: _Wanted, file: FileIO, response: HTTPResponse, total: int) -> None:
    began, received = time.monotonic(), 0
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except (OSError, HTTPException) as problem:
            raise _MirrorFailed(_reason(problem)) from problem
        if not chunk:
            return
        _write(wanted, file, chunk)
        received += len(chunk)
        if _size(file) > (total or _LARGEST):
            file.truncate(0)
            raise _MirrorFailed(_("sends more than the file holds"), final=True)
        if wanted.progress is not None:
            wanted.progress(_size(file), total)
        seconds = time.monotonic() - began
        if seconds > _SLOW_SECONDS and received < seconds * _SLOW_BYTES_A_SECOND:
            raise _MirrorFailed(_("is too slow"))


def _write(wanted: _Wanted, file: FileIO, chunk: bytes) -> None:
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as problem:
        raise _cannot_write(wanted.part, problem) from problem


def _reason(problem: Exception) -> str:
    """Name a failure of the network in a few words."""
    cause = getattr(problem, "reason", problem)
    if isinstance(cause, TimeoutError):
        return _("no answer in time")
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__)
