"""The images of a data set that excite a feature map most, and where in them it fires."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np

from evrisim._validate import InputError, check_whole
from evrisim.cost import Field
from evrisim.features.layers import LayerCall, find_layers
from evrisim.features.strength import MEASURES, Strength, Tally, tally
from evrisim.features.watching import watched
from evrisim.inference import check_images
from evrisim.messages import translate as _

Progress = Callable[[int, int], None]
Box = Callable[[tuple[int, int], tuple[int, int], tuple[int, int]], tuple[int, int, int, int]]
"""From a place `(row, column)` in a map, the map's `(rows, columns)` and the image's `(height,
width)` to the pixels it stands for, `(top, left, bottom, right)`, the last two exclusive."""


@dataclass(frozen=True, eq=False)
class Exciting:
    """The images that excite maps of one layer most.

    Attributes:
        layer: path of the layer; of a shared one also which call: `conv@2`.
        maps: `(m,)` int64, the numbers of the maps.
        images: `(m, count)` int64, numbers of the images, the most exciting first.
        values: `(m, count)` float32, how much each excites the map: the largest value in it.
        places: `(m, count, 2)` int64, row and column of that value in the map.
        map_size: `(rows, columns)` of the maps.
        image_size: `(height, width)` of the images.
        seen: number of images looked at.
        strengths: of all maps of the layer over all images seen, by each of `MEASURES`.
    """

    layer: str
    maps: np.ndarray
    images: np.ndarray
    values: np.ndarray
    places: np.ndarray
    map_size: tuple[int, int]
    image_size: tuple[int, int]
    seen: int
    strengths: dict[str, Strength]

    def boxes(self, box: Box | None = None) -> np.ndarray:
        """Give the pixels that each place stands for.

        Args:
            box: how a place becomes pixels; None for `cell_share`.

        Returns:
            `(m, count, 4)` int64: top, left, bottom, right, the last two exclusive.
        """
        found = [
            (box or cell_share)((int(row), int(column)), self.map_size, self.image_size)
            for row, column in self.places.reshape(-1, 2)
        ]
        return np.array(found, np.int64).reshape(*self.places.shape[:2], 4)


@dataclass(frozen=True, eq=False)
class _Top:
    """The best so far: `(maps, kept)` each, the best first."""

    values: np.ndarray
    images: np.ndarray
    places: np.ndarray  # flat: row * columns + column

    def merged(self, other: "_Top", count: int) -> "_Top":
        """Keep the best of both; of equal ones the earlier image."""
        values = np.concatenate([self.values, other.values], axis=1)
        best = np.argsort(-values, axis=1, kind="stable")[:, :count]
        both = [(self.images, other.images), (self.places, other.places)]
        rest = [np.take_along_axis(np.concatenate(pair, axis=1), best, axis=1) for pair in both]
        return _Top(np.take_along_axis(values, best, axis=1), *rest)


def cell_share(
    place: tuple[int, int], map_size: tuple[int, int], image_size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Give the pixels of an image that lie under one cell of a map laid over it.

    They are the cell's share of the image, not what it can see: its receptive field is larger.

    Example:
        >>> cell_share((1, 0), (2, 4), (8, 8))
        (4, 0, 8, 2)
    """
    (row, column), (rows, columns), (height, width) = place, map_size, image_size
    return (
        row * height // rows,
        column * width // columns,
        -(-(row + 1) * height // rows),
        -(-(column + 1) * width // columns),
    )


def seen_by(field: Field) -> Box:
    """Make the box of a place the pixels that it can see, of `cost.receptive_fields`.

    A layer whose field is not known, or no window, gets `cell_share` in its place.
    """
    if None in field.size:
        return cell_share

    def box(
        place: tuple[int, int], map_size: tuple[int, int], image_size: tuple[int, int]
    ) -> tuple[int, int, int, int]:
        sides = zip((field.rows, field.columns), place, image_size, strict=True)
        (top, bottom), (left, right) = (_inside(*side.seen(at), end) for side, at, end in sides)
        return top, left, bottom, right

    return box


def _inside(first: int, last: int, end: int) -> tuple[int, int]:
    return max(0, first), min(end, last + 1)


def most_exciting(
    model: keras.Model,
    images: np.ndarray,
    layers: str | Sequence[str] | None = None,
    maps: Sequence[int] | None = None,
    *,
    count: int = 8,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> tuple[Exciting, ...]:
    """Find the images that excite maps of layers most, and where in them.

    An image excites a map as much as the largest value in the map says. Images stream through
    the model batch by batch (they may be memory-mapped); what is kept is `count` numbers a map,
    whatever the size of the data set. Of equally exciting images the earlier ones are kept.

    Args:
        model: as in `feature_maps`.
        images: `(n, height, width, channels)`, uint8 or float in 0–255. Training or validation
            images: choosing by looking at test images would spoil the test.
        layers: paths of layers, as in `feature_maps`; None for `default_layers`.
        maps: numbers of maps, from 0, that each of the layers has; None for all.
        count: images to find for each map; fewer when there are fewer.
        batch_size: images at a time; the result does not depend on it.
        progress: called as `progress(done, total)` after each batch.

    Returns:
        One `Exciting` a layer, in the order asked.

    Raises:
        InputError: As `feature_maps`, and for maps a layer does not have.

    Reference:
        Zeiler, Fergus 2014, "Visualizing and understanding convolutional networks", figure 2;
        Girshick et al. 2014, "Rich feature hierarchies for accurate object detection and semantic
        segmentation", section 3.1.
    """
    check_images(model, images)
    check_whole("count", count, 1)
    found = find_layers(model, layers, images.shape[1:])
    searches = [_Search.begun(layer, maps, count) for layer in found]
    for parts in watched(model, found, images, batch_size, progress):
        searches = [one.over(part) for one, part in zip(searches, parts, strict=True)]
    return tuple(one.result(images.shape[1:3]) for one in searches)


@dataclass(frozen=True, eq=False)
class _Search:
    """How far the search in one layer has come."""

    layer: LayerCall
    maps: np.ndarray
    count: int
    top: _Top
    tally: Tally
    seen: int

    @classmethod
    def begun(cls, layer: LayerCall, maps: Sequence[int] | None, count: int) -> "_Search":
        wanted = _wanted(layer.name, layer.shape[2], maps)
        none = np.zeros((len(wanted), 0), np.int64)
        top = _Top(none.astype(np.float32), none, none)
        return cls(layer, wanted, count, top, Tally.nothing(layer.shape[2]), 0)

    def over(self, part: np.ndarray) -> "_Search":
        """Go on over a batch `(n, rows, columns, maps)`."""
        return replace(
            self,
            top=self.top.merged(_best(part[..., self.maps], self.seen), self.count),
            tally=self.tally + tally(part),
            seen=self.seen + len(part),
        )

    def result(self, image_size: tuple[int, int]) -> Exciting:
        size = self.layer.shape[:2]
        places = np.stack(np.unravel_index(self.top.places, size), axis=-1)
        return Exciting(
            layer=self.layer.name,
            maps=self.maps,
            images=self.top.images,
            values=self.top.values,
            places=places,
            map_size=size,
            image_size=image_size,
            seen=self.seen,
            strengths={measure: self.tally.strength(measure) for measure in MEASURES},
        )


def _best(part: np.ndarray, start: int) -> _Top:
    """Measure each image of a batch `(n, rows, columns, maps)` and find where it peaks."""
    flat = part.reshape(len(part), -1, part.shape[-1])
    places = flat.argmax(axis=1)
    values = flat.max(axis=1)
    numbers = np.broadcast_to(np.arange(start, start + len(part)), values.T.shape)
    return _Top(values.T, numbers, places.T)


def _wanted(layer: str, have: int, maps: Sequence[int] | None) -> np.ndarray:
    wanted = np.arange(have) if maps is None else np.asarray(maps)
    fits = wanted.ndim == 1 and len(wanted) and wanted.dtype.kind in "iu"
    if not fits or ((wanted < 0) | (wanted >= have)).any():
        raise InputError(
            _("`maps` must be whole numbers from 0 to {last} for {layer}; received {maps}.").format(
                last=have - 1, layer=layer, maps=np.array2string(wanted, threshold=8)
            )
        )
    return wanted.astype(np.int64)
