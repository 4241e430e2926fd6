"""The one decoder: a file or its bytes in, an upright uint8 RGB array out, or one sentence why not.

Training, prediction, report and page all read images here, so they see the same pixels. The
content decides, never the extension. What is done: the first frame of an animation, turned
upright by EXIF, grey, palette and CMYK to RGB, alpha laid over white, 16 bits scaled to 8 by
dropping the low byte. What is not done: colour profiles are not applied, and images of 32-bit
numbers are refused because they have no fixed range.
"""

import errno
import logging
import os
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from evrisim._signatures import signature, unidentified
from evrisim._validate import InputError
from evrisim.messages import translate as _

# Without a handler of its own, Pillow's log of odd files would reach the terminal.
logging.getLogger("PIL").addHandler(logging.NullHandler())

MAX_PIXELS = 89_478_485
"""The largest image that is decoded (Pillow's own limit: a quarter of a gigabyte of RGB)."""

MAX_BYTES = 256 * 2**20
"""The largest file that is read."""

# Raster formats decoded inside the process. Left out: what calls other programs or interprets
# a language (EPS, WMF), stubs without a decoder (BUFR, GRIB, HDF5, MPEG) and instrument data.
FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "ICO", "CUR", "DIB",
    "PCX", "QOI", "SGI", "SUN", "DDS", "ICNS", "MSP", "PSD", "XBM", "XPM",
)  # fmt: skip

# TGA has no signature, so nearly any bytes could pass for one: only a name allows it.
_TGA_ENDINGS = (".tga", ".icb", ".vda", ".vst")

# Different names of what is one file type to a user.
_SAME_KIND = {"MPO": "JPEG", "DIB": "BMP", "CUR": "ICO"}


class UnreadableImage(InputError):
    """A file that cannot be read as an image.

    Attributes:
        name: how the user knows the file.
        reason: why, without the name: half a sentence such as `it is empty (0 bytes)`.
        path: where the file is; None when bytes were given.
    """

    def __init__(self, name: str, reason: str, path: Path | None = None) -> None:
        super().__init__(
            _("{name} cannot be read as an image: {reason}.").format(name=name, reason=reason)
        )
        self.name, self.reason, self.path = name, reason, path


class _RefusedError(ValueError):
    """Inside this file: a reason found by ourselves, on its way to become `UnreadableImage`."""


@dataclass(frozen=True)
class Header:
    """What the first bytes of an image say, without decoding it.

    Attributes:
        kind: the type by content: `JPEG`, `PNG`, … .
        mode: Pillow's name of the pixel format, such as `RGB` or `I;16`.
        height, width: size in pixels, upright.
    """

    kind: str
    mode: str
    height: int
    width: int


def decode(source: Path | str | bytes, *, name: str | None = None) -> np.ndarray:
    """Decode one image to `(height, width, 3)` uint8 in 0–255, upright.

    Args:
        source: A path, or the bytes of the file.
        name: How to call it in messages; by default the path.

    Raises:
        UnreadableImage: For whatever is not a whole, readable image of at most `MAX_PIXELS`.

    Example:
        >>> decode(b"P5 2 1 255 " + bytes([0, 200])).tolist()
        [[[0, 0, 0], [200, 200, 200]]]
    """
    label, path = _label(source, name), None if isinstance(source, bytes) else Path(source)
    with _named(label, path), _opened(source, label) as image:
        _check_covered(image)
        bits_to_drop = 4 if _bits(image) == 12 else 8
        image.load()
        upright = _ORIENT[_orientation(image)]
        return np.ascontiguousarray(upright(_rgb(image, bits_to_drop)))


def probe(source: Path | str | bytes, *, name: str | None = None) -> Header:
    """Read type and upright size of an image from its first bytes; the pixels are not checked.

    Raises:
        UnreadableImage: For what cannot be identified or is larger than `MAX_PIXELS`.

    Example:
        >>> probe(b"P5 2 1 255 " + bytes([0, 200]))
        Header(kind='PPM', mode='L', height=1, width=2)
    """
    label, path = _label(source, name), None if isinstance(source, bytes) else Path(source)
    with _named(label, path), _opened(source, label) as image:
        width, height = image.size
        # A square stays square; some formats must be read to the end to know how they lie.
        if width != height and _orientation(image) >= 5:
            width, height = height, width
        kind = str(image.format)
        return Header(_SAME_KIND.get(kind, kind), image.mode, height, width)


