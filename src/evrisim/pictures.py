"""Pictures to try methods on: read by path or name, cut into tiles, searched for edges."""

from difflib import get_close_matches
from pathlib import Path

import numpy as np
from scipy import ndimage

from evrisim import images
from evrisim._validate import InputError
from evrisim.decode import decode
from evrisim.messages import translate as _

PHOTOGRAPHS = ("china", "flower")
"""Photographs that come with scikit-learn and can be named in place of a file."""

LARGEST = 1024
"""A picture with a longer side than this is shrunk to it before edges are looked for."""

EDGES = ("bright below", "bright above", "bright right", "bright left")
"""The four maps of `edge_maps`: on which side of the edge it is bright."""


def read_picture(source: str | Path) -> np.ndarray:
    """Read a picture: a file, or one of `PHOTOGRAPHS` by name where no file is called so.

    Returns:
        `(rows, columns, 3)` uint8.

    Raises:
        InputError: For what cannot be read as an image, or is neither a file nor such a name.
    """
    path, name = Path(source), str(source)
    if path.exists() or path.suffix or path.name != name:
        return decode(path)
    if name not in PHOTOGRAPHS:
        near = get_close_matches(name, PHOTOGRAPHS, n=1)
        raise InputError(
            _("There is no image {name}; give an image file, or one of {known}.").format(
                name=name, known=", ".join(PHOTOGRAPHS)
            )
            + (_(" Did you mean {near!r}?").format(near=near[0]) if near else "")
        )
    from sklearn.datasets import load_sample_image

    return np.ascontiguousarray(load_sample_image(f"{name}.jpg"))


def edge_maps(picture: np.ndarray) -> np.ndarray:
    """Give the responses of Sobel's filter to a picture, in four directions, after ReLU.

    The picture is made grey (ITU-R 601) in 0–1. Padding is `valid`: there are two rows and two
    columns less. A picture larger than `LARGEST` is shrunk first.

    Args:
        picture: `(rows, columns, 1 or 3)` uint8, at least 3×3.

    Returns:
        `(rows, columns, 4)` float32, at least 0; the maps are those named in `EDGES`.

    Raises:
        InputError: For a smaller picture.
    """
    picture = at_most(picture)
    if min(picture.shape[:2]) < 3:
        raise InputError(
            _("A picture must have at least 3×3 pixels to have edges; received {size}.").format(
                size="{}×{}".format(*picture.shape[:2])
            )
        )
    luminance = grey(picture)
    down, across = (ndimage.sobel(luminance, axis=axis)[1:-1, 1:-1] for axis in (0, 1))
    return np.maximum(np.stack([down, -down, across, -across], axis=-1), 0)


def tiles(picture: np.ndarray, rows: int = 4, columns: int = 4) -> list[np.ndarray]:
    """Cut a picture into tiles of one size, row by row; what is left over is dropped.

    Raises:
        InputError: For a picture with fewer pixels than tiles in a direction.
    """
    height, width = picture.shape[0] // rows, picture.shape[1] // columns
    if not height or not width:
        raise InputError(
            _("A picture of {size} pixels cannot be cut into {rows}×{columns} tiles.").format(
                size="{}×{}".format(*picture.shape[:2]), rows=rows, columns=columns
            )
        )
    return [
        picture[top * height : (top + 1) * height, left * width : (left + 1) * width]
        for top in range(rows)
        for left in range(columns)
    ]


def at_most(picture: np.ndarray, longest: int = LARGEST) -> np.ndarray:
    """Shrink a picture with a longer side to it, in proportion; give back any other as it is."""
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return picture
    return images.fit(picture, (max(1, round(height * scale)), max(1, round(width * scale))))


def grey(picture: np.ndarray) -> np.ndarray:
    """Give the luminance (ITU-R 601) of `(rows, columns, 1 or 3)` uint8 as float32 in 0–1."""
    # As television has weighed brightness since ITU-R BT.601; Pillow's grey is the same.
    weights = np.array([0.299, 0.587, 0.114]) if picture.shape[2] == 3 else np.ones(1)
    return np.asarray(picture @ (weights / 255), np.float32)
