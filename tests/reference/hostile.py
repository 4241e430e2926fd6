"""Some two hundred odd and hostile image files, made by code, each with what must come of it.

A case with `truth` must be read to those pixels (within `tolerance` on average); a case without
must be refused. `either` marks files where both are right: a cut at a point where all pixels are
already there, for example. `unknowable` marks damage that no decoder can see.
"""

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[Path], None]
    truth: np.ndarray | None = None
    tolerance: float = 0.0
    either: bool = False
    unknowable: bool = False
    says: str = ""


def picture(height: int = 24, width: int = 32) -> np.ndarray:
    """A picture that no mirroring, turning or swap of channels leaves as it is."""
    y, x = np.mgrid[:height, :width]
    red, green = 255 * x // (width - 1), 255 * y // (height - 1)
    blue = np.where((x < width // 3) & (y < height // 3), 255, 40)
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def grey(image: np.ndarray) -> np.ndarray:
    return np.repeat(image[:, :, None], 3, axis=2)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(height: int, width: int, depth: int, colour: int, rows: bytes, *more: bytes) -> bytes:
    """A PNG written by hand: `rows` are unfiltered samples, row by row."""
    stride = len(rows) // height if height else 0
    raw = b"".join(b"\0" + rows[i * stride : (i + 1) * stride] for i in range(height))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bomb(height: int, width: int) -> bytes:
    """A PNG of one bit a pixel that claims, and really holds, a huge black picture."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    body = b"".join(packer.compress(row * 64) for _ in range(height // 64 + 1)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def all_cases() -> list[Case]:
    makers = (
        _modes, _palettes, _inks, _wide, _narrow_and_real, _formats, _endings, _orientations,
        _truncated, _damaged, _no_images, _bombs, _animated, _metadata, _not_files,
    )  # fmt: skip
    cases = [case for maker in makers for case in maker()]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def _file(name: str, content: bytes, truth: np.ndarray | None = None, **more: object) -> Case:
    return Case(name, lambda path: path.write_bytes(content) and None, truth, **more)


def _modes() -> Iterator[Case]:
    rgb = picture()
    alpha = np.broadcast_to(np.linspace(0, 255, 32).astype(np.uint8), (24, 32))
    over = np.rint(
        (rgb * (alpha[..., None] / 255.0)) + 255 * (1 - alpha[..., None] / 255.0)
    ).astype(np.uint8)
    level = rgb[:, :, 0]
    grey_over = grey(np.rint(level * (alpha / 255.0) + 255 * (1 - alpha / 255.0)).astype(np.uint8))
    rgba = np.dstack([rgb, alpha])
    la = np.dstack([level, alpha])
    for kind, end in (("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")):
        more = {"lossless": True, "exact": True} if kind == "WEBP" else {}
        rgba_file = encoded(Image.fromarray(rgba), kind, **more)
        yield _file(f"rgba.{end}", rgba_file, over, tolerance=0.6)
        if kind != "WEBP":
            yield _file(f"grey.{end}", encoded(Image.fromarray(level), kind), grey(level))
            yield _file(f"la.{end}", encoded(Image.fromarray(la), kind), grey_over, tolerance=0.6)
        bits = (level > 100).astype(np.uint8) * 255
        one = Image.fromarray(bits).convert("1")
        if kind != "WEBP":
            yield _file(f"one-bit.{end}", encoded(one, kind), grey(bits))


def _palettes() -> Iterator[Case]:
    index = (np.indices((24, 32)).sum(axis=0) % 4).astype(np.uint8)
    colours = np.array([[255, 0, 0], [0, 128, 0], [0, 0, 64], [9, 9, 9]], np.uint8)
    palette = Image.frombytes("P", (32, 24), index.tobytes())
    palette.putpalette(colours.ravel().tolist())
    white_first = colours.copy()
    white_first[0] = 255
    for kind, end in (
        ("PNG", "png"),
        ("GIF", "gif"),
        ("BMP", "bmp"),
        ("TIFF", "tif"),
        ("PCX", "pcx"),
    ):
        yield _file(f"palette.{end}", encoded(palette, kind), colours[index])
    for kind, end in (("PNG", "png"), ("GIF", "gif")):
        yield _file(
            f"palette-clear.{end}", encoded(palette, kind, transparency=0), white_first[index]
        )
    partly = encoded(palette, "PNG", transparency=bytes([0, 255, 255, 255]))
    yield _file("palette-alpha-table.png", partly, white_first[index])


def _inks() -> Iterator[Case]:
    rgb = picture()
    level = rgb[:, :, 0]
    clear = grey(np.where(level == level[0, 5], 255, level).astype(np.uint8))
    keyed = png(24, 32, 8, 0, level.tobytes(), chunk(b"tRNS", struct.pack(">H", level[0, 5])))
    yield _file("grey-clear.png", keyed, clear)
    cmyk = np.dstack([rgb, np.full((24, 32), 30, np.uint8)])
    ink = cmyk.astype(float)
    paper = np.rint((255 - ink[..., :3]) * (255 - ink[..., 3:]) / 255).astype(np.uint8)
    cmyk_image = Image.frombytes("CMYK", (32, 24), cmyk.tobytes())
    yield _file("cmyk.tif", encoded(cmyk_image, "TIFF"), paper, tolerance=0.6)
    cmyk_jpeg = encoded(cmyk_image, "JPEG", quality=98, subsampling=0)
    yield _file("cmyk.jpg", cmyk_jpeg, paper, tolerance=4)
    ycc = encoded(Image.fromarray(rgb), "JPEG", quality=98, subsampling=0, progressive=True)
    yield _file("progressive.jpg", ycc, rgb, tolerance=4)


def _wide() -> Iterator[Case]:
    """More than 8 bits: scaled, never clipped."""
    deep = np.linspace(0, 65535, 24 * 32).astype(np.uint16).reshape(24, 32)
    high = (deep >> 8).astype(np.uint8)
    yield _file("grey16.png", png(24, 32, 16, 0, deep.astype(">u2").tobytes()), grey(high))
    rgb16 = np.stack([deep, deep[::-1], deep[:, ::-1]], axis=-1)
    rgb8 = (rgb16 >> 8).astype(np.uint8)
    yield _file("rgb16.png", png(24, 32, 16, 2, rgb16.astype(">u2").tobytes()), rgb8)
    opaque = np.full((24, 32, 1), 65535, np.uint16)
    la16 = np.concatenate([deep[..., None], opaque], axis=2).astype(">u2")
    yield _file("la16.png", png(24, 32, 16, 4, la16.tobytes()), grey(high))
    rgba16 = np.concatenate([rgb16, opaque], axis=2).astype(">u2")
    yield _file("rgba16.png", png(24, 32, 16, 6, rgba16.tobytes()), rgb8)
    key = chunk(b"tRNS", struct.pack(">H", deep[3, 3]))
    cleared = np.where(deep == deep[3, 3], 255, high).astype(np.uint8)
    keyed = png(24, 32, 16, 0, deep.astype(">u2").tobytes(), key)
    yield _file("grey16-clear.png", keyed, grey(cleared))
    yield _file("grey16.tif", encoded(Image.fromarray(deep), "TIFF"), grey(high))
    yield _file("grey16-big-endian.tif", tiff16(deep, ">"), grey(high))
    yield _file("grey16-by-hand.tif", tiff16(deep, "<"), grey(high))
    yield _file("grey16.pgm", b"P5 32 24 65535\n" + deep.astype(">u2").tobytes(), grey(high))
    yield _file("grey16.jp2", encoded(Image.fromarray(deep), "JPEG2000"), grey(high))


def _narrow_and_real() -> Iterator[Case]:
    for depth in (1, 2, 4):
        levels = (np.indices((24, 32)).sum(axis=0) % 2**depth).astype(np.uint8)
        per = 8 // depth
        grouped = levels.reshape(24, -1, per)
        shifts = np.arange(per)[::-1] * depth
        packed = (grouped << shifts).sum(axis=2).astype(np.uint8)
        scaled = grey((levels * (255 // (2**depth - 1))).astype(np.uint8))
        yield _file(f"grey{depth}.png", png(24, 32, depth, 0, packed.tobytes()), scaled)
    real = Image.fromarray(np.linspace(0, 1, 24 * 32, dtype=np.float32).reshape(24, 32))
    yield _file("float.tif", encoded(real, "TIFF"), says="32-bit")
    whole = Image.fromarray(np.arange(24 * 32, dtype=np.int32).reshape(24, 32))
    yield _file("int32.tif", encoded(whole, "TIFF"), says="32-bit")
    yield _file("float.pfm.ppm", b"Pf\n32 24\n-1.0\n" + bytes(4 * 24 * 32), says="32-bit")


def tiff16(image: np.ndarray, order: str) -> bytes:
    """A one-strip TIFF of 16-bit grey, written by hand in either byte order."""
    height, width = image.shape
    fields = [(256, width), (257, height), (258, 16), (259, 1), (262, 1), (273, 0), (277, 1),
              (278, height), (279, image.nbytes)]  # fmt: skip
    start = 8 + 2 + 12 * len(fields) + 4
    entries = b""
    for tag, value in fields:
        entries += struct.pack(order + "HHI", tag, 4, 1)
        entries += struct.pack(order + "I", start if tag == 273 else value)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    head = magic + struct.pack(order + "IH", 8, len(fields))
    return head + entries + bytes(4) + image.astype(order + "u2").tobytes()


# Format, ending, how far the pixels may be off on average, options of the encoder.
LOSSLESS = (
    ("PNG", "png", 0, {}), ("BMP", "bmp", 0, {}), ("TIFF", "tif", 0, {}),
    ("WEBP", "webp", 0, {"lossless": True}), ("PPM", "ppm", 0, {}), ("TGA", "tga", 0, {}),
    ("SGI", "sgi", 0, {}), ("PCX", "pcx", 0, {}), ("DIB", "dib", 0, {}),
    ("JPEG2000", "jp2", 0, {}), ("DDS", "dds", 0, {}),
)  # fmt: skip
LOSSY = (
    ("JPEG", "jpg", 4, {"quality": 95, "subsampling": 0}),
    ("WEBP", "lossy.webp", 12, {"quality": 95}),
    ("AVIF", "avif", 12, {"quality": 95}), ("MPO", "mpo", 4, {"quality": 95, "subsampling": 0}),
)  # fmt: skip


def _formats() -> Iterator[Case]:
    rgb = picture()
    image = Image.fromarray(rgb)
    for kind, end, tolerance, options in LOSSLESS + LOSSY:
        content = encoded(image, kind, **options)
        yield _file(f"plain.{end}", content, rgb, tolerance=tolerance)
    for how in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield _file(f"{how}.tif", encoded(image, "TIFF", compression=how), rgb)
    yield _file("run-length.tga", encoded(image, "TGA", compression="tga_rle"), rgb)
    square = picture(32, 32)
    yield _file("icon.ico", encoded(Image.fromarray(square), "ICO", sizes=[(32, 32)]), square)
    bits = (rgb[:, :, 0] > 100).astype(np.uint8) * 255
    xbm = encoded(Image.fromarray(bits).convert("1"), "XBM")
    yield _file("plain.xbm", xbm, grey(bits))
    numbers = " ".join(map(str, rgb.ravel()))
    yield _file("text.ppm", b"P3 32 24 255\n" + numbers.encode() + b"\n", rgb)
    yield _file("one-pixel.png", png(1, 1, 8, 2, b"\1\2\3"), np.array([[[1, 2, 3]]], np.uint8))


def _endings() -> Iterator[Case]:
    """The content counts, whatever the name says."""
    rgb = picture()
    image = Image.fromarray(rgb)
    for kind, end, tolerance, options in LOSSLESS[:5] + LOSSY[:3]:
        content = encoded(image, kind, **options)
        for other in ("jpg", "png", "gif", "JPEG"):
            yield _file(f"really-{end}.{other}", content, rgb, tolerance=tolerance)


def turned(rgb: np.ndarray, orientation: int) -> np.ndarray:
    """What a camera stores so that the orientation tag makes it `rgb` again."""
    stored = {
        1: rgb, 2: rgb[:, ::-1], 3: rgb[::-1, ::-1], 4: rgb[::-1], 5: rgb.transpose(1, 0, 2),
        6: np.rot90(rgb, 1), 7: rgb[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(rgb, -1),
    }  # fmt: skip
    return np.ascontiguousarray(stored[orientation])


def _orientations() -> Iterator[Case]:
    rgb = picture()
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = Image.fromarray(turned(rgb, orientation))
        for kind, end, options in (
            ("JPEG", "jpg", {"quality": 97, "subsampling": 0}),
            ("PNG", "png", {}),
            ("WEBP", "webp", {"lossless": True}),
            ("TIFF", "tif", {}),
        ):
            content = encoded(image, kind, exif=exif, **options)
            yield _file(
                f"orientation-{orientation}.{end}", content, rgb, tolerance=4 * (kind == "JPEG")
            )


def _truncated() -> Iterator[Case]:
    """Cut short: refused, or every pixel is right."""
    rgb = picture()
    image = Image.fromarray(rgb)
    for kind, end, tolerance, options in LOSSLESS[:8] + LOSSY[:3]:
        content = encoded(image, kind, **options)
        for share in (0.02, 0.3, 0.6, 0.9):
            cut = content[: max(1, int(share * len(content)))]
            yield _file(f"cut-{share}.{end}", cut, rgb, tolerance=tolerance, either=True)
        yield _file(f"cut-last-two.{end}", content[:-2], rgb, tolerance=tolerance, either=True)
    gif = encoded(image.quantize(8), "GIF")
    for share in (0.02, 0.3, 0.6, 0.9):
        yield _file(f"cut-{share}.gif", gif[: int(share * len(gif))])


def _damaged() -> Iterator[Case]:
    rgb = picture()
    whole = encoded(Image.fromarray(rgb), "PNG")
    jpeg = encoded(Image.fromarray(rgb), "JPEG", quality=95)
    for share in (0.4, 0.5, 0.6, 0.7):
        place = int(share * len(whole))
        hole = whole[:place] + bytes(8) + whole[place + 8 :]
        yield _file(f"zeroed-{share}.png", hole)
        place = int(share * len(jpeg))
        hole = jpeg[:place] + bytes(20) + jpeg[place + 20 :]
        yield _file(f"zeroed-{share}.jpg", hole, unknowable=True)
    yield _file("bad-crc-header.png", whole[:29] + b"\0\0\0\0" + whole[33:])
    at = whole.index(b"IDAT") + 10
    yield _file("bad-crc-pixels.png", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    yield _file("trailing.jpg", jpeg + b"garbage" * 100, rgb, tolerance=8)
    yield _file("trailing.png", whole + b"garbage" * 100, rgb)
    yield _file("no-size.png", png(0, 0, 8, 2, b""))
    yield _file("no-height.png", png(0, 4, 8, 2, b""))
    yield _file("too-few-rows.png", png(24, 32, 8, 2, b"")[:-1])


def _no_images() -> Iterator[Case]:
    for end in ("jpg", "png", "gif", "webp", "tif", "bmp", "tga", "avif"):
        yield _file(f"empty.{end}", b"", says="empty")
    texts = {
        "text": b"just some text\n" * 40,
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "html": b"<!DOCTYPE html><html><body>404</body></html>",
        "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        "zip": b"PK\x03\x04" + bytes(60),
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60),
        "zeros": bytes(4000),
        "ones": b"\xff" * 4000,
    }
    for kind, content in texts.items():
        yield _file(f"{kind}.png", content, says="PDF" if kind == "pdf" else "")
        yield _file(f"{kind}-too.jpg", content, says="HEIC" if kind == "heic" else "")
    noise = np.random.default_rng(0)
    for number in range(6):
        yield _file(f"noise-{number}.jpg", noise.bytes(2000))
    for kind, start in (
        ("jpg", b"\xff\xd8\xff\xe0"),
        ("png", b"\x89PNG\r\n\x1a\n"),
        ("gif", b"GIF89a"),
    ):
        yield _file(f"only-a-signature.{kind}", start)
        yield _file(f"signature-and-noise.{kind}", start + noise.bytes(500))


def _bombs() -> Iterator[Case]:
    yield _file("bomb-164-megapixels.png", bomb(12_800, 12_800), says="million")
    yield _file("bomb-419-megapixels.png", bomb(20_480, 20_480), says="million")
    claims = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0)
    yield _file("claims-everything.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", claims))
    gif = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b";"
    yield _file("claims-four-gigapixels.gif", gif)
    canvas = b"VP8X" + struct.pack("<II", 10, 2) + b"\xff\x3f\0\xff\x3f\0" + b"ANIM" + bytes(10)
    yield _file("claims-much.webp", b"RIFF" + struct.pack("<I", len(canvas) + 4) + b"WEBP" + canvas)
    yield _file(
        "claims-much.bmp", b"BM" + struct.pack("<IIIIiiHH", 100, 0, 54, 40, 60_000, 60_000, 1, 24)
    )
    strip = np.zeros((60_000, 1), np.uint8)
    yield _file("strip-tall.png", png(60_000, 1, 8, 0, strip.tobytes()), grey(strip))
    yield _file("strip-wide.png", png(1, 60_000, 8, 0, strip.tobytes()), grey(strip.T))
    text = chunk(b"zTXt", b"note\0\0" + zlib.compress(b"a" * 50_000_000))
    yield _file(
        "text-50-megabytes.png",
        png(24, 32, 8, 2, picture().tobytes(), text),
        picture(),
        either=True,
    )
    yield _file("frames-10000.gif", gif_of_many_frames(10_000), grey(np.zeros((2, 2), np.uint8)))


def gif_of_many_frames(count: int) -> bytes:
    first = encoded(Image.new("P", (2, 2)), "GIF")
    frame = first[first.index(b",\0\0\0\0\2\0\2\0") : -1]
    return first[:-1] + frame * (count - 1) + b";"


def _animated() -> Iterator[Case]:
    rgb = picture()
    later = [Image.fromarray(rgb[::-1].copy()), Image.new("RGB", (32, 24))]
    for kind, end in (("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")):
        options = {"lossless": True} if kind == "WEBP" else {}
        content = encoded(Image.fromarray(rgb), kind, save_all=True, append_images=later, **options)
        yield _file(f"animated.{end}", content, rgb)
    shades = Image.fromarray(rgb[:, :, 0])
    frames = [Image.new("L", (32, 24), 7)]
    gif = encoded(shades, "GIF", save_all=True, append_images=frames)
    yield _file("animated.gif", gif, grey(rgb[:, :, 0]))


def _metadata() -> Iterator[Case]:
    """Metadata may be nonsense; the picture is whole."""
    rgb = picture()
    plain = encoded(Image.fromarray(rgb), "JPEG", quality=95, subsampling=0)
    blocks = {
        "garbage": b"Exif\0\0" + b"\xde\xad\xbe\xef" * 30,
        "empty": b"Exif\0\0",
        "enormous": b"Exif\0\0MM\0*\0\0\0\x08" + b"\xff" * 65_000,
        "far-offset": b"Exif\0\0MM\0*\xff\xff\xff\xff",
        "division-by-zero": _exif(0x011A, 5, struct.pack(">II", 72, 0)),
        "orientation-99": _exif(0x0112, 3, struct.pack(">HH", 99, 0)),
        "orientation-text": _exif(0x0112, 2, b"six\0"),
        "many-entries": b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\0\x02\0\0\0\x04" * 900,
        "loop": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\x08",
    }
    for name, block in blocks.items():
        segment = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
        yield _file(f"exif-{name}.jpg", plain[:2] + segment + plain[2:], rgb, tolerance=4)
        in_png = png(24, 32, 8, 2, rgb.tobytes(), chunk(b"eXIf", block[6:]))
        yield _file(f"exif-{name}.png", in_png, rgb)
    huge = chunk(b"eXIf", b"MM\0*\0\0\0\x08" + bytes(5_000_000))
    yield _file("exif-five-megabytes.png", png(24, 32, 8, 2, rgb.tobytes(), huge), rgb)
    many = (b"\xff\xe1" + struct.pack(">H", 65_002) + b"Exif\0\0" + bytes(64_994)) * 40
    yield _file("exif-forty-segments.jpg", plain[:2] + many + plain[2:], rgb, tolerance=4)
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile at all"))
    yield _file("profile-garbage.png", png(24, 32, 8, 2, rgb.tobytes(), profile), rgb)


def _exif(tag: int, kind: int, value: bytes) -> bytes:
    inline = value if len(value) <= 4 else struct.pack(">I", 26)
    count = len(value) if kind == 2 else 1
    entry = struct.pack(">HHI", tag, kind, count) + inline.ljust(4, b"\0")
    tail = value if len(value) > 4 else b""
    return b"Exif\0\0MM\0*\0\0\0\x08\0\1" + entry + bytes(4) + tail


def _not_files() -> Iterator[Case]:
    yield Case("folder.jpg", lambda path: path.mkdir(), says="folder")
    yield Case("pipe.png", os.mkfifo, says="pipe")
    yield Case("link-to-nothing.png", lambda path: path.symlink_to("nowhere"), says="no such file")
    yield Case("link-to-itself.png", lambda path: path.symlink_to(path.name), says="link")