def kind_by_name(name: str) -> str | None:
    """Give the image type that a file's ending promises, or None if it promises none.

    Example:
        >>> kind_by_name("cat.JPG"), kind_by_name("notes.txt")
        ('JPEG', None)
    """
    kind = Image.registered_extensions().get(Path(name).suffix.lower())
    return _SAME_KIND.get(kind, kind) if kind else None


def looks_like_image(path: Path) -> bool:
    """Tell whether a file without an image's ending begins like an image (a cheap look)."""
    try:
        with _regular(path) as file:
            return signature(file.read(32)) is not None
    except (OSError, _RefusedError):
        return False


@contextmanager
def _opened(source: Path | str | bytes, label: str) -> Iterator[Image.Image]:
    """Open an image lazily and check its size before a pixel is decoded."""
    formats = FORMATS + (("TGA",) if label.lower().endswith(_TGA_ENDINGS) else ())
    with _stream(source) as (file, size), quiet_pillow():
        if not size:
            raise _RefusedError(_("it is empty (0 bytes)"))
        if size > MAX_BYTES:
            raise _RefusedError(_too_many_bytes(size))
        try:
            opened = Image.open(file, formats=formats)
        except UnidentifiedImageError:
            file.seek(0)
            raise _RefusedError(unidentified(file.read(512))) from None
        with opened as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise _RefusedError(_too_many_pixels(width, height))
            yield image


@contextmanager
def _stream(source: Path | str | bytes) -> Iterator[tuple[BinaryIO, int]]:
    if isinstance(source, bytes):
        yield BytesIO(source), len(source)
    else:
        with _regular(Path(source)) as file:
            yield file, os.fstat(file.fileno()).st_size


@contextmanager
def _named(label: str, path: Path | None) -> Iterator[None]:
    """Turn whatever goes wrong inside into `UnreadableImage`.

    Decoders of two dozen formats raise nearly every type there is on damaged files (struct.error,
    ZeroDivisionError, UnicodeDecodeError, MemoryError, …), so all are caught; the original stays
    attached as the cause.
    """
    try:
        yield
    except Exception as error:
        raise UnreadableImage(label, _reason(error), path) from error


def _label(source: Path | str | bytes, name: str | None) -> str:
    if name is not None:
        return name
    return _("the image") if isinstance(source, bytes) else printable(source)


def printable(path: Path | str) -> str:
    r"""Give a path as text that can be printed: bytes that are no UTF-8 become `\xNN`.

    Example:
        >>> printable("kedi.png"), printable(os.fsdecode(b"ked\xff.png"))
        ('kedi.png', 'ked\\xff.png')
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@contextmanager
def _regular(path: Path) -> Iterator[BinaryIO]:
    """Open an ordinary file; folders, pipes and devices are refused and never waited for."""
    # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise _RefusedError(_("it is a folder"))
        if not stat.S_ISREG(mode):
            raise _RefusedError(_("it is a pipe or device, not an ordinary file"))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


class _Quiet:
    """How many threads are inside `quiet_pillow`, and how to undo it when the last one leaves."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.filters: warnings.catch_warnings | None = None


