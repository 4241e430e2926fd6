"""Copies among images: the same pixels, and the same picture re-encoded, resized or turned."""

import hashlib
from collections.abc import Iterator

import numpy as np

# Distances between brightness- and contrast-free pictures, where 0 is the same and 1.41 unrelated.
# On 60,000 photographs of 32x32 pixels, pairs below these were copies to the eye; above them,
# different ships on the same sea begin.
COARSE = 0.2
FINE = 0.25

# Below this spread of grey levels a picture is nearly one colour: only equal pixels make a copy.
_FLAT = 2.5

_COARSE_SIDE, _FINE_SIDE = 8, 16
_NEIGHBOURS = 16
_CHUNK = 2048


def exact_groups(images: np.ndarray) -> np.ndarray:
    """Number the images so that those with the same pixels have the same number.

    Args:
        images: `(count, height, width, channels)` uint8.

    Returns:
        `(count,)` int64 from 0, in order of first appearance.

    Example:
        >>> exact_groups(np.array([7, 9, 7], np.uint8).reshape(3, 1, 1, 1)).tolist()
        [0, 1, 0]
    """
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(_digest(image), len(first)) for image in images], np.int64)


def near_pairs(images: np.ndarray) -> np.ndarray:
    """Find pairs of images that show the same picture, also re-encoded, resized, mirrored, turned.

    Every picture is reduced to 8x8 grey levels without mean and contrast. Pairs closer than
    `COARSE` are looked up in a k-d tree over the leading principal components, which can
    only shorten a distance and so loses no pair; each is then compared at 16x16 in colour
    (`FINE`). A second pass does the same after turning every picture so that it is brightest to
    the right and below. Of very many alike pictures each is paired with its nearest 16.

    Args:
        images: `(count, height, width, channels)` uint8, one or three channels.

    Returns:
        `(pairs, 2)` int64 indices, the smaller first, sorted. Pictures of nearly one colour are
        left out, and of images with the same pixels only the first takes part.
    """
    _groups, firsts = np.unique(exact_groups(images), return_index=True)
    rows = np.sort(firsts)
    coarse = _coarse(images, rows)
    kept = coarse.reshape(len(rows), -1).std(axis=1) >= _FLAT
    rows, coarse = rows[kept], coarse[kept]
    if len(rows) < 2:
        return np.empty((0, 2), np.int64)
    upright = np.zeros(len(rows), np.int64)
    found = []
    for turns in (upright, _turns(coarse)):
        pairs = _close(_unit(_turned(coarse, turns)))
        found.append(rows[pairs[_confirmed(images, rows, turns, pairs)]])
    return np.unique(np.concatenate(found), axis=0)


def join(groups: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Unite groups that a pair connects.

    Args:
        groups: `(count,)` group numbers.
        pairs: `(pairs, 2)` indices.

    Returns:
        `(count,)` int64 group numbers from 0.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    firsts = np.unique(groups, return_index=True)[1][np.unique(groups, return_inverse=True)[1]]
    left = np.concatenate([np.arange(len(groups)), pairs[:, 0]])
    right = np.concatenate([firsts, pairs[:, 1]])
    links = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(len(groups),) * 2)
    return connected_components(links, directed=False)[1].astype(np.int64)


def members(groups: np.ndarray) -> Iterator[np.ndarray]:
    """Give the indices of each group of two or more, by their first member."""
    order = np.argsort(groups, kind="stable")
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    parts = [part for part in np.split(order, ends) if len(part) > 1]
    yield from sorted(parts, key=lambda part: int(part[0]))


def _digest(image: np.ndarray) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest()


