"""What happens to images on their way: lost contrast, warping, coarse pixels, JPEG.

Images are `(count, rows, columns, channels)` float32 in 0–1; results may leave that range.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

from evrisim.corruptions.chance import Chance
from evrisim.corruptions.sampling import bilinear


def contrast(images: np.ndarray, share: float, chance: Chance) -> np.ndarray:
    """Leave a share of each value's distance from its channel's mean in the image."""
    mean = images.mean(axis=(1, 2), keepdims=True)
    return (images - mean) * share + mean


def elastic_transform(
    images: np.ndarray, strength: tuple[float, float, float], chance: Chance
) -> np.ndarray:
    """Move three points of an image at random, and then every pixel by a smooth random field.

    Args:
        images: `(count, rows, columns, channels)`.
        strength: how far pixels are moved, how smooth the field is, and how far the three points
            go at most, all in shorter sides of the image.
        chance: where the moves come from.
    """
    shorter = min(images.shape[1:3])
    distance, smoothness, slack = (shorter * share for share in strength)
    moves = slack * (2 * chance.uniform(3, 2) - 1)
    moved = _moved_by_points(images, moves)
    if not distance:
        return moved
    field = 2 * chance.uniform(*images.shape[1:3], 2) - 1
    deviation = (0, smoothness, smoothness, 0)
    field = distance * ndimage.gaussian_filter(field, deviation, mode="reflect", truncate=3)
    rows, columns = np.indices(images.shape[1:3])
    return bilinear(moved, rows + field[..., 0], columns + field[..., 1])


def _moved_by_points(images: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Apply the affine map that takes three corners of a square to where `moves` puts them.

    Args:
        images: `(count, rows, columns, channels)`.
        moves: `(count, 3, 2)` pixels, down and right.
    """
    height, width = images.shape[1:3]
    middle, arm = np.array([height // 2, width // 2]), min(height, width) // 3
    points = middle + arm * np.array([[1, 1], [1, -1], [-1, -1]])
    return bilinear(images, *_read_from(points, points + moves, height, width))


def _read_from(
    points: np.ndarray, moved: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Say where each pixel comes from: its place among the moved points, among the points.

    Returns:
        Rows and columns, `(count, height, width)` each.
    """
    rows, columns = np.indices((height, width))
    corner = moved[:, 1, :, None, None]
    # Both sides that meet in the second point; a pixel is so much of one and of the other.
    one, other = ((moved[:, i] - moved[:, 1])[..., None, None] for i in (0, 2))
    down, right = rows - corner[:, 0], columns - corner[:, 1]
    area = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    first = (down * other[:, 1] - right * other[:, 0]) / area
    second = (one[:, 0] * right - one[:, 1] * down) / area
    start, along, across = points[1], points[0] - points[1], points[2] - points[1]
    found = [start[axis] + first * along[axis] + second * across[axis] for axis in (0, 1)]
    return found[0], found[1]


def pixelate(images: np.ndarray, share: float, chance: Chance) -> np.ndarray:
    """Shrink to a share of the sides by averaging, and enlarge again without smoothing."""
    rows, columns = images.shape[1:3]
    small = max(1, int(columns * share)), max(1, int(rows * share))

    def change(image: Image.Image) -> Image.Image:
        box = Image.Resampling.BOX
        return image.resize(small, box).resize((columns, rows), box)

    return _each(images, change)


def jpeg_compression(images: np.ndarray, quality: int, chance: Chance) -> np.ndarray:
    """Write as JPEG of this quality, 0–100, and read again."""

    def change(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return _each(images, change)


def _each(images: np.ndarray, change: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    """Let Pillow change each image, in whole numbers of 0–255."""
    exact = np.rint(255 * images).astype(np.uint8)
    shown = exact[..., 0] if exact.shape[-1] == 1 else exact
    changed = np.stack([np.asarray(change(Image.fromarray(image))) for image in shown])
    return changed.reshape(images.shape).astype(np.float32) / 255