_QUIET = _Quiet()


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence Pillow's warnings on odd metadata and make its bomb warning an error.

    `warnings.catch_warnings` alone is not safe in threads: one thread would restore the filters
    under another. Here the first thread in sets them and the last one out restores them.
    """
    with _QUIET.lock:
        if not _QUIET.inside:
            _QUIET.filters = warnings.catch_warnings()
            _QUIET.filters.__enter__()
            warnings.filterwarnings("ignore", module=r"PIL(\.|$)")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
        _QUIET.inside += 1
    try:
        yield
    finally:
        with _QUIET.lock:
            _QUIET.inside -= 1
            if not _QUIET.inside and _QUIET.filters is not None:
                _QUIET.filters.__exit__(None, None, None)
                _QUIET.filters = None


def _check_covered(image: Image.Image) -> None:
    """Refuse a TIFF whose strips leave part of the picture without pixels: it would be black."""
    if image.format != "TIFF":
        return
    pieces = [piece[1] for piece in getattr(image, "tile", []) if piece[1] is not None]
    covered = sum((right - left) * (bottom - top) for left, top, right, bottom in pieces)
    if covered < image.size[0] * image.size[1]:
        raise _RefusedError(_("its pixels fill only a part of the picture (truncated)"))


def _bits(image: Image.Image) -> int | None:
    """Give the bits a sample that a TIFF declares; Pillow leaves 12-bit values unscaled."""
    declared = getattr(image, "tag_v2", {}).get(258)
    return declared[0] if isinstance(declared, tuple) and declared else None


def _rgb(image: Image.Image, bits_to_drop: int) -> np.ndarray:
    """Bring any of Pillow's pixel formats to `(height, width, 3)` uint8."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return _wide_grey(image, bits_to_drop)
    if image.mode in ("I", "F"):
        raise _RefusedError(_wide_reason(image.mode))
    if not image.has_transparency_data:
        return np.array(image.convert("RGB"))
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    return np.array(white.convert("RGB"))


def _wide_grey(image: Image.Image, bits_to_drop: int) -> np.ndarray:
    """Scale 16-bit grey to 8 bits; Pillow's own conversion would clip everything above 255."""
    values = np.asarray(image)
    grey = (np.clip(values, 0, 65535) >> bits_to_drop).astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey[values == clear] = 255
    return np.repeat(grey[:, :, None], 3, axis=2)


def _orientation(image: Image.Image) -> int:
    """Read EXIF orientation (1 to 8); metadata too broken to read counts as upright."""
    try:
        value = image.getexif().get(0x0112, 1)
        return value if value in _ORIENT else 1
    except Exception:  # damaged metadata raises nearly any type; the picture may still be whole
        return 1


# What turns stored rows and columns upright, by EXIF orientation (EXIF 2.3, tag 274).
_ORIENT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels, 1),
}


def _reason(error: Exception) -> str:
    """Say in half a sentence why reading failed."""
    if isinstance(error, _RefusedError):
        return str(error)
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return _("it claims more than {limit} million pixels").format(limit=MAX_PIXELS // 10**6)
    if isinstance(error, MemoryError):
        return _("it needs more memory than there is")
    if isinstance(error, OSError) and error.errno is not None:
        return _system_reason(error)
    text = " ".join(str(error).split())
    if isinstance(error, EOFError) or "truncated" in text.lower():
        return _("the file ends too early (truncated)")
    return _("its content is damaged or of an unsupported kind ({error})").format(
        error=(text or type(error).__name__)[:120]
    )


def _system_reason(error: OSError) -> str:
    reasons = {
        errno.ENOENT: _("there is no such file"),
        errno.EACCES: _("there is no permission to read it"),
        errno.EPERM: _("there is no permission to read it"),
        errno.EISDIR: _("it is a folder"),
        errno.ELOOP: _("it is a link that leads back to itself"),
        errno.ENXIO: _("it is a pipe or device, not an ordinary file"),
    }
    fallback = _("the system says: {text}").format(text=error.strerror)
    return reasons.get(error.errno or 0, fallback)


def _too_many_bytes(size: int) -> str:
    return _("the file has {size} MB; at most {limit} MB are read").format(
        size=round(size / 2**20), limit=MAX_BYTES // 2**20
    )


def _too_many_pixels(width: int, height: int) -> str:
    return _("it claims {width}x{height} pixels; at most {limit} million are decoded").format(
        width=width, height=height, limit=MAX_PIXELS // 10**6
    )


def _wide_reason(mode: str) -> str:
    return _(
        "its pixels are 32-bit numbers without a fixed range (mode {mode}); "
        "save it with 8 or 16 bits"
    ).format(mode=mode)
