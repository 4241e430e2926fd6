"""From a photograph and kernels to pictures and animations in files."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from evrisim import _files, kernels, pictures
from evrisim._validate import InputError, check_choice, check_range, check_whole
from evrisim.kernels import Contributions, Extraction
from evrisim.messages import translate as _
from evrisim.plots import filter_detect_condense, save, written_out
from evrisim.plots.sliding import LONGEST, frame_count, palette, sliding

SIZE = 640
"""Pixels along the longer side from which on a photograph is shrunk, unless told otherwise."""

MOST_ROWS = 12
"""Rows of a picture at most: more could not be read."""

ANIMATIONS = (".gif", ".webp")
_SECONDS_BETWEEN_FRAMES, _SECONDS_OF_LAST = 0.08, 2.0
_DPI = 100


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph to look through kernels at.

    Attributes:
        name: for titles and file names.
        pixels: `(rows, columns, 3)` uint8.
        original: `(rows, columns)` before it was cut and shrunk.
    """

    name: str
    pixels: np.ndarray
    original: tuple[int, int]

    @property
    def grey(self) -> np.ndarray:
        """The brightness, `(rows, columns)` float32, whole numbers from 0 to 255."""
        return np.rint(255 * pictures.grey(self.pixels))

    @property
    def colour(self) -> np.ndarray:
        """The colours, `(rows, columns, 3)` float32 in 0–255."""
        return self.pixels.astype(np.float32)


def read_photograph(target: str | Path, *, crop: str | None = None, size: int = SIZE) -> Photograph:
    """Read a picture as `pictures.read_picture` does, cut a part out and shrink it.

    A file goes before a photograph of the same name.

    Args:
        target: Path of a file of any format that `decode` reads, or a name.
        crop: The part to keep as `TOP:BOTTOM,LEFT:RIGHT` in pixels, ends open as in Python.
        size: Pixels along the longer side at most; averaged over when it is more.

    Raises:
        InputError: If there is no such image, it cannot be read, or no part of it is kept.
    """
    pixels = pictures.read_picture(target)
    kept = pixels if crop is None else _cropped(pixels, crop)
    longest = check_range("size", check_whole("size", size, 1), 1, 4096)
    small = pictures.at_most(kept, int(longest))
    return Photograph(Path(target).stem, small, pixels.shape[:2])


def channels(photograph: Photograph, *, colour: bool) -> dict[str, np.ndarray]:
    """Give what a kernel filters: the brightness, or red, green and blue each for itself."""
    if not colour:
        return {"": photograph.grey}
    names = (_("red"), _("green"), _("blue"))
    return {name: photograph.colour[:, :, channel] for channel, name in enumerate(names)}


def strongest(
    photograph: Photograph, learned: np.ndarray, count: int, **way: Any
) -> dict[int, Extraction]:
    """Extract with those learned kernels that answer a photograph most, on average after ReLU.

    Args:
        photograph: filtered in colour, or in grey by kernels of one channel.
        learned: `(rows, columns, channels, filters)`.
        count: Kernels at most.
        way: `stride`, `padding`, … as for `kernels.extract`.

    Returns:
        By the number of the filter, the strongest first.

    Raises:
        InputError: If the kernels are for another number of channels than 1 and 3.
    """
    found = {
        number: extract_learned(photograph, learned[..., number], **way)
        for number in range(learned.shape[-1])
    }
    order = sorted(found, key=lambda number: -float(found[number].detected.mean()))
    return {number: found[number] for number in order[:count]}


def extract_learned(photograph: Photograph, kernel: np.ndarray, **way: Any) -> Extraction:
    """Extract with one learned kernel, `(rows, columns, channels)`."""
    takes = kernel.shape[2]
    if takes not in (1, 3):
        raise InputError(
            _(
                "These kernels look at {count} feature maps, not at an image; choose the first "
                "convolution of the model."
            ).format(count=takes)
        )
    if takes == 1:
        return kernels.extract(photograph.grey, kernel[:, :, 0], **way)
    return kernels.extract(photograph.colour, kernel, **way)


def write_picture(path: Path, extractions: Mapping[str, Extraction]) -> None:
    """Write the picture image → kernel → filtered → detected → condensed, whole or not at all.

    Raises:
        InputError: For more than `MOST_ROWS` rows or an ending that is no picture's.
    """
    if len(extractions) > MOST_ROWS:
        raise InputError(
            _("A picture has room for {most} rows; these kernels make {count}.").format(
                most=MOST_ROWS, count=len(extractions)
            )
        )
    save(filter_detect_condense(extractions), path, dots=_DPI)


