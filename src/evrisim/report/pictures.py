"""Pictures for a page that stands alone: figures as inline SVG, images as data addresses."""

import base64
import io
import warnings
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from PIL import Image

from evrisim import images
from evrisim.plots import house

SMALL = 128
"""Images with a shorter side are enlarged in whole pixels, so that each stays visible."""

LARGEST = 256
"""A longer side is brought down to this: a gallery is looked at, not measured."""

DOTS_PER_INCH = 160


@dataclass(frozen=True)
class Drawing:
    """A figure as files and pages want it.

    Attributes:
        name: of the PNG file, without its ending.
        svg: an `<svg>` element for an HTML page.
        png: the bytes of a PNG file with a white background.
    """

    name: str
    svg: Markup
    png: bytes


def drawing(name: str, figure: Figure, alt: str) -> Drawing:
    """Draw a figure once as SVG, described by `alt`, and once as PNG."""
    content = png(figure)
    figure.set_layout_engine("none")  # found once: the SVG keeps the places of the PNG
    return Drawing(name, _svg(name, figure, alt), content)


def _svg(name: str, figure: Figure, alt: str) -> Markup:
    nothing: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    file = io.BytesIO()
    _save(figure, file, format="svg", metadata=nothing, transparent=True)
    root = ElementTree.fromstring(file.getvalue())
    for element in root.iter():
        element.tag = _local(element.tag)
        for key, value in list(element.attrib.items()):
            del element.attrib[key]
            element.set(_local(key), _fitted(key, value, name))
    root.attrib = {"viewBox": root.get("viewBox", ""), "role": "img", "aria-label": alt}
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _local(name: str) -> str:
    """Drop the name space: within HTML it is understood."""
    return name.rpartition("}")[2]


def _fitted(key: str, value: str, name: str) -> str:
    """Fit an attribute to a page: ids of all figures in one name space, ink as the page's text."""
    if key == "id":
        return f"{name}-{value}"
    if _local(key) == "href" and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    return value.replace("url(#", f"url(#{name}-").replace(house.INK, "currentColor")


def png(figure: Figure) -> bytes:
    """Draw a figure as a PNG file with a white background."""
    file = io.BytesIO()
    _save(figure, file, format="png", dpi=DOTS_PER_INCH, facecolor="white")
    return file.getvalue()


def _save(figure: Figure, file: io.BytesIO, **how: Any) -> None:
    with matplotlib.rc_context(house.style()), warnings.catch_warnings():
        # Class names come in every script; the page's own fonts have what this one lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(file, **how)


def data_address(picture: np.ndarray, *, photograph: bool = False) -> str:
    """Give an image, `(height, width, 1 or 3)` uint8, as an address that holds it whole.

    What is drawn in few pixels goes as PNG and keeps each of them; photographs, and what is smooth
    as they are, go as JPEG.
    """
    shown = Image.fromarray(np.ascontiguousarray(np.broadcast_to(picture, (*picture.shape[:2], 3))))
    file = io.BytesIO()
    if max(shown.size) <= SMALL and not photograph:
        shown.save(file, format="PNG", optimize=True)
        kind = "png"
    else:
        shown.save(file, format="JPEG", quality=90)
        kind = "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def sized(picture: np.ndarray) -> np.ndarray:
    """Bring an image to the size of a gallery: small ones by whole pixels, large ones averaged."""
    height, width = picture.shape[:2]
    factor = SMALL // max(height, width)
    if factor > 1:
        return picture.repeat(factor, axis=0).repeat(factor, axis=1)
    scale = min(1.0, LARGEST / max(height, width))
    return images.fit(picture, (max(1, round(height * scale)), max(1, round(width * scale))))


def with_heat(picture: np.ndarray, heat: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Lay a heat map over an image at the size of a gallery, the object's outline in white.

    Args:
        picture: `(height, width, 1 or 3)` uint8.
        heat: `(rows, columns)` numbers of at least 0; the largest gets the brightest colour.
        mask: `(height, width)` bool, or None.
    """
    base = sized(picture)
    top = float(heat.max())
    mixed = images.overlay(base, heat / top if top > 0 else np.zeros_like(heat), strength=0.6)
    if mask is not None:
        mixed[_outline(mask, (mixed.shape[0], mixed.shape[1]))] = 255
    return mixed


def _outline(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Give the rim of a mask at another size, one pixel wide, bool."""
    rows = np.arange(size[0]) * mask.shape[0] // size[0]
    columns = np.arange(size[1]) * mask.shape[1] // size[1]
    large = np.pad(np.asarray(mask, bool)[rows][:, columns], 1)
    inner = large[:-2, 1:-1] & large[2:, 1:-1] & large[1:-1, :-2] & large[1:-1, 2:]
    return np.asarray(large[1:-1, 1:-1] & ~inner)
