"""How files begin: the signatures of image types, and of what is often taken for an image."""

from evrisim.messages import translate as _


def unidentified(start: bytes) -> str:
    """Say in half a sentence what a file is that no decoder knows, from its first bytes."""
    named = signature(start)
    if named is not None:
        return _("it begins like {kind} but its header is damaged").format(kind=named)
    start = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginning, kind in _NOT_IMAGES:
        if start.startswith(beginning) or (kind == "HEIC" and beginning in start[4:12]):
            return _("its content is {kind}, which is not read here").format(kind=kind)
    return _("its content is no image of a known kind")


_NOT_IMAGES = (
    (b"<svg", "SVG"), (b"<!doctype html", "HTML"), (b"<html", "HTML"), (b"<?xml", "SVG/XML"),
    (b"%pdf", "PDF"), (b"%!ps", "PostScript"), (b"pk\x03\x04", "ZIP"), (b"\x1f\x8b", "GZIP"),
    (b"ftypheic", "HEIC"), (b"ftypheix", "HEIC"), (b"ftypmif1", "HEIC"), (b"ftypmsf1", "HEIC"),
)  # fmt: skip

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF8", "GIF"), (b"BM", "BMP"),
    (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"), (b"II+\0", "TIFF"), (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  ", "JPEG2000"), (b"\xff\x4f\xff\x51", "JPEG2000"), (b"qoif", "QOI"),
    (b"8BPS", "PSD"), (b"DDS ", "DDS"), (b"icns", "ICNS"),
)  # fmt: skip


def signature(start: bytes) -> str | None:
    """Give the image type that the first bytes of a file announce, or None.

    Example:
        >>> signature(b"GIF89a"), signature(b"hello")
        ('GIF', None)
    """
    for beginning, kind in _SIGNATURES:
        if start.startswith(beginning):
            return kind
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    return "AVIF" if start[4:12] in (b"ftypavif", b"ftypavis") else None