def write_sum(path: Path, found: Contributions, image: np.ndarray) -> None:
    """Write the picture of one sum, whole or not at all."""
    save(written_out(found, image), path, dots=_DPI)


def write_animation(
    path: Path,
    extraction: Extraction,
    *,
    longest: int = LONGEST,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[int, int]:
    """Write the kernel sliding over the image as a GIF or WebP by the file's ending.

    The image is shrunk to at most `longest` pixels, or single cells could not be seen.

    Args:
        path: Ends in one of `ANIMATIONS`.
        extraction: of a grey image.
        longest: Pixels along the longer side of the image at most.
        progress: called with frames done and frames in all.

    Returns:
        `(rows, columns)` of the image in the animation.

    Raises:
        InputError: For another ending, or a kernel that does not fit into the shrunk image.
    """
    small, way = check_animation(path, extraction, longest)
    places = kernels.convolve(small, extraction.kernel, **way).size
    total = frame_count(places)
    pictures = _counted(sliding(small, extraction.kernel, **way), total, progress)
    path.parent.mkdir(parents=True, exist_ok=True)
    _files.write_with(path, lambda place: _save_frames(place, pictures, total))
    return small.shape[0], small.shape[1]


def check_animation(
    path: Path, extraction: Extraction, longest: int = LONGEST
) -> tuple[np.ndarray, dict[str, Any]]:
    """Give the small image of an animation and how the kernel goes, if it can be made.

    Raises:
        InputError: As `write_animation`.
    """
    check_choice("animation", path.suffix.lower(), ANIMATIONS)
    if extraction.image.ndim != 2:
        raise InputError(_("An animation shows a kernel on a grey image, not on colours."))
    small = shrunk(extraction.image, longest)
    way = {name: getattr(extraction, name) for name in ("stride", "padding", "dilation", "centre")}
    kernels.contributions(small, extraction.kernel, (0, 0), **way)
    return small, way


def shrunk(image: np.ndarray, longest: int) -> np.ndarray:
    """Bring a grey image `(rows, columns)` in 0–255 to at most `longest` pixels a side."""
    picture = np.clip(np.rint(image), 0, 255).astype(np.uint8)[:, :, None]
    return pictures.at_most(picture, longest)[:, :, 0].astype(np.float32)


def _cropped(pixels: np.ndarray, crop: str) -> np.ndarray:
    try:
        parts = [part.split(":") for part in crop.split(",")]
        rows, columns = (slice(*_ends(*part)) for part in parts)
    except (TypeError, ValueError):
        raise InputError(
            _(
                "`crop` must be TOP:BOTTOM,LEFT:RIGHT in pixels, such as 0:200,100:300; "
                "received {value!r}."
            ).format(value=crop)
        ) from None
    kept = pixels[rows, columns]
    if kept.size == 0:
        raise InputError(
            _("`crop` {value!r} leaves nothing of an image of {rows} × {columns} pixels.").format(
                value=crop, rows=pixels.shape[0], columns=pixels.shape[1]
            )
        )
    return kept


def _ends(start: str, end: str) -> tuple[int | None, int | None]:
    return (int(start) if start.strip() else None, int(end) if end.strip() else None)


def _counted(
    frames: Iterable[np.ndarray], total: int, progress: Callable[[int, int], None]
) -> Iterable[Image.Image]:
    for done, frame in enumerate(frames, 1):
        progress(done, total)
        yield Image.fromarray(frame)


def _save_frames(path: Path, pictures: Iterable[Image.Image], total: int) -> None:
    milliseconds = [round(1000 * _SECONDS_BETWEEN_FRAMES)] * total
    milliseconds[-1] = round(1000 * _SECONDS_OF_LAST)
    options: dict[str, Any] = {"format": "WEBP", "quality": 80, "method": 2}
    if path.suffix.lower() == ".gif":
        colours = palette()
        none = Image.Dither.NONE
        pictures = (picture.quantize(palette=colours, dither=none) for picture in pictures)
        options = {"format": "GIF", "optimize": False}
    rest = iter(pictures)
    first = next(rest)
    # Pillow leaves a file that it opened itself open when an interrupt comes in between.
    with path.open("wb") as file:
        first.save(
            file, save_all=True, append_images=rest, duration=milliseconds, loop=0, **options
        )