def _coarse(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Reduce to `(count, 8, 8)` grey levels without their mean."""
    parts = [np.empty((0, _COARSE_SIDE, _COARSE_SIDE), np.float32)]
    for start in range(0, len(rows), _CHUNK):
        part = _averaged(images[rows[start : start + _CHUNK]], _COARSE_SIDE)
        parts.append(part @ _GREY if part.shape[-1] == 3 else part[..., 0])
    grey = np.concatenate(parts)
    return grey - grey.mean(axis=(1, 2), keepdims=True)


# Rec. 601 luma, as Pillow's "L".
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def _averaged(images: np.ndarray, side: int) -> np.ndarray:
    """Average `(count, height, width, channels)` over a grid of `side` x `side` cells."""
    down = _cells(images.shape[1], side)
    across = _cells(images.shape[2], side)
    return np.einsum(
        "ih,nhwc,jw->nijc", down, images.astype(np.float32), across, optimize=True
    ).astype(np.float32)


def _cells(pixels: int, side: int) -> np.ndarray:
    """Give the `(side, pixels)` matrix that averages pixels over cells, by the area they share."""
    edges = np.arange(side + 1) * pixels / side
    start = np.arange(pixels)
    shared = np.minimum(edges[1:, None], start + 1) - np.maximum(edges[:-1, None], start)
    return (np.clip(shared, 0, None) * side / pixels).astype(np.float32)


def _turns(grey: np.ndarray) -> np.ndarray:
    """Say how to turn each picture so that it is brightest to the right and, less so, below.

    Bit 0: mirror left-right; bit 1: mirror top-bottom; bit 2: then swap rows and columns. All
    eight mirrored and quarter-turned versions of a picture end up the same.
    """
    ramp = np.arange(grey.shape[1]) - (grey.shape[1] - 1) / 2
    right = (grey * ramp).sum(axis=(1, 2))
    below = (grey * ramp[:, None]).sum(axis=(1, 2))
    return (right < 0) + 2 * (below < 0) + 4 * (np.abs(below) > np.abs(right))


def _turned(pictures: np.ndarray, turns: np.ndarray) -> np.ndarray:
    turned = pictures.copy()
    for bit, turn in ((1, _mirror), (2, _flip), (4, _transpose)):
        chosen = (turns & bit) > 0
        turned[chosen] = turn(turned[chosen])
    return turned


def _mirror(pictures: np.ndarray) -> np.ndarray:
    return pictures[:, :, ::-1]


def _flip(pictures: np.ndarray) -> np.ndarray:
    return pictures[:, ::-1]


def _transpose(pictures: np.ndarray) -> np.ndarray:
    return pictures.swapaxes(1, 2)


def _unit(pictures: np.ndarray) -> np.ndarray:
    """Flatten, take out the mean and bring to length 1; a picture of one colour becomes 0."""
    flat = pictures.reshape(len(pictures), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def _close(vectors: np.ndarray) -> np.ndarray:
    """Find pairs of rows at most `COARSE` apart, each row with its nearest few."""
    from scipy.spatial import cKDTree

    _sizes, axes = np.linalg.eigh(vectors.T @ vectors)
    # 16 of 64 components: fewer let too many false pairs through, more slow the tree down.
    points = vectors @ axes[:, ::-1][:, :16]
    count = min(_NEIGHBOURS + 1, len(vectors))
    reach, near = cKDTree(points).query(points, k=count, distance_upper_bound=COARSE, workers=-1)
    first = np.repeat(np.arange(len(vectors)), count)
    second = near.ravel()
    pairs = np.stack([first, second], axis=1)[np.isfinite(reach.ravel()) & (first != second)]
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    apart = np.linalg.norm(vectors[pairs[:, 0]] - vectors[pairs[:, 1]], axis=1)
    return pairs[apart <= COARSE]


def _confirmed(
    images: np.ndarray, rows: np.ndarray, turns: np.ndarray, pairs: np.ndarray
) -> np.ndarray:
    """Compare candidate pairs at 16x16 in colour."""
    agree = np.zeros(len(pairs), bool)
    for start in range(0, len(pairs), _CHUNK):
        part = pairs[start : start + _CHUNK]
        left, right = (
            _unit(_turned(_averaged(images[rows[side]], _FINE_SIDE), turns[side]))
            for side in (part[:, 0], part[:, 1])
        )
        agree[start : start + _CHUNK] = np.linalg.norm(left - right, axis=1) <= FINE
    return agree
